import { CelError } from "./errors.ts";
import type { CallContext } from "./functions.ts";
import { parseSignature, type Signature } from "./types.ts";
import { CelDuration, CelMap, CelOptional, CelTimestamp, type CelValue, CelUint, compare, equals, isList } from "./values.ts";

const signatures = (...texts: string[]): readonly Signature[] => texts.map(parseSignature);
const NUMERIC = ["int", "uint", "double"];
const ordered = signatures(
  ...["bool", "string", "bytes", "timestamp", "duration"].map((type) => `(${type}, ${type}) bool`),
  ...NUMERIC.flatMap((left) => NUMERIC.map((right) => `(${left}, ${right}) bool`)),
);
const equal = signatures("(A, A) bool");
const logical = signatures("(bool, bool) bool");

/** What the operators take. Upstream: cel-go common/stdlib */
export const OPERATORS: ReadonlyMap<string, readonly Signature[]> = new Map([
  ["_?_:_", signatures("(bool, A, A) A")],
  ["_&&_", logical],
  ["_||_", logical],
  ["!_", signatures("(bool) bool")],
  ["-_", signatures("(int) int", "(double) double")],
  ["_==_", equal],
  ["_!=_", equal],
  ["_<_", ordered],
  ["_<=_", ordered],
  ["_>_", ordered],
  ["_>=_", ordered],
  [
    "_+_",
    signatures(
      "(bytes, bytes) bytes",
      "(double, double) double",
      "(duration, duration) duration",
      "(duration, timestamp) timestamp",
      "(timestamp, duration) timestamp",
      "(int, int) int",
      "(list(A), list(A)) list(A)",
      "(string, string) string",
      "(uint, uint) uint",
    ),
  ],
  [
    "_-_",
    signatures(
      "(double, double) double",
      "(duration, duration) duration",
      "(int, int) int",
      "(timestamp, duration) timestamp",
      "(timestamp, timestamp) duration",
      "(uint, uint) uint",
    ),
  ],
  ["_*_", signatures("(double, double) double", "(int, int) int", "(uint, uint) uint")],
  ["_/_", signatures("(double, double) double", "(int, int) int", "(uint, uint) uint")],
  ["_%_", signatures("(int, int) int", "(uint, uint) uint")],
  ["@in", signatures("(A, list(A)) bool", "(A, map(A, B)) bool")],
  [
    "_[_]",
    signatures("(list(A), int) A", "(map(A, B), A) B", "(optional(list(A)), int) optional(A)", "(optional(map(A, B)), A) optional(B)"),
  ],
  [
    "_[?_]",
    signatures(
      "(list(A), int) optional(A)",
      "(optional(list(A)), int) optional(A)",
      "(map(A, B), A) optional(B)",
      "(optional(map(A, B)), A) optional(B)",
    ),
  ],
]);

const INT_MAX = 9_223_372_036_854_775_807n;

type Binary = (a: CelValue, b: CelValue, context: CallContext) => CelValue;

/** How the strict operators are worked out. */
export const BINARY: ReadonlyMap<string, Binary> = new Map<string, Binary>([
  ["_==_", (a, b, context) => chargedEquals(a, b, context)],
  ["_!=_", (a, b, context) => !chargedEquals(a, b, context)],
  ["_<_", (a, b) => order(a, b, "_<_") < 0],
  ["_<=_", (a, b) => order(a, b, "_<=_") <= 0],
  ["_>_", (a, b) => order(a, b, "_>_") > 0],
  ["_>=_", (a, b) => order(a, b, "_>=_") >= 0],
  ["_+_", add],
  ["_-_", subtract],
  [
    "_*_",
    (a, b) =>
      arithmetic(
        "_*_",
        a,
        b,
        (x, y) => x * y,
        (x, y) => x * y,
      ),
  ],
  [
    "_/_",
    (a, b) =>
      arithmetic(
        "_/_",
        a,
        b,
        (x, y) => divide(x, y),
        (x, y) => x / y,
      ),
  ],
  ["_%_", (a, b) => arithmetic("_%_", a, b, (x, y) => modulo(x, y))],
  ["@in", isIn],
  ["_[_]", (a, b) => (a instanceof CelOptional ? optionalIndex(a, b) : index(a, b))],
  ["_[?_]", optionalIndex],
]);

export function isTrue(value: CelValue, operator: string): boolean {
  if (typeof value !== "boolean") throw new CelError(operator === "_?_:_" ? "no such overload" : `no such overload: ${operator}`);
  return value;
}

export function negate(value: CelValue): CelValue {
  if (typeof value === "bigint") return checkedInt(-value);
  if (typeof value === "number") return -value;
  throw new CelError("no such overload");
}

