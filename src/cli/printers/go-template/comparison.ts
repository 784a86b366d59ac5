import { formatValue, noFlags } from "./format.ts";
import { floatOf, goKind, goType, integerOf, type Complex128, type GoKind, type Value } from "./values.ts";

const BASIC: ReadonlySet<GoKind> = new Set<GoKind>(["bool", "int", "uint", "float", "complex", "string"]);
const basicKind = (held: unknown): GoKind => (BASIC.has(goKind(held)) ? goKind(held) : "invalid");
const isInteger = (kind: GoKind) => kind === "int" || kind === "uint";

/** Whether the first equals one of the others. Upstream: text/template/funcs.go eq */
export function equal(first: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new Error("missing argument for comparison");
  return others.some((other) => equalOne(first.held ?? undefined, other.held ?? undefined));
}

function equalOne(a: unknown, b: unknown): boolean {
  const [left, right] = [basicKind(a), basicKind(b)];
  if (isInteger(left) && isInteger(right)) return integerOf(a) === integerOf(b);
  if (left !== right) {
    if (a !== undefined && b !== undefined) throw incompatible(a, b);
    return false;
  }
  switch (left) {
    case "float":
      return floatOf(a) === floatOf(b);
    case "complex":
      return (a as Complex128).real === (b as Complex128).real && (a as Complex128).imaginary === (b as Complex128).imaginary;
    case "invalid":
      return equalCollections(a, b);
    default:
      return a === b;
  }
}

/** Only nothing equals nothing. */
function equalCollections(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  const text = (value: unknown, verb: string) => formatValue(value, verb, noFlags());
  if (goKind(a) !== goKind(b)) throw new Error(`non-comparable types ${text(a, "s")}: ${goType(a)}, ${goType(b)}: ${text(b, "v")}`);
  throw new Error(`non-comparable type ${text(b, "s")}: ${goType(b)}`);
}

/** Upstream: text/template/funcs.go lt */
export function compare({ held: a }: Value, { held: b }: Value): number {
  const [left, right] = [basicKind(a), basicKind(b)];
  const wrong = new Error("invalid type for comparison");
  if (left === "invalid" || right === "invalid") throw wrong;
  if (isInteger(left) && isInteger(right)) return sign(integerOf(a), integerOf(b));
  if (left !== right) throw incompatible(a, b);
  if (left === "float") return sign(floatOf(a), floatOf(b));
  if (left === "string") return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
  throw wrong;
}

const sign = <T extends number | bigint>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0);

const incompatible = (a: unknown, b: unknown) => new Error(`incompatible types for comparison: ${goType(a)} and ${goType(b)}`);
