import { type FieldError, forbidden, invalid, notSupported, required } from "../field-errors.ts";
import { compileRules } from "./cel-rules.ts";
import { resolveFieldPath } from "./field-path.ts";
import { additionalSchema, type JsonSchema, META_FIELDS, propertyOf, type ValidationRule } from "./json-schema.ts";

/**
 * What a schema of a custom resource must not hold besides being structural.
 * Upstream: apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go ValidateCustomResourceDefinitionOpenAPISchema
 */
export function validateSchemaRules(schema: JsonSchema, path: string, options: { readonly checkExpressions: boolean }): FieldError[] {
  const visitor = new SchemaVisitor(options.checkExpressions);
  visitor.visit(schema, path, {
    isRoot: true,
    isResourceRoot: true,
    hasCel: true,
    insideMeta: false,
    noDefaults: undefined,
    uncorrelatable: undefined,
  });
  return [...visitor.schemaErrors, ...visitor.celErrors];
}

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

interface Context {
  readonly isRoot: boolean;
  /** Whether rules here see metadata.name. */
  readonly isResourceRoot: boolean;
  readonly hasCel: boolean;
  readonly insideMeta: boolean;
  /** Why defaults are not allowed. */
  readonly noDefaults: string | undefined;
  /** Where the part begins whose old value cannot be found. */
  readonly uncorrelatable: string | undefined;
}

class SchemaVisitor {
  readonly schemaErrors: FieldError[] = [];
  readonly celErrors: FieldError[] = [];
  readonly #checkExpressions: boolean;

  constructor(checkExpressions: boolean) {
    this.#checkExpressions = checkExpressions;
  }

  visit(schema: JsonSchema, path: string, context: Context): void {
    const before = this.schemaErrors.length;
    this.#standard(schema, path, context);
    if (schema.uniqueItems)
      this.schemaErrors.push(
        forbidden(`${path}.uniqueItems`, "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"),
      );
    this.#children(schema, path, { ...context, isRoot: false, isResourceRoot: false }, context);
    this.schemaErrors.push(...extensionErrors(schema, path), ...listMapErrors(schema, path), ...listKeyErrors(schema, path));
    this.#rules(schema, path, context, before);
  }

