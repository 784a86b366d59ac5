import { CelError } from "../errors.ts";
import { type CallContext, type CelFunction, global, method, overload } from "../functions.ts";
import { CelDuration, CelMap, CelOptional, type CelValue, CelUint, compare, equals, isList } from "../values.ts";
import { BINARY } from "../operators.ts";

type List = readonly CelValue[];

const COMPARABLE = ["int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"];
const SUMMABLE = ["int", "uint", "double", "duration"];

/** Upstream: k8s.io/apiserver/pkg/cel/library/lists.go, cel-go ext/lists.go and ext/sets.go, and the optionals of cel/library.go */
export const LIST_FUNCTIONS: readonly CelFunction[] = [
  method(
    "isSorted",
    ...COMPARABLE.map((type) =>
      overload(`(list(${type})) bool`, (list: List, context: CallContext) =>
        scanned(list, context).every((item, at) => at === 0 || order(list[at - 1] ?? null, item) <= 0),
      ),
    ),
  ),
  method(
    "sum",
    ...SUMMABLE.map((type) =>
      overload(`(list(${type})) ${type}`, (list: List, context: CallContext) => sum(scanned(list, context), type, context)),
    ),
  ),
  method(
    "min",
    ...COMPARABLE.map((type) =>
      overload(`(list(${type})) ${type}`, (list: List, context: CallContext) => extreme("min", scanned(list, context), -1)),
    ),
  ),
  method(
    "max",
    ...COMPARABLE.map((type) =>
      overload(`(list(${type})) ${type}`, (list: List, context: CallContext) => extreme("max", scanned(list, context), 1)),
    ),
  ),
  method(
    "indexOf",
    overload("(list(A), A) int", (list: List, item: CelValue, context: CallContext) =>
      BigInt(scanned(list, context).findIndex((other) => equals(item, other))),
    ),
  ),
  method(
    "lastIndexOf",
    overload("(list(A), A) int", (list: List, item: CelValue, context: CallContext) =>
      BigInt(scanned(list, context).findLastIndex((other) => equals(item, other))),
    ),
  ),
  method(
    "slice",
    overload("(list(A), int, int) list(A)", (list: List, start: bigint, end: bigint) => slice(list, Number(start), Number(end))),
  ),
  method(
    "flatten",
    overload("(list(list(A))) list(A)", (list: List, context: CallContext) => flatten(list, 1, context)),
    overload("(list(dyn), int) list(dyn)", (list: List, depth: bigint, context: CallContext) => {
      if (depth < 0n) throw new CelError("level must be non-negative");
      return flatten(list, Number(depth), context);
    }),
  ),
  method(
    "reverse",
    overload("(list(A)) list(A)", (list: List, context: CallContext) => [...scanned(list, context)].reverse()),
  ),
  method(
    "distinct",
    overload("(list(A)) list(A)", (list: List, context: CallContext) => distinct(list, context)),
  ),
  method(
    "sort",
    ...COMPARABLE.map((type) =>
      overload(`(list(${type})) list(${type})`, (list: List, context: CallContext) => [...scanned(list, context)].sort(order)),
    ),
  ),
  global(
    "lists.range",
    overload("(int) list(int)", (count: bigint, context: CallContext) => {
      context.charge(Number(count));
      return Array.from({ length: Math.max(0, Number(count)) }, (_, at) => BigInt(at));
    }),
  ),
  method(
    "first",
    overload("(list(A)) optional(A)", (list: List) => optionalAt(list, 0)),
  ),
  method(
    "last",
    overload("(list(A)) optional(A)", (list: List) => optionalAt(list, list.length - 1)),
  ),
  global(
    "sets.contains",
    overload("(list(A), list(A)) bool", (list: List, sub: List, context: CallContext) => contains(list, sub, context)),
  ),
  global(
    "sets.equivalent",
    overload("(list(A), list(A)) bool", (a: List, b: List, context: CallContext) => contains(a, b, context) && contains(b, a, context)),
  ),
  global(
    "sets.intersects",
    overload("(list(A), list(A)) bool", (a: List, b: List, context: CallContext) => a.some((item) => has(b, item, context))),
  ),
];

