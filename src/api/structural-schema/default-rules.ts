import { type FieldError, invalid } from "../field-errors.ts";
import { validateRules } from "./cel-rules.ts";
import { validateEmbeddedResources } from "./embedded-resources.ts";
import { type JsonSchema, META_FIELDS } from "./json-schema.ts";
import { hasUnknownFields } from "./pruning.ts";
import { validateValue } from "./validate-value.ts";

/** Defaults must be valid themselves. Upstream: apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go */
export function validateDefaults(schema: JsonSchema, path: string, isResource = true, insideMeta = false): FieldError[] {
  const errors: FieldError[] = [];
  const inMeta = insideMeta && !schema["x-kubernetes-embedded-resource"];
  if (schema.default !== undefined) errors.push(...validateDefault(schema, `${path}.default`, inMeta));
  if (schema.items) errors.push(...validateDefaults(schema.items, `${path}.items`, false, inMeta));
  const isObject = isResource || schema["x-kubernetes-embedded-resource"] === true;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...validateDefaults(property, `${path}.properties[${name}]`, false, inMeta || (isObject && META_FIELDS.has(name))));
  }
  return errors;
}

function validateDefault(schema: JsonSchema, path: string, insideMeta: boolean): FieldError[] {
  const value = schema.default;
  const errors: FieldError[] = [];
  if (!insideMeta && hasUnknownFields(schema, value)) errors.push(invalid(path, value, "must not have unknown fields"));
  const embedded = insideMeta ? [] : validateEmbeddedResources(schema, value, path);
  if (embedded.length > 0) return [...errors, ...embedded];
  const wrong = validateValue(schema, value, path);
  if (wrong.length > 0) return [...errors, ...wrong];
  return [...errors, ...validateRules(schema, value, value, { isResourceRoot: false, path }).errors];
}
