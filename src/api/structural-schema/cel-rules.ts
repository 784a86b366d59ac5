import { CelCompileError, CelCostError, type CelProgram, compileCel, COST_BUDGET } from "../cel/cel.ts";
import { type CelType, optionalType } from "../cel/types.ts";
import { CelOptional, fromJson } from "../cel/values.ts";
import { duplicate, errorText, type FieldError, forbidden, invalid, OMITTED_VALUE, required } from "../field-errors.ts";
import { isObject, sameJson } from "../merge-patch.ts";
import { celTypeOf } from "./cel-types.ts";
import { resolveFieldPath } from "./field-path.ts";
import { additionalSchema, type JsonSchema, type ValidationRule } from "./json-schema.ts";
import { oldItems } from "./validate-value.ts";

/** The rules of a schema, ready to run. Upstream: apiextensions-apiserver/pkg/apiserver/schema/cel */
export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program?: CelProgram;
  /** What is wrong with the rule itself. */
  readonly error?: string;
  readonly message?: CelProgram;
  readonly messageError?: string;
  readonly usesOldSelf: boolean;
  /** Where below the rule's own place a failure is reported. */
  readonly fieldPath: string;
}

const compiled = new WeakMap<JsonSchema, readonly CompiledRule[]>();

/** The rules of this schema itself, not of those within it; compiled once. Undefined where CEL cannot look at the value. */
export function compileRules(schema: JsonSchema, isResourceRoot: boolean): readonly CompiledRule[] {
  const rules = schema["x-kubernetes-validations"];
  if (!rules?.length) return [];
  const known = compiled.get(schema);
  if (known) return known;
  const self = celTypeOf(schema, isResourceRoot);
  const result = rules.map((rule) =>
    self
      ? compileRule(schema, rule, self)
      : { rule, usesOldSelf: false, fieldPath: "", error: "failed to convert to declType for CEL validation rules" },
  );
  compiled.set(schema, result);
  return result;
}

function compileRule(schema: JsonSchema, rule: ValidationRule, self: CelType): CompiledRule {
  if (rule.rule.trim() === "") return { rule, usesOldSelf: false, fieldPath: "" };
  let usesOldSelf = false;
  let program: CelProgram;
  try {
    [program, usesOldSelf] = compileExpression(rule.rule, self, rule.optionalOldSelf === true);
    if (program.outputType !== "bool") return { rule, usesOldSelf, fieldPath: "", error: "cel expression must evaluate to a bool" };
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return { rule, usesOldSelf, fieldPath: "", error: error.message };
  }
  const base = { rule, program, usesOldSelf, fieldPath: normalizedPath(schema, rule.fieldPath) };
  if (!rule.messageExpression) return base;
  try {
    const [message] = compileExpression(rule.messageExpression, self, rule.optionalOldSelf === true);
    return message.outputType === "string"
      ? { ...base, message }
      : { ...base, messageError: "messageExpression must evaluate to a string" };
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return { ...base, messageError: `messageExpression ${error.message}` };
  }
}

/** Whether an expression looks at oldSelf shows in that it does not compile without it. */
function compileExpression(expression: string, self: CelType, optional: boolean): [program: CelProgram, usesOldSelf: boolean] {
  if (!expression.includes("oldSelf")) return [compileCel(expression, ["self"], { types: { self } }), false];
  const program = compileCel(expression, ["self", "oldSelf"], { types: { self, oldSelf: optional ? optionalType(self) : self } });
  try {
    compileCel(expression, ["self"], { types: { self } });
    return [program, false];
  } catch {
    return [program, true];
  }
}

function normalizedPath(schema: JsonSchema, fieldPath: string | undefined): string {
  if (!fieldPath) return "";
  try {
    return resolveFieldPath(schema, fieldPath, { brackets: true }).path;
  } catch {
    return "";
  }
}

export interface RuleFindings {
  readonly errors: FieldError[];
  /** Failures of what has not changed: they are only spoken of. */
  readonly warnings: string[];
}

/** A value beside what it was; what has not changed may go on to be wrong. */
interface Pair {
  readonly value: unknown;
  readonly old: unknown;
}

interface Position {
  readonly schema: JsonSchema;
  readonly value: unknown;
  readonly old: unknown;
  readonly path: string;
  readonly isRoot: boolean;
  readonly current: Pair | undefined;
  readonly parent: Pair | undefined;
}

const hasRules = new WeakMap<JsonSchema, boolean>();

/** Runs the rules of a schema on an object; `old` at an update. */
export function validateRules(
  schema: JsonSchema,
  object: unknown,
  old: unknown,
  options: { readonly isResourceRoot: boolean; readonly path?: string },
): RuleFindings {
  const findings: RuleFindings = { errors: [], warnings: [] };
  if (!containsRules(schema)) return findings;
  const runner = new RuleRunner(findings);
  runner.visit({
    schema,
    value: object,
    old,
    path: options.path ?? "",
    isRoot: options.isResourceRoot,
    current: old === undefined ? undefined : { value: object, old },
    parent: undefined,
  });
  return findings;
}

/** Whether there are rules in the schema: alternatives within it can have none. */
export function containsRules(schema: JsonSchema): boolean {
  let known = hasRules.get(schema);
  if (known === undefined) {
    const additional = additionalSchema(schema);
    const children = [
      ...Object.values(schema.properties ?? {}),
      ...(schema.items ? [schema.items] : []),
      ...(additional ? [additional] : []),
    ];
    hasRules.set(schema, (known = Boolean(schema["x-kubernetes-validations"]?.length) || children.some(containsRules)));
  }
  return known;
}

