import { type FieldError, invalid, notSupported, required, tooLong, tooMany } from "../field-errors.ts";
import { compileGoRegexp } from "../go-regexp.ts";
import { isObject, sameJson } from "../merge-patch.ts";
import { messageOf } from "../status.ts";
import { isOfFormat, supportedFormat } from "./formats.ts";
import { additionalSchema, type JsonSchema, propertyOf } from "./json-schema.ts";

/** Where a value that is validated stood before: what has not changed may be as wrong as it was. */
export interface Correlation {
  readonly old: unknown;
}

/**
 * What is wrong with a value by its schema; at an update only with what has changed.
 * Upstream: k8s.io/kube-openapi/pkg/validation/validate, apiextensions-apiserver/pkg/apiserver/validation/ratcheting.go
 */
export function validateValue(schema: JsonSchema, value: unknown, fieldPath: string, correlation?: Correlation): FieldError[] {
  const result = validate({ schema, value, path: "", correlation });
  return result.findings.map((finding) => finding.toFieldError(fieldPath));
}

interface Finding {
  /** Two findings of the same words count once. */
  readonly message: string;
  toFieldError(fieldPath: string): FieldError;
}

interface Subject {
  readonly schema: JsonSchema;
  readonly value: unknown;
  /** `spec.containers[0]`; empty at the root. */
  readonly path: string;
  readonly correlation: Correlation | undefined;
}

/** How many checks were made: of several alternatives that fail, the one that was got farthest in is reported. */
class Result {
  readonly findings: Finding[] = [];
  matchCount = 0;

  add(finding: Finding | undefined): void {
    if (finding && !this.findings.some((known) => known.message === finding.message)) this.findings.push(finding);
  }

  merge(other: Result): void {
    for (const finding of other.findings) this.add(finding);
    this.matchCount += other.matchCount;
  }

  get isValid(): boolean {
    return this.findings.length === 0;
  }
}

/** One about a field: the path is made of the place of the validation and the finding's own. */
function at(path: string, message: string, toError: (field: string) => FieldError): Finding {
  return {
    message,
    toFieldError: (fieldPath) => {
      const own = path.startsWith(".") ? path.slice(1) : path;
      return toError(own === "" ? fieldPath || "<nil>" : fieldPath === "" ? own : `${fieldPath}.${own}`);
    },
  };
}

/** One about the whole: upstream loses its path. */
function overall(message: string): Finding {
  return { message, toFieldError: (fieldPath) => invalid(fieldPath || "<nil>", "", message) };
}

const wrong = (path: string, value: unknown, text: string): Finding => {
  const message = `${path} in body ${text}`;
  return at(path, message, (field) => invalid(field, value ?? "", message));
};

function validate(subject: Subject): Result {
  const result = new Result();
  const { schema, value, path, correlation } = subject;
  if (value === null || value === undefined) {
    result.add(checkType(schema, null, path));
    result.add(checkEnum(schema, null, path));
  } else {
    if (schema.type || schema["x-kubernetes-int-or-string"] || supportedFormat(schema)) count(result, checkType(schema, value, path));
    result.merge(checkAlternatives(subject));
    if (typeof value === "string") {
      count(result, checkString(schema, value, path));
      const format = supportedFormat(schema);
      if (format !== undefined) count(result, isOfFormat(format, value) ? undefined : typeMismatch(path, format, value));
    }
    if (typeof value === "number") for (const finding of checkNumber(schema, value, path)) count(result, finding);
    if (Array.isArray(value)) result.merge(checkItems(subject, value));
    count(result, checkEnum(schema, value, path));
    if (isObject(value)) result.merge(checkMembers(subject, value));
    result.matchCount++;
  }
  if (!result.isValid && correlation !== undefined && sameJson(value, correlation.old)) return new Result();
  return result;
}

function count(result: Result, finding: Finding | undefined): void {
  result.add(finding);
  result.matchCount++;
}

function typeMismatch(path: string, wanted: string, given: string): Finding {
  const message = `${path} in body must be of type ${wanted}: ${JSON.stringify(given)}`;
  return at(path, message, (field) => ({ type: "FieldValueTypeInvalid", field, badValue: given, detail: message }));
}

