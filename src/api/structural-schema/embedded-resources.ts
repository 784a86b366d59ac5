import { type FieldError, invalid, required } from "../field-errors.ts";
import type { ObjectMeta } from "../generated/meta-v1.ts";
import { isObject } from "../merge-patch.ts";
import { isDns1035Label } from "../validation/names.ts";
import { validateObjectMeta } from "../validation/object-meta.ts";
import { additionalSchema, type JsonSchema, propertyOf } from "./json-schema.ts";

/** Objects within objects must say what they are. Upstream: apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go */
export function validateEmbeddedResources(schema: JsonSchema, value: unknown, path = ""): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => validateEmbeddedResources(items, item, `${path}[${index}]`)) : [];
  }
  if (!isObject(value)) return [];
  const errors = schema["x-kubernetes-embedded-resource"] ? validateEmbedded(value, path) : [];
  const additional = additionalSchema(schema);
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== "object") continue;
    const property = propertyOf(schema, name);
    if (property) errors.push(...validateEmbeddedResources(property, member, child(path, name)));
    else if (additional) errors.push(...validateEmbeddedResources(additional, member, `${path}[${name}]`));
  }
  return errors;
}

function validateEmbedded(object: Record<string, unknown>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { apiVersion, kind, metadata } = object;
  for (const name of ["apiVersion", "kind"]) if (!Object.hasOwn(object, name)) errors.push(required(child(path, name)));
  if (apiVersion !== undefined) {
    if (typeof apiVersion !== "string") errors.push(invalid(child(path, "apiVersion"), apiVersion, "must be a string"));
    else if (apiVersion === "") errors.push(invalid(child(path, "apiVersion"), apiVersion, "must not be empty"));
    else if (apiVersion.split("/").length > 2)
      errors.push(invalid(child(path, "apiVersion"), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  }
  if (kind !== undefined) {
    const messages = typeof kind === "string" ? isDns1035Label(kind.toLowerCase()) : [];
    if (typeof kind !== "string") errors.push(invalid(child(path, "kind"), kind, "must be a string"));
    else if (kind === "") errors.push(invalid(child(path, "kind"), kind, "must not be empty"));
    else if (messages.length > 0)
      errors.push(invalid(child(path, "kind"), kind, `may have mixed case, but should otherwise match: ${messages.join(",")}`));
  }
  if (isObject(metadata)) {
    const given = metadata as Partial<ObjectMeta>;
    errors.push(
      ...validateObjectMeta(
        { ...given, name: given.name || "fakename" },
        { namespaced: Boolean(given.namespace), nameRule: "path-segment" },
        child(path, "metadata"),
      ),
    );
  }
  return errors;
}

const child = (path: string, name: string) => (path === "" ? name : `${path}.${name}`);
