import { isObject } from "../merge-patch.ts";
import { additionalSchema, type JsonSchema, META_FIELDS, propertyOf } from "./json-schema.ts";

/** What keeps a configuration of a custom resource from being applied. Upstream: structured-merge-diff/v6/typed/validate.go */
export function validateAppliedBySchema(schema: JsonSchema, value: unknown, path = ""): string[] {
  if (value === null || value === undefined || schema["x-kubernetes-int-or-string"]) return [];
  switch (schema.type) {
    case "object":
      return isObject(value) ? validateMembers(schema, value, path) : [`${path}: expected map, got ${render(value)}`];
    case "array":
      return Array.isArray(value) ? validateItems(schema, value, path) : [`${path}: expected list, got ${render(value)}`];
    case "string":
      return typeof value === "string" ? [] : [`${path}: expected string, got ${render(value)}`];
    case "boolean":
      return typeof value === "boolean" ? [] : [`${path}: expected boolean, got ${render(value)}`];
    case "integer":
    case "number":
      return typeof value === "number" ? [] : [`${path}: expected numeric (int or float), got ${goType(value)}`];
    default:
      return [];
  }
}

function validateMembers(schema: JsonSchema, members: Record<string, unknown>, path: string): string[] {
  const additional = additionalSchema(schema);
  const isFree =
    schema["x-kubernetes-preserve-unknown-fields"] === true ||
    schema.additionalProperties === true ||
    Object.keys(schema.properties ?? {}).length === 0;
  return Object.entries(members).flatMap(([name, value]) => {
    if ((path === "" || schema["x-kubernetes-embedded-resource"]) && META_FIELDS.has(name)) return [];
    const property = propertyOf(schema, name) ?? additional;
    if (property) return validateAppliedBySchema(property, value, `${path}.${name}`);
    return isFree ? [] : [`${path}.${name}: field not declared in schema`];
  });
}

function validateItems(schema: JsonSchema, items: readonly unknown[], path: string): string[] {
  const { items: item } = schema;
  if (!item) return [];
  const keys = schema["x-kubernetes-list-type"] === "map" ? (schema["x-kubernetes-list-map-keys"] ?? []) : [];
  const isKeyed = keys.length > 0 || schema["x-kubernetes-list-type"] === "set";
  const seen = new Set<string>();
  return items.flatMap((value, index) => {
    const element =
      keys.length > 0
        ? keyOf(item, keys, value)
        : schema["x-kubernetes-list-type"] === "set"
          ? `[=${JSON.stringify(value)}]`
          : `[${index}]`;
    if (element === undefined)
      return [
        `${path}: element ${index}: associative list with keys has an element that omits all key fields [${keys.map((name) => JSON.stringify(name)).join(" ")}] (and doesn't have default values for any key fields)`,
      ];
    const duplicates = isKeyed && seen.has(element) ? [`${path}: duplicate entries for key ${element}`] : [];
    seen.add(element);
    return [...duplicates, ...validateAppliedBySchema(item, value, path + element)];
  });
}

function keyOf(item: JsonSchema, keys: readonly string[], value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const parts = [...keys].sort().flatMap((name) => {
    const key = value[name] ?? item.properties?.[name]?.default;
    return key === undefined ? [] : [`${name}=${JSON.stringify(key)}`];
  });
  return parts.length === 0 ? undefined : `[${parts.join(",")}]`;
}

const render = (value: unknown) =>
  `&value.valueUnstructured{Value:${isObject(value) ? "map[string]interface {}{}" : Array.isArray(value) ? "[]interface {}{}" : JSON.stringify(value)}}`;

function goType(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  return Array.isArray(value) ? "[]interface {}" : "map[string]interface {}";
}
