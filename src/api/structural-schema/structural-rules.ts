import { errorText, type FieldError, forbidden, invalid, required } from "../field-errors.ts";
import { compileGoRegexp } from "../go-regexp.ts";
import { sameJson } from "../merge-patch.ts";
import { messageOf } from "../status.ts";
import { additionalSchema, type JsonSchema, propertyOf } from "./json-schema.ts";

type Level = "root" | "item" | "field";

const EMPTY_TYPE: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

/** What keeps a schema from being structural. Upstream: apiextensions-apiserver/pkg/apiserver/schema/validation.go */
export function validateStructural(schema: JsonSchema, path: string): FieldError[] {
  const errors = [...invariants(schema, "root", path), ...completeness(schema, schema, path, path)];
  return errors.sort((a, b) => (errorText(a) < errorText(b) ? -1 : 1));
}

function invariants(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.type === "array" && !schema.items) errors.push(required(`${path}.items`, "must be specified"));
  // A list of schemas is refused elsewhere.
  if (schema.items && !Array.isArray(schema.items)) errors.push(...invariants(schema.items, "item", `${path}.items`));
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    errors.push(...invariants(property, "field", `${path}.properties[${name}]`));
  const additional = additionalSchema(schema);
  if (schema.additionalProperties !== undefined && level === "root")
    errors.push(forbidden(`${path}.additionalProperties`, "must not be used at the root"));
  if (additional) errors.push(...invariants(additional, "field", `${path}.additionalProperties`));
  errors.push(...extensionRules(schema, path));
  errors.push(
    ...valueValidation(schema, { skipAnyOf: isIntOrString(schema.anyOf), skipFirstAllOf: isIntOrString(schema.allOf?.[0]?.anyOf) }, path),
  );
  errors.push(...typeRules(schema, level, path), ...resourceRules(schema, level, path));
  return errors;
}

function extensionRules(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!schema["x-kubernetes-int-or-string"]) return errors;
  const message = "must be false if x-kubernetes-int-or-string is true";
  if (schema["x-kubernetes-preserve-unknown-fields"]) errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, message));
  if (schema["x-kubernetes-embedded-resource"]) errors.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, message));
  return errors;
}

function typeRules(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type = schema.type ?? "";
  if (schema["x-kubernetes-embedded-resource"] && type !== "object") {
    const message = "must be object if x-kubernetes-embedded-resource is true";
    errors.push(type === "" ? required(`${path}.type`, message) : invalid(`${path}.type`, type, message));
  } else if (type === "" && !schema["x-kubernetes-int-or-string"] && !schema["x-kubernetes-preserve-unknown-fields"])
    errors.push(required(`${path}.type`, EMPTY_TYPE[level]));
  if (schema["x-kubernetes-embedded-resource"] && schema.additionalProperties !== undefined)
    errors.push(forbidden(`${path}.additionalProperties`, "must not be used if x-kubernetes-embedded-resource is set"));
  if (level === "root" && type !== "" && type !== "object") errors.push(invalid(`${path}.type`, type, "must be object at the root"));
  return errors;
}

function resourceRules(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const isResource = level === "root" || schema["x-kubernetes-embedded-resource"] === true;
  for (const name of ["kind", "apiVersion"]) {
    const property = propertyOf(schema, name);
    if (property && isResource && property.type !== "string")
      errors.push(invalid(`${path}.properties[${name}].type`, property.type ?? "", "must be string"));
  }
  const metadata = propertyOf(schema, "metadata");
  if (metadata) {
    const at = `${path}.properties[metadata]`;
    if (isResource && metadata.type !== "object") errors.push(invalid(`${at}.type`, metadata.type ?? "", "must be object"));
    if (level === "root" && !onlyNames(metadata))
      errors.push(forbidden(at, "must not specify anything other than name and generateName, but metadata is implicitly specified"));
  }
  if (
    schema["x-kubernetes-embedded-resource"] &&
    !schema["x-kubernetes-preserve-unknown-fields"] &&
    Object.keys(schema.properties ?? {}).length === 0
  ) {
    errors.push(
      required(
        `${path}.properties`,
        "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
      ),
    );
  }
  return errors;
}

