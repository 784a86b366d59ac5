import data from "./generated/schema.json" with { type: "json" };
import markerData from "./generated/type-markers.json" with { type: "json" };

/**
 * What the API types are made of: field names, types, list types, merge keys, protobuf numbers. The
 * facts are data (generated/schema.json); this resolves them, lazily, each type once.
 */
export type SchemaType =
  | { readonly form: "scalar"; readonly scalar: Scalar; readonly goName: string }
  | { readonly form: "list"; readonly item: SchemaType; readonly goName: string }
  | { readonly form: "map"; readonly value: SchemaType; readonly goName: string }
  | StructType;

export type Scalar =
  | "string"
  | "boolean"
  | "int"
  | "float"
  | "bytes"
  | "time"
  | "microtime"
  | "duration"
  | "quantity"
  | "intOrString"
  | "any";

export interface StructType {
  readonly form: "struct";
  readonly package: string;
  readonly name: string;
  /** As Go prints it in errors: `v1.PodSpec`. */
  readonly goName: string;
  readonly fields: ReadonlyMap<string, SchemaField>;
  /** What Go writes even when nobody gave it: `resources: {}`, `restartCount: 0`. Objects are shared: copy them. */
  readonly written: ReadonlyMap<string, unknown>;
  /** Owned as a whole in server-side apply: `+structType=atomic`. */
  readonly atomic: boolean;
}

export interface SchemaField {
  readonly name: string;
  readonly type: SchemaType;
  readonly required: boolean;
  readonly listType: string | undefined;
  readonly listMapKeys: readonly string[];
  readonly mapType: string | undefined;
  readonly structType: string | undefined;
  /** `merge`, `replace`, `retainKeys`, or two of them. */
  readonly patchStrategy: readonly string[];
  readonly mergeKey: string | undefined;
  /** The protobuf field number; for fields of embedded structs with a number of their own, the path of numbers. */
  readonly proto: readonly number[];
  readonly wire: string | undefined;
  readonly default: unknown;
  /** Whether Go leaves out "", 0 and false: the field is no pointer and is tagged omitempty. */
  readonly dropsZero: boolean;
}

interface FieldFact {
  type: string;
  proto?: number;
  wire?: string;
  required?: boolean;
  listType?: string;
  listMapKeys?: string[];
  mapType?: string;
  structType?: string;
  patch?: string;
  mergeKey?: string;
  default?: unknown;
}

interface TypeFact {
  fields?: Record<string, FieldFact>;
  inline?: { type: string; proto?: number }[];
  alias?: string;
  enum?: string[];
}

const facts = data as unknown as Record<string, { group: string; types: Record<string, TypeFact> }>;

// What the tags and markers of the Go types say besides: read from k8s.io/api v0.36.0 by reflection.
const markers = markerData as unknown as Record<string, { dropped?: string[]; written?: Record<string, unknown>; atomic?: boolean }>;

const SPECIAL: Record<string, Scalar> = {
  "meta/v1.Time": "time",
  "meta/v1.MicroTime": "microtime",
  "meta/v1.Duration": "duration",
  "meta/v1.FieldsV1": "any",
  "resource.Quantity": "quantity",
  "intstr.IntOrString": "intOrString",
  "runtime.RawExtension": "any",
  "runtime.Object": "any",
  "types.UID": "string",
  "types.NodeName": "string",
};
const SCALARS: Record<string, Scalar> = {
  string: "string",
  bool: "boolean",
  int: "int",
  int32: "int",
  int64: "int",
  uint32: "int",
  uint64: "int",
  uint16: "int",
  uint8: "int",
  byte: "int",
  float64: "float",
  float32: "float",
  "[]byte": "bytes",
  any: "any",
  "interface{}": "any",
};

/** As whole values they are of no type; those who read them know what they are. */
export const SCHEMA_OR_BOOL = "v1.JSONSchemaPropsOrBool";
export const SCHEMA_OR_ARRAY = "v1.JSONSchemaPropsOrArray";

const structs = new Map<string, StructType>();

/** A struct type by package and name; throws for a type that is not in the table. */
export function structType(packageName: string, name: string): StructType {
  const type = namedType(`${packageName}.${name}`);
  if (type.form !== "struct") throw new Error(`${packageName}.${name} is not a struct`);
  return type;
}

/** Whether the table has this type. */
export function hasType(packageName: string, name: string): boolean {
  return facts[packageName]?.types[name] !== undefined;
}

/** Every struct and alias name of a package. */
export function typeNames(packageName: string): string[] {
  return Object.keys(facts[packageName]?.types ?? {});
}

/** The values of an enumerated string type, where the types list them. */
export function enumValues(packageName: string, name: string): readonly string[] | undefined {
  return facts[packageName]?.types[name]?.enum;
}

