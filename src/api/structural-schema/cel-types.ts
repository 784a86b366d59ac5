import { RESERVED_WORDS } from "../cel/reserved-words.ts";
import {
  BOOL,
  BYTES,
  type CelField,
  type CelObjectType,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  STRING,
  TIMESTAMP,
} from "../cel/types.ts";
import { additionalSchema, type JsonSchema } from "./json-schema.ts";

// Upstream: apiserver/pkg/cel/escaping.go
const ESCAPES: Readonly<Record<string, string>> = { __: "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__" };
const METADATA: JsonSchema = { type: "object", properties: { name: { type: "string" }, generateName: { type: "string" } } };

/**
 * What CEL knows of a value; undefined where rules cannot look at it: a field without a type is not declared.
 * Upstream: apiserver/pkg/cel/common/schemas.go SchemaDeclType
 */
export function celTypeOf(schema: JsonSchema, isResourceRoot: boolean): CelType | undefined {
  if (schema["x-kubernetes-int-or-string"]) return DYN;
  switch (schema.type) {
    case "array": {
      const item = schema.items && celTypeOf(schema.items, schema.items["x-kubernetes-embedded-resource"] ?? false);
      return item && listType(item);
    }
    case "object":
      return objectTypeOf(schema, isResourceRoot);
    case "string":
      return { byte: BYTES, duration: DURATION, date: TIMESTAMP, "date-time": TIMESTAMP }[schema.format ?? ""] ?? STRING;
    case "boolean":
      return BOOL;
    case "number":
      return DOUBLE;
    case "integer":
      return INT;
    default:
      return undefined;
  }
}

function objectTypeOf(schema: JsonSchema, isResourceRoot: boolean): CelType | undefined {
  const additional = additionalSchema(schema);
  if (additional) {
    const value = celTypeOf(additional, additional["x-kubernetes-embedded-resource"] ?? false);
    return value && mapType(STRING, value);
  }
  const properties = isResourceRoot
    ? { ...schema.properties, kind: STRING_SCHEMA, apiVersion: STRING_SCHEMA, metadata: METADATA }
    : (schema.properties ?? {});
  const fields = new Map<string, CelField>();
  for (const [property, declared] of Object.entries(properties)) {
    const name = escapeName(property);
    const type = celTypeOf(declared, declared["x-kubernetes-embedded-resource"] ?? false);
    if (name !== undefined && type !== undefined) fields.set(name, name === property ? { type } : { type, property });
  }
  const object: CelObjectType = { kind: "object", name: "object", fields };
  return object;
}

const STRING_SCHEMA: JsonSchema = { type: "string" };

/** `foo-bar` is `foo__dash__bar` in an expression; undefined for what cannot be named there. */
function escapeName(name: string): string | undefined {
  if (name === "" || /^\d/.test(name) || /[^a-zA-Z0-9\-./_]/.test(name)) return undefined;
  return RESERVED_WORDS.has(name) ? `__${name}__` : name.replace(/__|[-./]/g, (found) => ESCAPES[found] ?? found);
}
