import { isObject } from "../merge-patch.ts";
import { structType } from "../schema.ts";
import { additionalSchema, type JsonSchema, META_FIELDS, propertyOf } from "./json-schema.ts";

/**
 * Drops the fields of a fresh object that its schema does not know, in place. Returns their paths, sorted.
 * Upstream: apiextensions-apiserver/pkg/apiserver/schema/pruning/algorithm.go
 */
export function pruneObject(schema: JsonSchema, object: Record<string, unknown>): string[] {
  const unknown: string[] = [];
  pruneInto({ ...schema, "x-kubernetes-embedded-resource": true }, object, "", unknown);
  return unknown.sort();
}

/** Whether a default holds nothing that its schema does not know; metadata is left alone where the value is an object of its own. */
export function hasUnknownFields(schema: JsonSchema, value: unknown): boolean {
  const unknown: string[] = [];
  pruneInto(schema, structuredClone(value), "", unknown);
  return unknown.length > 0;
}

function pruneInto(schema: JsonSchema | undefined, value: unknown, path: string, unknown: string[]): void {
  const preserves = schema?.["x-kubernetes-preserve-unknown-fields"] === true;
  if (Array.isArray(value)) {
    // What a list without a schema holds keeps nothing; in one whose fields are preserved, only what is declared is looked at.
    value.forEach((item, index) =>
      preserves
        ? pruneDeclared(schema?.items, item, `${path}[${index}]`, unknown)
        : pruneInto(schema?.items, item, `${path}[${index}]`, unknown),
    );
    return;
  }
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    if (schema?.["x-kubernetes-embedded-resource"] && META_FIELDS.has(name)) {
      if (name === "metadata" && path !== "") pruneMetadata(value[name], `${path}.metadata`, unknown);
      continue;
    }
    const below = path === "" ? name : `${path}.${name}`;
    const property = schema && (propertyOf(schema, name) ?? additionalSchema(schema));
    if (property) pruneInto(property, value[name], below, unknown);
    else if (typeof schema?.additionalProperties === "boolean") pruneInto(undefined, value[name], below, unknown);
    else if (!preserves) {
      if (!META_FIELDS.has(name) || path !== "") unknown.push(below);
      delete value[name];
    }
  }
}

/** Objects within objects have the metadata of all objects. Upstream: schema/objectmeta/coerce.go */
function pruneMetadata(metadata: unknown, path: string, unknown: string[]): void {
  if (!isObject(metadata)) return;
  const known = structType("meta/v1", "ObjectMeta").fields;
  for (const name of Object.keys(metadata)) {
    if (!known.has(name)) unknown.push(`${path}.${name}`);
    if (!known.has(name) || metadata[name] === null) delete metadata[name];
  }
}

/** Items of a preserved list are preserved themselves. */
function pruneDeclared(schema: JsonSchema | undefined, value: unknown, path: string, unknown: string[]): void {
  if (schema !== undefined) pruneInto({ ...schema, "x-kubernetes-preserve-unknown-fields": true }, value, path, unknown);
}