function checkType(schema: JsonSchema, value: unknown, path: string): Finding | undefined {
  const types = schema["x-kubernetes-int-or-string"] ? ["integer", "string"] : schema.type ? [schema.type] : [];
  if (value === null) return types.length > 0 && !schema.nullable ? typeMismatch(path, types.join(","), "null") : undefined;
  const [given, ownFormat] = typeOf(value);
  const format = supportedFormat(schema);
  const fits = types.includes(given) || (given === "integer" && types.includes("number"));
  const isText = typeof value === "string" || Array.isArray(value);
  if (!isText && format !== undefined && !fits && ownFormat !== format) return typeMismatch(path, format, ownFormat);
  if (!types.includes("number") && !types.includes("integer") && format !== undefined && isText) return undefined;
  return fits || types.length === 0 ? undefined : typeMismatch(path, types.join(","), given);
}

function typeOf(value: unknown): [type: string, format: string] {
  if (typeof value === "string") return ["string", ""];
  if (typeof value === "boolean") return ["boolean", ""];
  if (typeof value === "number") return Number.isInteger(value) ? ["integer", "int64"] : ["number", "float64"];
  return Array.isArray(value) ? ["array", ""] : ["object", ""];
}

function checkEnum(schema: JsonSchema, value: unknown, path: string): Finding | undefined {
  const allowed = schema.enum;
  if (!allowed || allowed.length === 0 || (value !== null && allowed.some((candidate) => sameJson(candidate, value)))) return undefined;
  const texts = allowed.map((candidate) => (typeof candidate === "string" ? candidate : JSON.stringify(candidate)));
  return at(path, `${path} in body should be one of [${texts.join(" ")}]`, (field) => notSupported(field, value, texts));
}

function checkString(schema: JsonSchema, value: string, path: string): Finding | undefined {
  const { maxLength, minLength, pattern } = schema;
  const length = maxLength === undefined && minLength === undefined ? 0 : Array.from(value).length;
  if (maxLength !== undefined && length > maxLength)
    return at(path, `${path} in body should be at most ${maxLength} chars long`, (field) => tooLong(field, maxLength));
  if (minLength !== undefined && length < minLength) return wrong(path, value, `should be at least ${minLength} chars long`);
  if (!pattern) return undefined;
  try {
    return compileGoRegexp(pattern).test(value) ? undefined : wrong(path, value, `should match '${pattern}'`);
  } catch (error) {
    return wrong(path, value, `should match '${pattern}, but pattern is invalid: ${messageOf(error)}'`);
  }
}

function checkNumber(schema: JsonSchema, value: number, path: string): Finding[] {
  const { multipleOf, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = schema;
  const findings: Finding[] = [];
  if (schema.type === "integer" && supportedFormat(schema) === "int32" && (value > 2_147_483_647 || value < -2_147_483_648)) {
    findings.push(overall(`Checked value must be of type integer with format int32 in ${path}`));
  }
  // An integer is compared with what is left of a fraction, as Go converts it.
  const limit = (bound: number) => (Number.isInteger(value) ? Math.trunc(bound) : bound);
  if (multipleOf !== undefined) {
    const factor = limit(multipleOf);
    if (factor <= 0)
      findings.push(
        at(path, `factor MultipleOf declared for ${path} must be positive: ${factor}`, (field) =>
          invalid(field, factor, `factor MultipleOf declared for ${path} must be positive: ${factor}`),
        ),
      );
    else if (!Number.isInteger(Math.round((value / factor) * 1e9) / 1e9))
      findings.push(wrong(path, value, `should be a multiple of ${factor}`));
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= limit(minimum) : value < limit(minimum))) {
    findings.push(wrong(path, value, `should be greater than ${exclusiveMinimum ? "" : "or equal to "}${limit(minimum)}`));
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= limit(maximum) : value > limit(maximum))) {
    findings.push(wrong(path, value, `should be less than ${exclusiveMaximum ? "" : "or equal to "}${limit(maximum)}`));
  }
  return findings;
}

function checkItems({ schema, path, correlation }: Subject, items: readonly unknown[]): Result {
  const result = new Result();
  const { items: item, minItems, maxItems } = schema;
  if (item) {
    const olds = correlation === undefined ? undefined : oldItems(schema, correlation.old);
    items.forEach((value, index) => result.merge(validate({ schema: item, value, path: `${path}[${index}]`, correlation: olds?.(value) })));
  }
  if (minItems !== undefined && items.length < minItems) result.add(wrong(path, items.length, `should have at least ${minItems} items`));
  if (maxItems !== undefined && items.length > maxItems)
    result.add(at(path, `${path} in body should have at most ${maxItems} items`, (field) => tooMany(field, items.length, maxItems)));
  if (schema.uniqueItems && items.some((value, index) => items.slice(0, index).some((other) => sameJson(value, other))))
    result.add(wrong(path, "", "shouldn't contain duplicates"));
  result.matchCount += 2;
  return result;
}

