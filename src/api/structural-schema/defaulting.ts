import { isObject, setKey } from "../merge-patch.ts";
import { additionalSchema, type JsonSchema, propertyOf } from "./json-schema.ts";

/**
 * Fills in the defaults of the schema, in place, also for a null where null is not allowed. Whether anything changed.
 * Upstream: apiextensions-apiserver/pkg/apiserver/schema/defaulting/algorithm.go
 */
export function defaultObject(schema: JsonSchema | undefined, value: unknown): boolean {
  if (schema === undefined) return false;
  let changed = false;
  if (isObject(value)) {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (property.default === undefined) continue;
      if (Object.hasOwn(value, name) && !isForbiddenNull(value[name], property)) continue;
      setKey(value, name, structuredClone(property.default));
      changed = true;
    }
    const additional = additionalSchema(schema);
    for (const name of Object.keys(value)) {
      const property = propertyOf(schema, name) ?? additional;
      if (property === undefined) continue;
      if (property === additional && additional.default !== undefined && isForbiddenNull(value[name], additional)) {
        setKey(value, name, structuredClone(additional.default));
        changed = true;
      }
      if (defaultObject(property, value[name])) changed = true;
    }
  } else if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    value.forEach((item, index) => {
      if (items.default !== undefined && isForbiddenNull(item, items)) {
        value[index] = structuredClone(items.default);
        changed = true;
      }
      if (defaultObject(items, value[index])) changed = true;
    });
  }
  return changed;
}

/**
 * Drops nulls where the schema allows none and has no default to put there, in place.
 * Upstream: apiextensions-apiserver/pkg/apiserver/schema/defaulting/prunenulls.go
 */
export function dropForbiddenNulls(schema: JsonSchema | undefined, value: unknown): void {
  if (schema === undefined) return;
  if (isObject(value)) {
    for (const name of Object.keys(value)) {
      const member = propertyOf(schema, name) ?? additionalSchema(schema);
      if (member && member.default === undefined && isForbiddenNull(value[name], member)) delete value[name];
      else dropForbiddenNulls(member, value[name]);
    }
  } else if (Array.isArray(value)) for (const item of value) dropForbiddenNulls(schema.items, item);
}

const isForbiddenNull = (value: unknown, schema: JsonSchema) => value === null && schema.nullable !== true;
