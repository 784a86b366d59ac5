import { type Item, itemsOf, LOOPS } from "./comprehensions.ts";
import type { CheckedExpression, FunctionTable, Resolution } from "./checker.ts";
import { CelCostError, CelError } from "./errors.ts";
import type { CallContext, Overload } from "./functions.ts";
import { BINARY, isTrue, negate, noSuchKey, optionalIndex } from "./operators.ts";
import type { Call, Comprehension, Expr, Select, StructExpr } from "./syntax.ts";
import type { CelObjectType, CelType } from "./types.ts";
import {
  CelDuration,
  CelMap,
  CelOpaque,
  CelOptional,
  CelTimestamp,
  CelTypeValue,
  type CelValue,
  CelUint,
  isList,
  LiteralMap,
  typeNameOf,
} from "./values.ts";

/** One evaluation: its variables and what it has cost so far. */
export class Activation implements CallContext {
  readonly locals: CelValue[] = [];
  readonly #variable: (name: string) => CelValue | undefined;
  readonly #limit: number;
  #cost = 0;

  constructor(variable: (name: string) => CelValue | undefined, limit: number) {
    this.#variable = variable;
    this.#limit = limit;
  }

  get cost(): number {
    return Math.ceil(this.#cost);
  }

  charge(cost: number): void {
    this.#cost += cost;
    if (this.#cost > this.#limit) throw new CelCostError();
  }

  variable(name: string): CelValue {
    const value = this.#variable(name);
    if (value === undefined) throw new CelError(`no such attribute(s): ${name}`);
    return value;
  }
}

export type Evaluate = (activation: Activation) => CelValue;

interface Scope {
  readonly name: string;
  readonly slot: number;
  readonly outer: Scope | undefined;
}

// What the parts of an expression cost. Upstream: cel-go common/cost.go
const LIST_COST = 10;
const MAP_COST = 30;
const STRUCT_COST = 40;

/** A checked expression as closures. */
export function planExpression(
  expr: Expr,
  checked: CheckedExpression,
  functions: FunctionTable,
  structType?: (name: string) => CelObjectType | undefined,
): Evaluate {
  return new Planner(checked.resolutions, functions, structType).plan(expr, undefined);
}

class Planner {
  readonly #resolutions: ReadonlyMap<Expr, Resolution>;
  readonly #functions: FunctionTable;
  readonly #structType: ((name: string) => CelObjectType | undefined) | undefined;
  #slots = 0;

  constructor(
    resolutions: ReadonlyMap<Expr, Resolution>,
    functions: FunctionTable,
    structType?: (name: string) => CelObjectType | undefined,
  ) {
    this.#resolutions = resolutions;
    this.#functions = functions;
    this.#structType = structType;
  }

  plan(expr: Expr, scope: Scope | undefined): Evaluate {
    const resolved = this.#resolutions.get(expr);
    if (resolved && expr.kind !== "call") return planName(resolved);
    switch (expr.kind) {
      case "literal": {
        const value = expr.type === "uint" ? new CelUint(expr.value as bigint) : expr.value;
        return () => value;
      }
      case "ident":
        return planLocal(expr.name, scope);
      case "select":
        return this.#select(expr, scope);
      case "call":
        return this.#call(expr, scope);
      case "list":
        return this.#list(expr.elements, scope);
      case "map":
        return this.#map(expr.entries, scope);
      case "struct":
        return this.#struct(expr, scope);
      case "comprehension":
        return this.#comprehension(expr, scope);
      case "bind": {
        const value = this.plan(expr.value, scope);
        const inner = this.#declare(expr.variable, scope);
        const body = this.plan(expr.body, inner);
        return (activation) => {
          activation.locals[inner.slot] = value(activation);
          return body(activation);
        };
      }
    }
  }

  /** Every variable of the expression has a place of its own: nothing calls itself. */
  #declare(name: string, outer: Scope | undefined): Scope {
    return { name, slot: this.#slots++, outer };
  }

  #select({ operand, field, mode }: Select, scope: Scope | undefined): Evaluate {
    const target = this.plan(operand, scope);
    return (activation) => {
      activation.charge(1);
      return selectField(target(activation), field, mode);
    };
  }

  #call(expr: Call, scope: Scope | undefined): Evaluate {
    const resolved = this.#resolutions.get(expr);
    const member = expr.target !== undefined && !resolved;
    const args = [...(member && expr.target ? [expr.target] : []), ...expr.args].map((arg) => this.plan(arg, scope));
    if (!expr.target) {
      const operator = planOperator(expr.name, args);
      if (operator) return operator;
    }
    const plain = expr.name.startsWith(".") ? expr.name.slice(1) : expr.name;
    const name = resolved?.name ?? plain;
    // These two do not look at what they do not need.
    if (member && args.length === 2 && (name === "orValue" || name === "or")) return planOr(name, args as [Evaluate, Evaluate]);
    const overloads = (this.#functions.find(name, member) ?? []).filter((overload) => overload.params.length === args.length);
    return (activation) => {
      activation.charge(1);
      return callOverload(
        name,
        overloads,
        args.map((arg) => arg(activation)),
        activation,
      );
    };
  }

  #list(elements: readonly { readonly value: Expr; readonly optional: boolean }[], scope: Scope | undefined): Evaluate {
    const planned = elements.map(({ value, optional }) => ({ value: this.plan(value, scope), optional }));
    return (activation) => {
      activation.charge(LIST_COST);
      const list: CelValue[] = [];
      for (const { value, optional } of planned) {
        const item = value(activation);
        if (!optional) list.push(item);
        else if (!(item instanceof CelOptional))
          throw new CelError(`cannot initialize optional list element from non-optional value ${String(item)}`);
        else if (item.hasValue) list.push(item.get());
      }
      return list;
    };
  }

