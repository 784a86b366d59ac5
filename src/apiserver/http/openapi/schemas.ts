import type { Kind } from "../../../api/kind.ts";
import {
  componentName,
  factsOf,
  type FieldFacts,
  type GroupVersion,
  markersOf,
  packageOf,
  referenceTo,
  resolveType,
  type Schema,
  type TypeFacts,
} from "./facts.ts";

/** What types and their fields are for: `{ "core/v1.Probe": { "": "…", "failureThreshold": "…" } }`. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

const GVK = "x-kubernetes-group-version-kind";
const META = "meta/v1";

/** Components, each made once, with those that they refer to. */
export class SchemaBuilder {
  readonly schemas: Record<string, Schema> = {};
  readonly #descriptions: Descriptions;
  readonly #groupVersions: readonly GroupVersion[];

  /** @param groupVersions all that are served: DeleteOptions belong to each of them. */
  constructor(descriptions: Descriptions, groupVersions: readonly GroupVersion[]) {
    this.#descriptions = descriptions;
    this.#groupVersions = groupVersions;
  }

  /** The component's name. */
  addKind(kind: Kind): string {
    if (kind.openApiSchema) return this.#addCustomKind(kind, kind.openApiSchema);
    return this.addType(kind.schema.package || packageOf(kind), kind.schema.type, kind);
  }

  /** The component's name; undefined when the kind has no list. */
  addListOf(kind: Kind): string {
    const listKind = kind.listKind ?? `${kind.kind}List`;
    if (kind.openApiSchema) return this.#addCustomList(kind, listKind);
    return this.addType(kind.schema.package || packageOf(kind), `${kind.schema.type}List`, { ...kind, kind: listKind });
  }

  addType(packageName: string, type: string, gvk?: GroupVersion & { readonly kind: string }): string {
    this.#add(packageName, type);
    const name = componentName(packageName, type);
    const schema = this.schemas[name];
    if (schema && gvk) schema[GVK] = [{ group: gvk.group, kind: gvk.kind, version: gvk.version }];
    return name;
  }

  /** What goes with requests of every group. */
  addOptions(type: "DeleteOptions" | "WatchEvent"): string {
    const name = this.addType(META, type);
    const schema = this.schemas[name];
    if (schema) schema[GVK] = this.#groupVersions.map(({ group, version }) => ({ group, kind: type, version }));
    return name;
  }

  addStatus(): string {
    return this.addType(META, "Status", { group: "", version: "v1", kind: "Status" });
  }

  addPatch(): string {
    const name = componentName(META, "Patch");
    this.schemas[name] ??= {
      description: "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.",
      type: "object",
    };
    return name;
  }