function onlyNames(metadata: JsonSchema): boolean {
  const { type: _type, default: _default, properties = {}, ...rest } = metadata;
  return Object.keys(rest).length === 0 && Object.keys(properties).every((name) => name === "name" || name === "generateName");
}

const INT_OR_STRING: readonly JsonSchema[] = [{ type: "integer" }, { type: "string" }];

function isIntOrString(anyOf: readonly JsonSchema[] | undefined): boolean {
  return anyOf !== undefined && sameJson(anyOf, INT_OR_STRING);
}

interface Skipped {
  readonly skipAnyOf: boolean;
  readonly skipFirstAllOf: boolean;
}

const NOTHING_SKIPPED: Skipped = { skipAnyOf: false, skipFirstAllOf: false };

function valueValidation(schema: JsonSchema, { skipAnyOf, skipFirstAllOf }: Skipped, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!skipAnyOf)
    schema.anyOf?.forEach((nested, index) => errors.push(...nestedValidation(nested, NOTHING_SKIPPED, `${path}.anyOf[${index}]`)));
  schema.allOf?.forEach((nested, index) =>
    errors.push(
      ...nestedValidation(nested, { skipAnyOf: skipFirstAllOf && index === 0, skipFirstAllOf: false }, `${path}.allOf[${index}]`),
    ),
  );
  schema.oneOf?.forEach((nested, index) => errors.push(...nestedValidation(nested, NOTHING_SKIPPED, `${path}.oneOf[${index}]`)));
  if (schema.not) errors.push(...nestedValidation(schema.not, NOTHING_SKIPPED, `${path}.not`));
  if (schema.pattern) {
    try {
      compileGoRegexp(schema.pattern);
    } catch (error) {
      errors.push(invalid(`${path}.pattern`, schema.pattern, `must be a valid regular expression, but isn't: ${messageOf(error)}`));
    }
  }
  return errors;
}

const FORBIDDEN_WITHIN: readonly [field: keyof JsonSchema, message: string][] = [
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

/** Within anyOf and its like only values may be restricted, not what fields there are. */
function nestedValidation(schema: JsonSchema, skipped: Skipped, path: string): FieldError[] {
  const errors = valueValidation(schema, skipped, path);
  if (schema.items) errors.push(...nestedValidation(schema.items, NOTHING_SKIPPED, `${path}.items`));
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    errors.push(...nestedValidation(property, NOTHING_SKIPPED, `${path}.properties[${name}]`));
  for (const [field, message] of FORBIDDEN_WITHIN) if (isSet(schema[field])) errors.push(forbidden(`${path}.${field}`, message));
  if (propertyOf(schema, "metadata")) errors.push(forbidden(`${path}.properties[metadata]`, "must not be specified in a nested context"));
  return errors;
}

const isSet = (value: unknown) => value !== undefined && value !== "" && value !== false && !(Array.isArray(value) && value.length === 0);

/** What is restricted must also be declared. Upstream: apiextensions-apiserver/pkg/apiserver/schema/complete.go */
function completeness(nested: JsonSchema, declared: JsonSchema, path: string, nestedPath: string): FieldError[] {
  const errors: FieldError[] = [];
  if (nested.not) errors.push(...nestedCompleteness(nested.not, declared, path, `${nestedPath}.not`));
  for (const keyword of ["allOf", "anyOf", "oneOf"] as const) {
    nested[keyword]?.forEach((alternative, index) =>
      errors.push(...nestedCompleteness(alternative, declared, path, `${nestedPath}.${keyword}[${index}]`)),
    );
  }
  return errors;
}

function nestedCompleteness(nested: JsonSchema, declared: JsonSchema | undefined, path: string, nestedPath: string): FieldError[] {
  if (!declared) return [required(path, `because it is defined in ${nestedPath}`)];
  const errors = completeness(nested, declared, path, nestedPath);
  if (nested.items) errors.push(...nestedCompleteness(nested.items, declared.items, `${path}.items`, `${nestedPath}.items`));
  for (const [name, property] of Object.entries(nested.properties ?? {})) {
    errors.push(
      ...nestedCompleteness(property, propertyOf(declared, name), `${path}.properties[${name}]`, `${nestedPath}.properties[${name}]`),
    );
  }
  return errors;
}
