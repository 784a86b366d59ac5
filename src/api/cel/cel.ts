import { type CelEnvironment, checkExpression, FunctionTable } from "./checker.ts";
import { CelCostError, CelError } from "./errors.ts";
import type { CelFunction } from "./functions.ts";
import { Activation, planExpression } from "./interpreter.ts";
import { AUTHORIZER_FUNCTIONS } from "./library/authorizer.ts";
import { FORMAT_FUNCTIONS, SEMVER_FUNCTIONS } from "./library/format.ts";
import { QUANTITY_FUNCTIONS, REGEX_FUNCTIONS, URL_FUNCTIONS } from "./library/kubernetes.ts";
import { LIST_FUNCTIONS, OPTIONAL_FUNCTIONS } from "./library/lists.ts";
import { NETWORK_FUNCTIONS } from "./library/network.ts";
import { STANDARD_FUNCTIONS } from "./library/standard.ts";
import { STRING_FUNCTIONS } from "./library/strings.ts";
import { TIME_FUNCTIONS } from "./library/time.ts";
import { parseExpression } from "./parser.ts";
import { type CelObjectType, type CelType, DYN, typeText } from "./types.ts";
import { type CelValue, fromJson, toJson } from "./values.ts";

export { CelCompileError, CelCostError, CelError } from "./errors.ts";

/** What one expression may cost. Upstream: k8s.io/apiserver/pkg/apis/cel/config.go */
export const PER_CALL_COST_LIMIT = 1_000_000;
/** What all expressions of one policy binding, or of one custom resource, may cost together. */
export const COST_BUDGET = 10_000_000;
export const MATCH_CONDITIONS_COST_BUDGET = 2_500_000;

export interface CelProgram {
  readonly expression: string;
  /** As messages spell it: `bool`, `dyn`, `list(string)`. */
  readonly outputType: string;
  readonly type: CelType;
  /** JSON in, JSON out. Throws CelError. */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
  /** Also what it cost: for budgets over several expressions. Nothing is converted to JSON. */
  run(variables: Readonly<Record<string, unknown>>, limit?: number): CelResult;
}

export interface CelResult {
  readonly cost: number;
  /** Undefined where the expression failed. */
  readonly value?: CelValue;
  readonly error?: CelError;
}

export interface CompileOptions {
  /** The declared types of variables; the others are dyn. */
  readonly types?: Readonly<Record<string, CelType>>;
  readonly functions?: readonly CelFunction[];
  structType?(name: string): CelObjectType | undefined;
}

/** The libraries of Kubernetes v1.36. Upstream: k8s.io/apiserver/pkg/cel/environment/base.go */
const LIBRARY: readonly CelFunction[] = [
  ...AUTHORIZER_FUNCTIONS,
  ...STANDARD_FUNCTIONS,
  ...STRING_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...OPTIONAL_FUNCTIONS,
  ...TIME_FUNCTIONS,
  ...REGEX_FUNCTIONS,
  ...URL_FUNCTIONS,
  ...QUANTITY_FUNCTIONS,
  ...NETWORK_FUNCTIONS,
  ...FORMAT_FUNCTIONS,
  ...SEMVER_FUNCTIONS,
];
const BASE = new FunctionTable(LIBRARY);

/** Throws CelCompileError, whose message begins with `compilation failed: ERROR: <input>:1:6: `. */
export function compileCel(expression: string, variables: readonly string[], options: CompileOptions = {}): CelProgram {
  const types = new Map(variables.map((name) => [name, options.types?.[name] ?? DYN]));
  const functions = options.functions ? new FunctionTable([...LIBRARY, ...options.functions]) : BASE;
  const structType = options.structType && ((name: string) => options.structType?.(name));
  const environment: CelEnvironment = { variables: types, functions, ...(structType ? { structType } : {}) };
  const parsed = parseExpression(expression);
  const checked = checkExpression(parsed, environment, expression);
  const plan = planExpression(parsed, checked, functions, structType);

  const run = (values: Readonly<Record<string, unknown>>, limit = PER_CALL_COST_LIMIT): CelResult => {
    const converted = new Map<string, CelValue>();
    const activation = new Activation((name) => {
      const known = converted.get(name);
      if (known !== undefined || !Object.hasOwn(values, name)) return known;
      const value = fromJson(values[name], types.get(name));
      converted.set(name, value);
      return value;
    }, limit);
    try {
      return { value: plan(activation), cost: activation.cost };
    } catch (error) {
      return { error: asCelError(error), cost: activation.cost };
    }
  };
  return {
    expression,
    outputType: typeText(checked.type),
    type: checked.type,
    run,
    evaluate: (values) => {
      const result = run(values);
      if (result.error) throw result.error;
      return toJson(result.value ?? null);
    },
  };
}

/** A stack or a string that JavaScript cannot hold is too much of everything. */
function asCelError(error: unknown): CelError {
  if (error instanceof CelError) return error;
  if (error instanceof RangeError) return new CelCostError();
  throw error;
}