/** Items of a list are told apart by their keys; those of other lists cannot be. Upstream: cel/common/equality.go */
export function oldItems(schema: JsonSchema, old: unknown): ((item: unknown) => Correlation | undefined) | undefined {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !keys || !Array.isArray(old)) return undefined;
  const keyOf = (item: unknown) =>
    isObject(item) ? JSON.stringify(keys.map((key) => item[key] ?? schema.items?.properties?.[key]?.default)) : undefined;
  const byKey = new Map(old.map((item) => [keyOf(item), item]));
  return (item) => {
    const key = keyOf(item);
    return key !== undefined && byKey.has(key) ? { old: byKey.get(key) } : undefined;
  };
}

function checkMembers({ schema, path, correlation }: Subject, members: Readonly<Record<string, unknown>>): Result {
  const result = new Result();
  const { minProperties, maxProperties } = schema;
  const names = Object.keys(members);
  if (minProperties !== undefined && names.length < minProperties)
    result.add(wrong(path, names.length, `should have at least ${minProperties} properties`));
  if (maxProperties !== undefined && names.length > maxProperties)
    result.add(
      at(path, `${path} in body should have at most ${maxProperties} properties`, (field) => tooMany(field, names.length, maxProperties)),
    );
  const additional = additionalSchema(schema);
  for (const name of names) {
    const property = propertyOf(schema, name);
    const memberPath = path === "" && property ? name : `${path}.${name}`;
    const member = property ?? additional;
    if (member)
      result.merge(
        validate({ schema: member, value: members[name], path: memberPath, correlation: memberCorrelation(correlation, name, path) }),
      );
    else if (schema.additionalProperties === false)
      result.add(
        at(path, `${path}.${name} in body is a forbidden property`, (field) =>
          invalid(field, name, `${path}.${name} in body is a forbidden property`),
        ),
      );
  }
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(members, name)) result.add(at(`${path}.${name}`, `${path}.${name} in body is required`, (field) => required(field)));
  result.matchCount++;
  return result;
}

function memberCorrelation(correlation: Correlation | undefined, name: string, path: string): Correlation | undefined {
  if (correlation === undefined || !isObject(correlation.old) || !Object.hasOwn(correlation.old, name)) return undefined;
  if (path === "" && (name === "kind" || name === "apiVersion")) return undefined;
  return { old: correlation.old[name] };
}

/** anyOf, oneOf, allOf and not, in the order upstream reports them. */
function checkAlternatives(subject: Subject): Result {
  const { schema, path } = subject;
  const result = new Result();
  const validateBy = (alternative: JsonSchema) => validate({ ...subject, schema: alternative, correlation: undefined });
  if (schema.anyOf?.length) {
    const { best, valid } = tryEach(schema.anyOf, validateBy, true);
    if (valid === 0) result.add(overall(`${JSON.stringify(path)} must validate at least one schema (anyOf)`));
    if (best) result.merge(best);
  }
  if (schema.oneOf?.length) {
    const { best, valid } = tryEach(schema.oneOf, validateBy, false);
    if (valid !== 1)
      result.add(
        overall(
          `${JSON.stringify(path)} must validate one and only one schema (oneOf). ${valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`}`,
        ),
      );
    if (best) result.merge(best);
  }
  if (schema.allOf?.length) {
    const results = schema.allOf.map(validateBy);
    for (const each of results) result.merge(each);
    const valid = results.filter((each) => each.isValid).length;
    if (valid !== results.length)
      result.add(overall(`${JSON.stringify(path)} must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`));
  }
  if (schema.not && validateBy(schema.not).isValid) result.add(overall(`${JSON.stringify(path)} must not validate the schema (not)`));
  result.matchCount += 2;
  return result;
}

/** The failures of the alternative that went best, where none is valid. */
function tryEach(
  schemas: readonly JsonSchema[],
  validateBy: (schema: JsonSchema) => Result,
  stopAtFirst: boolean,
): { best: Result | undefined; valid: number } {
  let best: Result | undefined;
  let valid = 0;
  for (const schema of schemas) {
    const result = validateBy(schema);
    if (result.isValid) {
      valid++;
      best = undefined;
      if (stopAtFirst) break;
    } else if (valid === 0 && (best === undefined || result.matchCount > best.matchCount)) best = result;
  }
  return { best, valid };
}