class RuleRunner {
  readonly #findings: RuleFindings;
  #budget = COST_BUDGET;

  constructor(findings: RuleFindings) {
    this.#findings = findings;
  }

  visit(position: Position): void {
    const { schema, value } = position;
    if (value === null || value === undefined || this.#budget < 0 || !containsRules(schema)) return;
    for (const rule of compileRules(schema, position.isRoot)) {
      this.#run(rule, position);
      if (this.#budget < 0) return;
    }
    if (Array.isArray(value)) this.#visitItems(position, value);
    else if (isObject(value)) this.#visitMembers(position, value);
  }

  #visitItems(position: Position, items: readonly unknown[]): void {
    const item = position.schema.items;
    if (!item || !containsRules(item)) return;
    const olds = oldItems(position.schema, position.old);
    items.forEach((value, index) => {
      const found = olds?.(value);
      this.visit({
        schema: item,
        value,
        old: found?.old,
        path: `${position.path}[${index}]`,
        isRoot: item["x-kubernetes-embedded-resource"] ?? false,
        ...below(position, found && { value, old: found.old }),
      });
    });
  }

  #visitMembers(position: Position, members: Readonly<Record<string, unknown>>): void {
    const { schema, old, path } = position;
    const additional = additionalSchema(schema);
    for (const [name, value] of Object.entries(members)) {
      const isNamed = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
      const member = isNamed ? schema.properties?.[name] : additional;
      if (!member) continue;
      const before = isObject(old) && Object.hasOwn(old, name) ? { value, old: old[name] } : undefined;
      const memberPath = isNamed ? (path === "" ? name : `${path}.${name}`) : `${path}[${name}]`;
      this.visit({
        schema: member,
        value,
        old: before?.old,
        path: memberPath,
        isRoot: member["x-kubernetes-embedded-resource"] ?? false,
        ...below(position, before),
      });
    }
  }

  #run({ rule, program, error, message, usesOldSelf, fieldPath }: CompiledRule, position: Position): void {
    const { schema, value, old } = position;
    const path = position.path === "" ? "<nil>" : position.path;
    const { errors, warnings } = this.#findings;
    if (error !== undefined) return void errors.push(invalid(path, schema.type ?? "", `rule compile error: ${error}`));
    if (!program || (usesOldSelf && (old === undefined || old === null) && !rule.optionalOldSelf)) return;
    const variables = { self: value, ...(usesOldSelf ? { oldSelf: oldSelfOf(rule, schema, position) } : {}) };
    const result = program.run(variables);
    this.#budget -= result.cost;
    if (result.error) {
      errors.push(invalid(path, schema.type ?? "", runtimeMessage(result.error, rule)));
      if (result.error instanceof CelCostError) this.#budget = -1;
      return;
    }
    if (this.#budget < 0)
      return void errors.push(
        invalid(path, schema.type ?? "", "validation failed due to running out of cost budget, no further validation rules will be run"),
      );
    if (result.value === true) return;
    const finding = fieldError(
      rule,
      fieldPath === "" ? path : position.path === "" ? fieldPath : `${path}.${fieldPath}`,
      schema,
      value,
      evaluateMessage(message, variables) ?? messageOfRule(rule),
    );
    if (!usesOldSelf && isUnchanged(position)) warnings.push(errorText(finding));
    else errors.push(finding);
  }
}

/** Without a counterpart of their own, values go by whether their nearest known parent has changed. */
function below(position: Position, pair: Pair | undefined): Pick<Position, "current" | "parent"> {
  return position.current === undefined ? { current: undefined, parent: position.parent } : { current: pair, parent: position.current };
}

function isUnchanged({ current, parent }: Position): boolean {
  const pair = current ?? parent;
  return pair !== undefined && sameJson(pair.value, pair.old);
}

function oldSelfOf(rule: ValidationRule, schema: JsonSchema, { old, isRoot }: Position): unknown {
  if (!rule.optionalOldSelf) return old;
  return old === undefined || old === null ? CelOptional.NONE : new CelOptional(fromJson(old, celTypeOf(schema, isRoot)));
}

function runtimeMessage(error: Error, rule: ValidationRule): string {
  if (error.message.startsWith("no such overload"))
    return `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${shownRule(rule)}`;
  if (error instanceof CelCostError)
    return `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${shownRule(rule)}`;
  return `${error.message} evaluating rule: ${shownRule(rule)}`;
}

const shownRule = (rule: ValidationRule) => (rule.message ? rule.message.trim() : rule.rule.trim());
const messageOfRule = (rule: ValidationRule) => (rule.message ? rule.message.trim() : `failed rule: ${shownRule(rule)}`);

const MESSAGE_MAX_BYTES = 5 * 1024;

/** Undefined where it cannot be used: the rule's fixed message stands in. */
function evaluateMessage(program: CelProgram | undefined, variables: Readonly<Record<string, unknown>>): string | undefined {
  if (!program) return undefined;
  const { value } = program.run(variables);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return text === "" || text.includes("\n") || Buffer.byteLength(text) > MESSAGE_MAX_BYTES ? undefined : text;
}

function fieldError(rule: ValidationRule, path: string, schema: JsonSchema, value: unknown, detail: string): FieldError {
  const shown = schema.type === "object" || schema.type === "array" ? OMITTED_VALUE : value;
  switch (rule.reason) {
    case "FieldValueForbidden":
      return forbidden(path, detail);
    case "FieldValueRequired":
      return required(path, detail);
    case "FieldValueDuplicate":
      return duplicate(path, shown);
    default:
      return invalid(path, shown, detail);
  }
}
