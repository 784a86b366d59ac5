import { duplicate, type FieldError, invalid } from "../field-errors.ts";
import { isObject } from "../merge-patch.ts";
import { additionalSchema, type JsonSchema, propertyOf } from "./json-schema.ts";

/** Items that occur twice in sets and lists with keys. Upstream: apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go */
export function validateListTypes(schema: JsonSchema, object: unknown, path = ""): FieldError[] {
  if (Array.isArray(object)) return validateList(schema, object, path);
  if (!isObject(object)) return [];
  const errors: FieldError[] = [];
  const additional = additionalSchema(schema);
  for (const [name, value] of Object.entries(object)) {
    if (typeof value !== "object") continue;
    const property = propertyOf(schema, name);
    if (property) errors.push(...validateListTypes(property, value, path === "" ? name : `${path}.${name}`));
    else if (additional) errors.push(...validateListTypes(additional, value, `${path}[${name}]`));
  }
  return errors;
}

function validateList(schema: JsonSchema, items: readonly unknown[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema["x-kubernetes-list-type"] === "set")
    errors.push(...duplicates(items).map((index) => duplicate(`${path}[${index}]`, items[index])));
  else if (schema["x-kubernetes-list-type"] === "map")
    errors.push(...validateKeys(schema["x-kubernetes-list-map-keys"] ?? [], items, path));
  if (schema.items) for (const [index, item] of items.entries()) errors.push(...validateListTypes(schema.items, item, `${path}[${index}]`));
  return errors;
}

function validateKeys(keys: readonly string[], items: readonly unknown[], path: string): FieldError[] {
  const wrong = items.findIndex((item) => item !== null && !isObject(item));
  if (wrong >= 0) return [invalid(`${path}[${wrong}]`, items[wrong], "must be an object for an array of list-type map")];
  const found = items.map((item) =>
    Object.fromEntries([...keys].sort().flatMap((key) => (isObject(item) && Object.hasOwn(item, key) ? [[key, item[key]]] : []))),
  );
  return duplicates(found).map((index) => duplicate(`${path}[${index}]`, found[index]));
}

/** Where a value stands for the second time; a third is not reported. */
function duplicates(values: readonly unknown[]): number[] {
  const times = new Map<string, number>();
  return values.flatMap((value, index) => {
    const text = canonicalText(value);
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    return before === 1 ? [index] : [];
  });
}

function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  );
}