  #map(entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[], scope: Scope | undefined): Evaluate {
    const planned = entries.map(({ key, value, optional }) => ({ key: this.plan(key, scope), value: this.plan(value, scope), optional }));
    return (activation) => {
      activation.charge(MAP_COST);
      const made: [CelValue, CelValue][] = [];
      const seen = new Set<CelValue>();
      for (const entry of planned) {
        const key = entry.key(activation);
        if (seen.has(key)) throw new CelError(`Failed with repeated key`);
        seen.add(key);
        addEntry(made, key, entry.value(activation), entry.optional);
      }
      return new LiteralMap(made);
    };
  }

  #struct(expr: StructExpr, scope: Scope | undefined): Evaluate {
    const planned = expr.fields.map(({ name, value, optional }) => ({ name, value: this.plan(value, scope), optional }));
    const type = this.#structType?.(expr.name);
    return (activation) => {
      activation.charge(STRUCT_COST);
      const made: [CelValue, CelValue][] = [];
      for (const field of planned) addEntry(made, field.name, field.value(activation), field.optional);
      return new LiteralMap(made, type);
    };
  }

  #comprehension(expr: Comprehension, scope: Scope | undefined): Evaluate {
    const range = this.plan(expr.range, scope);
    const scopes: Scope[] = [];
    let inner = scope;
    for (const name of expr.variables) scopes.push((inner = this.#declare(name, inner)));
    const filter = expr.filter && this.plan(expr.filter, inner);
    const body = this.plan(expr.body, inner);
    const slots = scopes.map((declared) => declared.slot);
    if (expr.macro === "optMap" || expr.macro === "optFlatMap") return planOptional(expr.macro, range, slots[0] ?? 0, body);
    const run = LOOPS[expr.macro];
    return (activation) => {
      const items = itemsOf(range(activation), slots.length === 2);
      const step = (evaluate: Evaluate, item: Item): CelValue => {
        activation.charge(2);
        if (slots.length === 2) activation.locals[slots[1] ?? 0] = item[1];
        activation.locals[slots[0] ?? 0] = item[0];
        return evaluate(activation);
      };
      return run(items, (item) => step(body, item), filter && ((item) => isTrue(step(filter, item), "_?_:_")), activation);
    };
  }
}

function planName(resolved: Resolution): Evaluate {
  if (resolved.kind === "type") {
    const value = new CelTypeValue(resolved.name);
    return () => value;
  }
  return (activation) => {
    activation.charge(1);
    return activation.variable(resolved.name);
  };
}

function planLocal(name: string, scope: Scope | undefined): Evaluate {
  for (let current = scope; current; current = current.outer) {
    if (current.name !== name) continue;
    const { slot } = current;
    return (activation) => {
      activation.charge(1);
      return activation.locals[slot] ?? null;
    };
  }
  return (activation) => activation.variable(name);
}