export const OPTIONAL_FUNCTIONS: readonly CelFunction[] = [
  global(
    "optional.of",
    overload("(A) optional(A)", (value: CelValue) => new CelOptional(value)),
  ),
  global(
    "optional.ofNonZeroValue",
    overload("(A) optional(A)", (value: CelValue) => (isZero(value) ? CelOptional.NONE : new CelOptional(value))),
  ),
  global(
    "optional.none",
    overload("() optional(A)", () => CelOptional.NONE),
  ),
  method(
    "hasValue",
    overload("(optional(A)) bool", (optional: CelOptional) => optional.hasValue),
  ),
  method(
    "value",
    overload("(optional(A)) A", (optional: CelOptional) => optional.get()),
  ),
  // What is given instead is worked out only when it is needed: the interpreter does these two itself.
  method(
    "or",
    overload("(optional(A), optional(A)) optional(A)", (optional: CelOptional, other: CelOptional) =>
      optional.hasValue ? optional : other,
    ),
  ),
  method(
    "orValue",
    overload("(optional(A), A) A", (optional: CelOptional, other: CelValue) => (optional.hasValue ? optional.get() : other)),
  ),
  global(
    "optional.unwrap",
    overload("(list(optional(A))) list(A)", (list: List) => unwrap(list)),
  ),
  method(
    "unwrapOpt",
    overload("(list(optional(A))) list(A)", (list: List) => unwrap(list)),
  ),
];

function scanned(list: List, context: CallContext): List {
  context.charge(list.length);
  return list;
}

function order(a: CelValue, b: CelValue): number {
  const result = compare(a, b);
  if (result === undefined) throw new CelError("no such overload");
  return result;
}

function sum(list: List, type: string, context: CallContext): CelValue {
  const plus = BINARY.get("_+_");
  const zero: CelValue = type === "uint" ? new CelUint(0n) : type === "double" ? 0 : type === "duration" ? new CelDuration(0n) : 0n;
  if (!plus || list.length === 0) return zero;
  return list.slice(1).reduce<CelValue>((total, item) => plus(total, item, context), list[0] ?? zero);
}

function extreme(name: string, list: List, sign: number): CelValue {
  if (list.length === 0) throw new CelError(`${name} called on empty list`);
  return list.reduce((best, item) => (Math.sign(order(item, best)) === sign ? item : best));
}

function slice(list: List, start: number, end: number): List {
  const range = `cannot slice(${start}, ${end})`;
  if (start < 0 || end < 0) throw new CelError(`${range}, negative indexes not supported`);
  if (start > end) throw new CelError(`${range}, start index must be less than or equal to end index`);
  if (end > list.length) throw new CelError(`${range}, list is length ${list.length}`);
  return list.slice(start, end);
}

function flatten(list: List, depth: number, context: CallContext): List {
  context.charge(list.length);
  return depth === 0 ? list : list.flatMap((item) => (isList(item) ? flatten(item, depth - 1, context) : [item]));
}

function distinct(list: List, context: CallContext): List {
  const result: CelValue[] = [];
  for (const item of list) if (!has(result, item, context)) result.push(item);
  return result;
}

function has(list: List, item: CelValue, context: CallContext): boolean {
  context.charge(list.length);
  return list.some((other) => equals(item, other, (cost) => context.charge(cost)));
}

function contains(list: List, sub: List, context: CallContext): boolean {
  return sub.every((item) => has(list, item, context));
}

function optionalAt(list: List, position: number): CelOptional {
  const value = list[position];
  return value === undefined ? CelOptional.NONE : new CelOptional(value);
}

function unwrap(list: List): List {
  return list.flatMap((item) => (item instanceof CelOptional && item.hasValue ? [item.get()] : []));
}

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === 0 || value === 0n || value === "") return true;
  if (isList(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelUint) return value.value === 0n;
  if (value instanceof CelOptional) return !value.hasValue;
  return value instanceof CelMap && value.size === 0;
}