  /** Upstream: apiextensions-apiserver/pkg/controller/openapi/builder */
  #addCustomKind(kind: Kind, openApiSchema: Readonly<Record<string, unknown>>): string {
    const name = customName(kind, kind.kind);
    const { properties, ...others } = withEmbedded(openApiSchema, (own) => this.#typeMeta(own));
    // A schema that lets everything through at its root says no more than that.
    const open = openApiSchema["x-kubernetes-preserve-unknown-fields"] === true && properties === undefined;
    this.schemas[name] = {
      type: "object",
      ...others,
      ...(open ? {} : { properties: { ...this.#typeMeta(isRecord(properties) ? properties : {}) } }),
      [GVK]: [{ group: kind.group, kind: kind.kind, version: kind.version }],
    };
    return name;
  }

  #addCustomList(kind: Kind, listKind: string): string {
    const name = customName(kind, listKind);
    const item = { allOf: [{ $ref: referenceTo(customName(kind, kind.kind)) }] };
    const { apiVersion, kind: kindName } = this.#typeMeta({});
    this.schemas[name] = {
      description: `${listKind} is a list of ${kind.kind}`,
      type: "object",
      required: ["items"],
      properties: {
        apiVersion,
        items: { description: `List of ${kind.plural}. More info: ${CONVENTIONS}`, type: "array", items: item },
        kind: kindName,
        metadata: {
          description: `Standard list metadata. More info: ${CONVENTIONS}#types-kinds`,
          allOf: [{ $ref: referenceTo(this.addType(META, "ListMeta")) }],
        },
      },
      [GVK]: [{ group: kind.group, kind: listKind, version: kind.version }],
    };
    return name;
  }

  #typeMeta(own: Readonly<Record<string, unknown>>): Schema {
    const described = this.#descriptions["core/v1.Pod"] ?? {};
    const text = (field: string) => ({ ...(described[field] ? { description: described[field] } : {}), type: "string" });
    const metadata = {
      description: `Standard object's metadata. More info: ${CONVENTIONS}#metadata`,
      allOf: [{ $ref: referenceTo(this.addType(META, "ObjectMeta")) }],
    };
    return { ...own, apiVersion: text("apiVersion"), kind: text("kind"), metadata };
  }

  #add(packageName: string, type: string): void {
    const name = componentName(packageName, type);
    if (this.schemas[name]) return;
    const described = this.#descriptions[`${packageName}.${type}`] ?? {};
    const facts = factsOf(packageName, type);
    const schema: Schema = { ...(described[""] ? { description: described[""] } : {}), ...(UNTYPED.test(name) ? {} : { type: "object" }) };
    this.schemas[name] = schema;
    if (!facts) return;
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    this.#addFields(packageName, facts, markersOf(packageName, type)?.written ?? {}, properties, required);
    const sorted = Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
    if (required.length > 0) schema["required"] = required.sort();
    if (sorted.length > 0)
      schema["properties"] = Object.fromEntries(
        sorted.map(([field, property]) => [field, described[field] ? { description: described[field], ...property } : property]),
      );
    if (LOCALHOST_PROFILES.has(type))
      schema["x-kubernetes-unions"] = [{ discriminator: "type", "fields-to-discriminateBy": { localhostProfile: "LocalhostProfile" } }];
    if (markersOf(packageName, type)?.atomic) schema["x-kubernetes-map-type"] = "atomic";
  }

  #addFields(
    packageName: string,
    facts: TypeFacts,
    written: Readonly<Record<string, unknown>>,
    properties: Record<string, Schema>,
    required: string[],
  ): void {
    for (const { type } of facts.inline ?? []) {
      const [inlinePackage, inlineType] = resolveType(packageName, type);
      const inlined = factsOf(inlinePackage, inlineType);
      if (inlined)
        this.#addFields(inlinePackage, inlined, { ...markersOf(inlinePackage, inlineType)?.written, ...written }, properties, required);
    }
    for (const [field, found] of Object.entries(facts.fields ?? {})) {
      const type = packageName === "apiextensions/v1" && field === "dependencies" ? "map[string]JSONSchemaPropsOrStringArray" : found.type;
      const schema = this.#schemaOf(packageName, type, found.default);
      const zero =
        schema["default"] === undefined && !schema["items"] && !schema["additionalProperties"]
          ? (written[field] ?? (found.required ? zeroOf(schema) : undefined))
          : undefined;
      properties[field] = { ...schema, ...(zero === undefined ? {} : { default: zero }), ...extensionsOf(found) };
      if (found.required) required.push(field);
    }
  }

  #schemaOf(packageName: string, type: string, fallback: unknown): Schema {
    if (type.startsWith("[]") && type !== "[]byte") return { type: "array", items: this.#itemOf(packageName, type.slice(2)) };
    const map = /^map\[[^\]]+\](.*)$/.exec(type);
    if (map) return { type: "object", additionalProperties: this.#itemOf(packageName, map[1] ?? "string") };
    const plain = PLAIN[type];
    if (plain) return fallback === undefined ? { ...plain } : { ...plain, default: fallback };
    const special = SPECIAL[type] ?? (type === "any" ? { name: componentName(packageName, "JSON"), schema: {} } : undefined);
    if (special) return this.#referenceTo(special.name, special.schema, fallback);
    const [foundPackage, foundType] = resolveType(packageName, type);
    const known = foundPackage === META ? WELL_KNOWN[foundType] : undefined;
    if (known) return this.#referenceTo(componentName(META, foundType), known, fallback);
    const facts = factsOf(foundPackage, foundType);
    if (facts?.alias)
      return { ...this.#schemaOf(foundPackage, facts.alias, fallback), ...(facts.enum?.length ? { enum: [...facts.enum].sort() } : {}) };
    this.#add(foundPackage, foundType);
    return {
      allOf: [{ $ref: referenceTo(componentName(foundPackage, foundType)) }],
      ...(fallback === undefined ? {} : { default: fallback }),
    };
  }

  #referenceTo(name: string, schema: Schema, fallback: unknown): Schema {
    this.schemas[name] ??= { ...schema };
    return { allOf: [{ $ref: referenceTo(name) }], ...(fallback === undefined ? {} : { default: fallback }) };
  }

  /** What stands in lists and maps always has a value: the zero value of its type. */
  #itemOf(packageName: string, type: string): Schema {
    const item = this.#schemaOf(packageName, type, undefined);
    const zero = item["allOf"] ? {} : zeroOf(item);
    return zero === undefined ? item : { ...item, default: zero };
  }
}

const CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";

// Upstream: +union
const LOCALHOST_PROFILES = new Set(["AppArmorProfile", "SeccompProfile"]);

// Any JSON may stand there.
const UNTYPED = /^io\.k8s\.apiextensions-apiserver\..*\.JSON(SchemaPropsOr\w+)?$/;

const PLAIN: Readonly<Record<string, Schema>> = {
  string: { type: "string" },
  bool: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  float64: { type: "number", format: "double" },
  "[]byte": { type: "string", format: "byte" },
  "types.UID": { type: "string" },
  "types.NodeName": { type: "string" },
  "interface{}": { type: "object" },
};

const SPECIAL: Readonly<Record<string, { readonly name: string; readonly schema: Schema }>> = {
  "resource.Quantity": {
    name: "io.k8s.apimachinery.pkg.api.resource.Quantity",
    schema: { oneOf: [{ type: "string" }, { type: "number" }] },
  },
  "intstr.IntOrString": {
    name: "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    schema: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
  },
  "runtime.RawExtension": { name: "io.k8s.apimachinery.pkg.runtime.RawExtension", schema: { type: "object" } },
};

const WELL_KNOWN: Readonly<Record<string, Schema>> = {
  Time: { type: "string", format: "date-time" },
  MicroTime: { type: "string", format: "date-time" },
  Duration: { type: "string" },
  FieldsV1: { type: "object" },
};

const ZEROS: Readonly<Record<string, unknown>> = { string: "", integer: 0, number: 0, boolean: false };

function zeroOf({ type, format }: Schema): unknown {
  return typeof type === "string" && format !== "byte" ? ZEROS[type] : undefined;
}

function extensionsOf(facts: FieldFacts): Schema {
  return {
    ...(facts.listMapKeys ? { "x-kubernetes-list-map-keys": facts.listMapKeys } : {}),
    ...(facts.listType ? { "x-kubernetes-list-type": facts.listType } : {}),
    ...(facts.mapType || facts.structType ? { "x-kubernetes-map-type": facts.mapType ?? facts.structType } : {}),
    ...(facts.mergeKey ? { "x-kubernetes-patch-merge-key": facts.mergeKey } : {}),
    ...(facts.patch ? { "x-kubernetes-patch-strategy": facts.patch } : {}),
  };
}

/** `io.example.v1.Widget` of example.io. */
function customName({ group, version }: GroupVersion, kind: string): string {
  return `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Objects within objects have a type and metadata, too. Upstream: addEmbeddedProperties */
function withEmbedded(schema: Readonly<Record<string, unknown>>, typeMeta: (own: Readonly<Record<string, unknown>>) => Schema): Schema {
  const inner = (value: unknown) => (isRecord(value) ? withEmbedded(value, typeMeta) : value);
  const { properties, items, additionalProperties, ...others } = schema;
  const own = isRecord(properties)
    ? Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, inner(value)]))
    : undefined;
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const required = Array.isArray(schema["required"]) ? (schema["required"] as unknown[]) : [];
  return {
    ...others,
    ...(own || embedded ? { properties: embedded ? typeMeta(own ?? {}) : own } : {}),
    ...(embedded ? { required: [...new Set([...required, "kind", "apiVersion"])] } : {}),
    ...(items === undefined ? {} : { items: inner(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: inner(additionalProperties) }),
  };
}