  #standard(schema: JsonSchema, path: string, { insideMeta, noDefaults }: Context): void {
    const errors = this.schemaErrors;
    if (schema.type && !TYPES.includes(schema.type)) errors.push(notSupported(`${path}.type`, schema.type, TYPES));
    if (schema.default !== undefined && noDefaults !== undefined)
      errors.push(forbidden(`${path}.default`, `must not be set ${noDefaults}`));
    for (const [field, name] of [
      ["id", "id"],
      ["additionalItems", "additionalItems"],
      ["patternProperties", "patternProperties"],
      ["definitions", "definitions"],
      ["dependencies", "dependencies"],
      ["$ref", "$ref"],
    ] as const) {
      if (schema[field] !== undefined) errors.push(forbidden(`${path}.${name}`, `${name} is not supported`));
    }
    if (schema.type === "null") errors.push(forbidden(`${path}.type`, "type cannot be set to null, use nullable as an alternative"));
    if (Array.isArray(schema.items)) errors.push(forbidden(`${path}.items`, "items must be a schema object and not an array"));
    if (insideMeta && schema["x-kubernetes-embedded-resource"])
      errors.push(forbidden(`${path}.x-kubernetes-embedded-resource`, "must not be used inside of resource meta"));
  }

  #children(schema: JsonSchema, path: string, below: Context, { isRoot }: Context): void {
    const additional = additionalSchema(schema);
    if (
      schema.additionalProperties !== undefined &&
      Object.keys(schema.properties ?? {}).length > 0 &&
      schema.additionalProperties !== true
    ) {
      this.schemaErrors.push(forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive"));
    }
    if (additional)
      this.visit(additional, `${path}.additionalProperties`, {
        ...below,
        isResourceRoot: additional["x-kubernetes-embedded-resource"] ?? false,
        ...(below.insideMeta ? { noDefaults: "inside additionalProperties applying to object metadata" } : {}),
      });
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const isMeta = (isRoot || schema["x-kubernetes-embedded-resource"] === true) && META_FIELDS.has(name);
      this.visit(property, `${path}.properties[${name}]`, {
        ...below,
        isResourceRoot: property["x-kubernetes-embedded-resource"] ?? false,
        ...(isMeta ? { insideMeta: true } : {}),
        ...(isMeta && isRoot ? { noDefaults: `in top-level ${name}` } : {}),
      });
    }
    const withoutCel: Context = { ...below, hasCel: false };
    if (schema.not) this.visit(schema.not, `${path}.not`, withoutCel);
    for (const keyword of ["allOf", "oneOf", "anyOf"] as const)
      schema[keyword]?.forEach((nested, index) => this.visit(nested, `${path}.${keyword}[${index}]`, withoutCel));
    if (schema.items && !Array.isArray(schema.items)) {
      const correlates = schema["x-kubernetes-list-type"] === "map";
      this.visit(schema.items, `${path}.items`, {
        ...below,
        isResourceRoot: schema.items["x-kubernetes-embedded-resource"] ?? false,
        ...(correlates || below.uncorrelatable ? {} : { uncorrelatable: path }),
      });
    }
  }

  #rules(schema: JsonSchema, path: string, context: Context, errorsBefore: number): void {
    const rules = schema["x-kubernetes-validations"] ?? [];
    rules.forEach((rule, index) => this.schemaErrors.push(...ruleErrors(schema, rule, `${path}.x-kubernetes-validations[${index}]`)));
    if (!this.#checkExpressions || !context.hasCel || rules.length === 0 || this.schemaErrors.length > errorsBefore) return;
    compileRules(schema, context.isResourceRoot).forEach((compiled, index) => {
      const at = `${path}.x-kubernetes-validations[${index}]`;
      const shown = goRule(compiled.rule);
      if (compiled.error !== undefined) this.celErrors.push(invalid(`${at}.rule`, shown, compiled.error));
      if (compiled.messageError !== undefined) this.celErrors.push(invalid(`${at}.messageExpression`, shown, compiled.messageError));
      if (compiled.usesOldSelf && context.uncorrelatable !== undefined) {
        this.celErrors.push(
          invalid(
            `${at}.rule`,
            compiled.rule.rule,
            `oldSelf cannot be used on the uncorrelatable portion of the schema within ${context.uncorrelatable}`,
          ),
        );
      } else if (!compiled.usesOldSelf && compiled.error === undefined && compiled.rule.optionalOldSelf !== undefined) {
        this.celErrors.push(
          invalid(`${at}.optionalOldSelf`, compiled.rule.optionalOldSelf, "may not be set if oldSelf is not used in rule"),
        );
      }
    });
  }
}

/** Upstream shows its internal type, whose fields have their Go names. */
function goRule({
  rule,
  message = "",
  messageExpression = "",
  reason = null,
  fieldPath = "",
  optionalOldSelf = null,
}: { [K in keyof ValidationRule]?: ValidationRule[K] | null }): object {
  return {
    Rule: rule,
    Message: message,
    MessageExpression: messageExpression,
    Reason: reason,
    FieldPath: fieldPath,
    OptionalOldSelf: optionalOldSelf,
  };
}

const hasNewlines = (text: string) => /[\n\r]/.test(text);

function ruleErrors(schema: JsonSchema, rule: ValidationRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const trimmed = { rule: rule.rule.trim(), message: rule.message?.trim() ?? "", messageExpression: rule.messageExpression?.trim() ?? "" };
  if (trimmed.rule === "") errors.push(required(`${path}.rule`, "rule is not specified"));
  else if (rule.message && trimmed.message === "") errors.push(invalid(`${path}.message`, rule.message, "must be non-empty if specified"));
  else if (hasNewlines(trimmed.message)) errors.push(invalid(`${path}.message`, rule.message, "must not contain line breaks"));
  else if (hasNewlines(trimmed.rule) && trimmed.message === "")
    errors.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  if (rule.messageExpression && trimmed.messageExpression === "")
    errors.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  if (rule.reason !== undefined && !REASONS.includes(rule.reason)) errors.push(notSupported(`${path}.reason`, rule.reason, REASONS));
  if (rule.fieldPath) {
    if (rule.fieldPath.trim() === "") errors.push(invalid(`${path}.fieldPath`, rule.fieldPath, "must be non-empty if specified"));
    if (hasNewlines(rule.fieldPath)) errors.push(invalid(`${path}.fieldPath`, rule.fieldPath, "must not contain line breaks"));
    if (!isFieldPath(schema, rule.fieldPath)) errors.push(invalid(`${path}.fieldPath`, rule.fieldPath, "must be a valid path"));
  }
  return errors;
}