function resolve(goType: string, packageName: string): SchemaType {
  const scalar = SCALARS[goType];
  if (scalar) return { form: "scalar", scalar, goName: goType };
  if (goType.startsWith("[]")) {
    const item = resolve(goType.slice(2), packageName);
    return { form: "list", item, goName: `[]${item.goName}` };
  }
  const map = /^map\[([^\]]+)\](.+)$/.exec(goType);
  if (map) {
    const value = resolve(map[2] as string, packageName);
    return { form: "map", value, goName: `map[string]${value.goName}` };
  }
  return namedType(goType.includes(".") ? goType : `${packageName}.${goType}`);
}

function namedType(qualified: string): SchemaType {
  const special = SPECIAL[qualified];
  const dot = qualified.lastIndexOf(".");
  const packageName = qualified.slice(0, dot);
  const name = qualified.slice(dot + 1);
  const goName = `${packageName.slice(packageName.lastIndexOf("/") + 1)}.${name}`;
  if (special) return { form: "scalar", scalar: special, goName };
  const known = structs.get(qualified);
  if (known) return known;
  const fact = facts[packageName]?.types[name];
  if (!fact) return { form: "scalar", scalar: "any", goName };
  if (fact.alias) return { ...resolve(fact.alias, packageName), goName } as SchemaType;
  const fields = new Map<string, SchemaField>();
  const written = new Map<string, unknown>();
  const atomic = markers[qualified]?.atomic ?? false;
  const struct: StructType = { form: "struct", package: packageName, name, goName, fields, written, atomic };
  // Known before its fields are looked at: types may contain themselves.
  structs.set(qualified, struct);
  collectFields(packageName, name, [], { fields, written });
  return struct;
}

function collectFields(
  packageName: string,
  name: string,
  prefix: readonly number[] | undefined,
  into: { fields: Map<string, SchemaField>; written: Map<string, unknown> },
): void {
  const fact = facts[packageName]?.types[name];
  for (const embed of fact?.inline ?? []) {
    const qualified = embed.type.includes(".") ? embed.type : `${packageName}.${embed.type}`;
    const dot = qualified.lastIndexOf(".");
    // TypeMeta has no number: it travels in the envelope.
    const inner = embed.proto === undefined ? (qualified === "meta/v1.TypeMeta" ? undefined : prefix) : [...(prefix ?? []), embed.proto];
    collectFields(qualified.slice(0, dot), qualified.slice(dot + 1), inner, into);
  }
  const zero = markers[`${packageName}.${name}`];
  for (const [field, value] of Object.entries(zero?.written ?? {})) into.written.set(field, value);
  for (const [fieldName, field] of Object.entries(fact?.fields ?? {})) {
    into.fields.set(fieldName, schemaField(packageName, fieldName, field, prefix, zero?.dropped?.includes(fieldName) ?? false));
  }
}

function schemaField(
  packageName: string,
  name: string,
  field: FieldFact,
  prefix: readonly number[] | undefined,
  dropsZero: boolean,
): SchemaField {
  let type: SchemaType | undefined;
  return {
    name,
    get type() {
      return (type ??= resolve(field.type, packageName));
    },
    required: field.required ?? false,
    listType: field.listType,
    listMapKeys: field.listMapKeys ?? [],
    mapType: field.mapType,
    structType: field.structType,
    patchStrategy: field.patch?.split(",") ?? [],
    mergeKey: field.mergeKey,
    proto: field.proto === undefined || prefix === undefined ? [] : [...prefix, field.proto],
    wire: field.wire,
    default: field.default,
    dropsZero,
  };
}

/** All fields of a type by their JSON name, those of inline embeds included. */
export function fieldsOf(packageName: string, name: string): ReadonlyMap<string, SchemaField> {
  return structType(packageName, name).fields;
}

const packages = new Map<string, string>();

/** Where the table describes a kind: `apps/v1` and `Deployment` are in package `apps/v1`. */
export function schemaOf(apiVersion: string, kind: string): { readonly package: string; readonly type: string } | undefined {
  if (packages.size === 0) {
    for (const [name, { group }] of Object.entries(facts)) {
      const version = name.slice(name.lastIndexOf("/") + 1);
      if (name !== "meta/v1") packages.set(group === "" || group === "core" ? version : `${group}/${version}`, name);
    }
  }
  const packageName = packages.get(apiVersion);
  if (packageName !== undefined && hasType(packageName, kind)) return { package: packageName, type: kind };
  // The options of a request are known in every group.
  return hasType("meta/v1", kind) ? { package: "meta/v1", type: kind } : undefined;
}
