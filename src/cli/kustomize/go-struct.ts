/** The shape of a Go struct that JSON is decoded into, as far as its errors show it. */
export type Shape =
  | { readonly form: "string" | "bool" | "int" | "any"; readonly goName: string }
  | { readonly form: "list"; readonly item: Shape; readonly goName: string }
  | { readonly form: "map"; readonly value: Shape; readonly goName: string }
  | StructShape;

export interface StructShape {
  readonly form: "struct";
  readonly goName: string;
  readonly fields: Readonly<Record<string, Shape | Promoted>>;
}

/** A field of an embedded struct: errors name the structs on the way. */
interface Promoted {
  readonly form: "promoted";
  readonly through: string;
  readonly shape: Shape;
}

export const TEXT: Shape = { form: "string", goName: "string" };
export const FLAG: Shape = { form: "bool", goName: "bool" };
export const ANY: Shape = { form: "any", goName: "interface {}" };
export const INT: Shape = { form: "int", goName: "int" };
export const INT64: Shape = { form: "int", goName: "int64" };
export const listOf = (item: Shape): Shape => ({ form: "list", item, goName: `[]${item.goName}` });
export const mapOf = (value: Shape): Shape => ({ form: "map", value, goName: `map[string]${value.goName}` });
export const struct = (goName: string, fields: StructShape["fields"]): StructShape => ({ form: "struct", goName, fields });
/** The fields of an embedded struct, as its owner has them. */
export const embedded = (name: string, fields: StructShape["fields"]): StructShape["fields"] =>
  Object.fromEntries(
    Object.entries(fields).map(([key, field]): [string, Promoted] =>
      field.form === "promoted"
        ? [key, { ...field, through: `${name}.${field.through}` }]
        : [key, { form: "promoted", through: `${name}.`, shape: field }],
    ),
  );

export interface DecodeOptions {
  /** Fields that the struct does not have are errors. */
  readonly strict: boolean;
  /** Numbers and booleans where texts belong become texts, as sigs.k8s.io/yaml does when it knows the struct. */
  readonly coerce?: boolean;
}

/** What Go makes of a JSON value: fields are found whatever their case, null is nothing, the first mistake is told. Upstream: encoding/json decode.go */
export function decodeStruct(shape: Shape, value: unknown, { strict, coerce = false }: DecodeOptions): unknown {
  const errors: string[] = [];
  const decoded = decodeValue(shape, value, { strict, coerce, errors, owner: "", path: "" });
  const [first] = errors;
  if (first !== undefined) throw new Error(`json: ${first}`);
  return decoded;
}

interface Place {
  readonly strict: boolean;
  readonly coerce: boolean;
  readonly errors: string[];
  /** The innermost struct, and the names from the outermost one. */
  readonly owner: string;
  readonly path: string;
}

function decodeValue(shape: Shape, value: unknown, place: Place): unknown {
  if (value === null || value === undefined) return shape.form === "string" ? "" : undefined;
  switch (shape.form) {
    case "any":
      return value;
    case "string":
      if (place.coerce && typeof value !== "object") return String(value as string | number | boolean);
      return typeof value === "string" ? value : mismatch(shape, value, place);
    case "bool":
      return typeof value === "boolean" ? value : mismatch(shape, value, place);
    case "int":
      return Number.isInteger(value) ? value : mismatch(shape, value, place);
    case "list":
      return Array.isArray(value) ? value.map((item) => decodeValue(shape.item, item, place)) : mismatch(shape, value, place);
    case "map":
      if (!isMap(value)) return mismatch(shape, value, place);
      return Object.fromEntries(sortedEntries(value).map(([key, item]) => [key, decodeValue(shape.value, item, place)]));
    case "struct":
      return isMap(value) ? decodeFields(shape, value, place) : mismatch(shape, value, place);
  }
}

function decodeFields(shape: StructShape, value: Record<string, unknown>, place: Place): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, item] of sortedEntries(value)) {
    const name = key in shape.fields ? key : Object.keys(shape.fields).find((field) => field.toLowerCase() === key.toLowerCase());
    const field = name === undefined ? undefined : shape.fields[name];
    if (name === undefined || field === undefined) {
      if (place.strict) place.errors.push(`unknown field ${JSON.stringify(key)}`);
      continue;
    }
    const [through, inner] = field.form === "promoted" ? [field.through, field.shape] : ["", field];
    const path = `${place.path}${place.path === "" ? "" : "."}${through}${name}`;
    const decoded = decodeValue(inner, item, { ...place, owner: shape.goName.replace(/^.*\./, ""), path });
    if (decoded !== undefined && item !== null) result[name] = decoded;
  }
  return result;
}

function mismatch(shape: Shape, value: unknown, { owner, path, errors }: Place): undefined {
  const number = typeof value === "number" || typeof value === "bigint";
  // A number that does not fit is told by its value.
  const kind = number
    ? `number${shape.form === "int" ? ` ${value}` : ""}`
    : Array.isArray(value)
      ? "array"
      : typeof value === "boolean"
        ? "bool"
        : typeof value;
  errors.push(`cannot unmarshal ${kind} into Go ${path === "" ? "value" : `struct field ${owner}.${path}`} of type ${shape.goName}`);
  return undefined;
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

const sortedEntries = (map: Record<string, unknown>) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