function isFieldPath(schema: JsonSchema, fieldPath: string): boolean {
  try {
    resolveFieldPath(schema, fieldPath, { brackets: true });
    return true;
  } catch {
    return false;
  }
}

function extensionErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type = "", items } = schema;
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"));
  const mapType = schema["x-kubernetes-map-type"];
  const listType = schema["x-kubernetes-list-type"];
  const wrongType = (wanted: string, extension: string) => {
    const message = `must be ${wanted} if ${extension} is specified`;
    errors.push(type === "" ? required(`${path}.type`, message) : invalid(`${path}.type`, type, message));
  };
  if (mapType !== undefined && type !== "object") wrongType("object", "x-kubernetes-map-type");
  if (mapType !== undefined && !["atomic", "granular"].includes(mapType))
    errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"]));
  if (listType !== undefined && type !== "array") wrongType("array", "x-kubernetes-list-type");
  else if (listType === "set" && items) {
    const message = "must be atomic as item of a list with x-kubernetes-list-type=set";
    const itemList = items["x-kubernetes-list-type"];
    if (items.type === "array" && itemList !== undefined && itemList !== "atomic")
      errors.push(invalid(`${path}.items.x-kubernetes-list-type`, itemList, message));
    if (items.type === "object" && items["x-kubernetes-map-type"] !== "atomic")
      errors.push(invalid(`${path}.items.x-kubernetes-map-type`, itemList ?? null, message));
  }
  if (listType !== undefined && !["atomic", "set", "map"].includes(listType))
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ["atomic", "set", "map"]));
  return errors;
}

function listMapErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const { items } = schema;
  if (keys.length > 0 && listType !== "map") {
    const message = "must be map if x-kubernetes-list-map-keys is non-empty";
    errors.push(
      listType === undefined
        ? required(`${path}.x-kubernetes-list-type`, message)
        : invalid(`${path}.x-kubernetes-list-type`, listType, message),
    );
  }
  if (listType !== "map") return errors;
  if (keys.length === 0) errors.push(required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map"));
  if (!items) return [...errors, required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map")];
  if (items.type !== "object")
    return [...errors, invalid(`${path}.items.type`, items.type ?? "", "must be object if parent array's x-kubernetes-list-type is map")];
  keys.forEach((key, index) => {
    const property = propertyOf(items, key);
    if (!property) errors.push(invalid(`${path}.x-kubernetes-list-map-keys`, keys, "entries must all be names of item properties"));
    else if (property.type === "array" || property.type === "object")
      errors.push(
        invalid(
          `${path}.items.properties[${key}].type`,
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    if (keys.indexOf(key) < index) errors.push(invalid(`${path}.x-kubernetes-list-map-keys`, keys, "must not contain duplicate entries"));
  });
  return errors;
}

/** Upstream: validateMapListKeysMapSet */
function listKeyErrors(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const listType = schema["x-kubernetes-list-type"];
  const { items } = schema;
  if (!items || (listType !== "set" && listType !== "map")) return errors;
  if (items.nullable) errors.push(forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  if (listType !== "map") return errors;
  for (const key of schema["x-kubernetes-list-map-keys"] ?? []) {
    const property = propertyOf(items, key);
    if (!property) continue;
    const at = `${path}.items.properties[${key}]`;
    if (!items.required?.includes(key) && property.default === undefined)
      errors.push(
        required(`${at}.default`, "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"),
      );
    if (property.nullable)
      errors.push(forbidden(`${at}.nullable`, "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"));
  }
  return errors;
}