/** What has no order, or no sum, with anything of its own kind gets the longer message. Upstream: cel-go interpreter/interpretable.go */
function noOverload(name: string, left: CelValue): CelError {
  const known =
    typeof left === "bigint" ||
    typeof left === "number" ||
    typeof left === "string" ||
    (typeof left === "object" && left !== null && !(left instanceof CelMap));
  return new CelError(known ? "no such overload" : `no such overload: ${name}`);
}

function chargedEquals(a: CelValue, b: CelValue, context: CallContext): boolean {
  if (typeof a === "string" && typeof b === "string") context.charge(Math.min(a.length, b.length) * 0.1);
  return equals(a, b, (cost) => context.charge(cost));
}

function order(a: CelValue, b: CelValue, name: string): number {
  const result = compare(a, b);
  if (result === undefined) throw noOverload(name, a);
  return result;
}

function checkedInt(value: bigint): bigint {
  if (value > INT_MAX || value < -INT_MAX - 1n) throw new CelError("integer overflow");
  return value;
}

function arithmetic(
  name: string,
  a: CelValue,
  b: CelValue,
  whole: (x: bigint, y: bigint) => bigint,
  real?: (x: number, y: number) => number,
): CelValue {
  if (typeof a === "bigint" && typeof b === "bigint") return checkedInt(whole(a, b));
  if (a instanceof CelUint && b instanceof CelUint) return new CelUint(whole(a.value, b.value));
  if (real && typeof a === "number" && typeof b === "number") return real(a, b);
  throw noOverload(name, a);
}

function divide(x: bigint, y: bigint): bigint {
  if (y === 0n) throw new CelError("division by zero");
  return x / y;
}

function modulo(x: bigint, y: bigint): bigint {
  if (y === 0n) throw new CelError("modulus by zero");
  return x % y;
}

function add(a: CelValue, b: CelValue, context: CallContext): CelValue {
  if (typeof a === "string" && typeof b === "string") {
    context.charge((a.length + b.length) * 0.1);
    return a + b;
  }
  if (isList(a) && isList(b)) {
    context.charge(a.length + b.length);
    return [...a, ...b];
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    context.charge((a.length + b.length) * 0.1);
    return new Uint8Array(Buffer.concat([a, b]));
  }
  if (a instanceof CelDuration && b instanceof CelDuration) return new CelDuration(a.nanos + b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return new CelTimestamp(a.nanos + b.nanos);
  if (a instanceof CelDuration && b instanceof CelTimestamp) return new CelTimestamp(a.nanos + b.nanos);
  return arithmetic(
    "_+_",
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
  );
}

function subtract(a: CelValue, b: CelValue): CelValue {
  if (a instanceof CelDuration && b instanceof CelDuration) return new CelDuration(a.nanos - b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return new CelTimestamp(a.nanos - b.nanos);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return new CelDuration(a.nanos - b.nanos);
  return arithmetic(
    "_-_",
    a,
    b,
    (x, y) => x - y,
    (x, y) => x - y,
  );
}

function isIn(item: CelValue, container: CelValue, context: CallContext): CelValue {
  if (container instanceof CelMap) return container.has(item);
  if (!isList(container)) throw new CelError("no such overload: @in");
  for (const element of container) {
    context.charge(0.1);
    if (equals(item, element, (cost) => context.charge(cost))) return true;
  }
  return false;
}

export function index(container: CelValue, key: CelValue): CelValue {
  if (container instanceof CelMap) {
    const value = container.get(key);
    if (value === undefined) throw noSuchKey(key);
    return value;
  }
  if (!isList(container)) throw new CelError("no such overload");
  const position = positionOf(key);
  if (position === undefined) throw new CelError(`unsupported index type '${typeof key}' in list`);
  const value = container[position];
  if (value === undefined) throw new CelError(`index out of bounds: ${position}`);
  return value;
}

function positionOf(key: CelValue): number | undefined {
  if (typeof key === "bigint") return Number(key);
  if (typeof key === "number" && Number.isInteger(key)) return key;
  return key instanceof CelUint ? Number(key.value) : undefined;
}

export function noSuchKey(key: CelValue): CelError {
  return new CelError(`no such key: ${key instanceof CelUint ? key.value : String(key)}`);
}

export function optionalIndex(container: CelValue, key: CelValue): CelOptional {
  if (container instanceof CelOptional) return container.hasValue ? optionalIndex(container.get(), key) : CelOptional.NONE;
  if (container instanceof CelMap) {
    const value = container.get(key);
    return value === undefined ? CelOptional.NONE : new CelOptional(value);
  }
  if (!isList(container)) throw new CelError("no such overload: _[?_]");
  const position = positionOf(key);
  const value = position === undefined ? undefined : container[position];
  return value === undefined ? CelOptional.NONE : new CelOptional(value);
}