/** Upstream: cel-go interpreter/attributes.go refQualify */
function selectField(target: CelValue, field: string, mode: Select["mode"]): CelValue {
  if (target instanceof CelOptional) {
    if (mode === "test") return target.hasValue && isTrue(selectField(target.get(), field, mode), "has");
    return target.hasValue ? optionalIndex(target.get(), field) : CelOptional.NONE;
  }
  if (target instanceof CelMap) {
    if (mode === "test") return target.has(field);
    if (mode === "optional") return optionalIndex(target, field);
    const value = target.get(field);
    if (value === undefined) throw noSuchKey(field);
    return value;
  }
  if (isList(target)) throw new CelError("unsupported index type 'string' in list");
  throw new CelError(mode === "test" ? "no such overload" : `no such key: ${field}`);
}

function planOperator(name: string, args: readonly Evaluate[]): Evaluate | undefined {
  const [first, second, third] = args as [Evaluate, Evaluate, Evaluate];
  switch (name) {
    case "_&&_":
      return planLogical(name, first, second, false);
    case "_||_":
      return planLogical(name, first, second, true);
    case "_?_:_":
      return (activation) => (isTrue(first(activation), name) ? second(activation) : third(activation));
    case "!_":
      return (activation) => {
        activation.charge(1);
        return !isTrue(first(activation), name);
      };
    case "-_":
      return (activation) => {
        activation.charge(1);
        return negate(first(activation));
      };
  }
  const binary = BINARY.get(name);
  return (
    binary &&
    ((activation) => {
      activation.charge(1);
      const left = first(activation);
      return binary(left, second(activation), activation);
    })
  );
}

/** An error on one side is forgiven when the other decides. */
function planLogical(name: string, left: Evaluate, right: Evaluate, decisive: boolean): Evaluate {
  return (activation) => {
    let failure: unknown;
    try {
      if (isTrue(left(activation), name) === decisive) return decisive;
    } catch (error) {
      if (!(error instanceof CelError) || error instanceof CelCostError) throw error;
      failure = error;
    }
    if (isTrue(right(activation), name) === decisive) return decisive;
    if (failure !== undefined) throw failure;
    return !decisive;
  };
}

function planOr(name: "or" | "orValue", [target, other]: readonly [Evaluate, Evaluate]): Evaluate {
  return (activation) => {
    activation.charge(1);
    const value = target(activation);
    if (!(value instanceof CelOptional)) throw new CelError(`no such overload: ${name}(${typeNameOf(value)})`);
    if (!value.hasValue) return other(activation);
    return name === "or" ? value : value.get();
  };
}

function planOptional(macro: "optMap" | "optFlatMap", range: Evaluate, slot: number, body: Evaluate): Evaluate {
  return (activation) => {
    const value = range(activation);
    if (!(value instanceof CelOptional)) throw new CelError(`no such overload: hasValue(${typeNameOf(value)})`);
    if (!value.hasValue) return CelOptional.NONE;
    activation.locals[slot] = value.get();
    const result = body(activation);
    return macro === "optMap" ? new CelOptional(result) : result;
  };
}

/** The first overload whose parameters the values fit. Upstream: cel-go common/decls MaybeNoSuchOverload */
function callOverload(name: string, overloads: readonly Overload[], values: readonly CelValue[], activation: Activation): CelValue {
  const overload = overloads.find(({ params }) => params.every((param, position) => fits(values[position] ?? null, param)));
  if (!overload) throw new CelError(`no such overload: ${name}(${values.map(typeNameOf).join(", ")})`);
  return overload.call(values, activation);
}

function fits(value: CelValue, type: CelType): boolean {
  switch (type.kind) {
    case "dyn":
    case "param":
    case "error":
      return true;
    case "null":
      return value === null;
    case "bool":
      return typeof value === "boolean";
    case "int":
      return typeof value === "bigint";
    case "uint":
      return value instanceof CelUint;
    case "double":
      return typeof value === "number";
    case "string":
      return typeof value === "string";
    case "bytes":
      return value instanceof Uint8Array;
    case "timestamp":
      return value instanceof CelTimestamp;
    case "duration":
      return value instanceof CelDuration;
    case "list":
      return isList(value) && (value.length === 0 || fits(value[0] ?? null, type.element));
    case "map":
    case "object":
      return value instanceof CelMap;
    case "optional":
      return value instanceof CelOptional;
    case "type":
      return value instanceof CelTypeValue;
    case "opaque":
      return value instanceof CelOpaque && value.typeName === type.name;
  }
}

function addEntry(entries: [CelValue, CelValue][], key: CelValue, value: CelValue, optional: boolean): void {
  if (!optional) entries.push([key, value]);
  else if (!(value instanceof CelOptional))
    throw new CelError(`cannot initialize optional entry '${String(key)}' from non-optional value ${String(value)}`);
  else if (value.hasValue) entries.push([key, value.get()]);
}
