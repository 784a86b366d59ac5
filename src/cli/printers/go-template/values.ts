/** Numbers that JSON has none of: the constants of templates and what functions make. A bigint is an int; JSON's numbers stay what they are. */
export class Float64 {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export class Complex128 {
  readonly real: number;
  readonly imaginary: number;
  constructor(real: number, imaginary: number) {
    this.real = real;
    this.imaginary = imaginary;
  }
}

/** A byte of a text. */
export class Uint8 {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** What Go's reflection sees: a value with its own type, or boxed as an `interface {}`, as all is that lies in a map or a list. */
export interface Value {
  readonly held: unknown;
  readonly boxed: boolean;
}

/** Not even nil: what a missing key gives. */
export const INVALID: Value = { held: undefined, boxed: false };

export const valueOf = (held: unknown): Value => (held === null || held === undefined ? INVALID : { held, boxed: false });
export const boxed = (held: unknown): Value => ({ held: held ?? null, boxed: true });

/** The value inside of an interface. */
export const unboxed = (value: Value): Value => (value.boxed ? valueOf(value.held) : value);

export const isInvalid = ({ held, boxed: isBoxed }: Value): boolean => !isBoxed && held === undefined;

export type GoKind = "invalid" | "bool" | "int" | "uint" | "float" | "complex" | "string" | "slice" | "map";

const TYPES: Readonly<Record<string, GoKind>> = {
  int64: "int",
  uint8: "uint",
  float64: "float",
  complex128: "complex",
  "<nil>": "invalid",
};

export function goKind(held: unknown): GoKind {
  const type = goType(held);
  return type.startsWith("map") ? "map" : type.startsWith("[]") ? "slice" : (TYPES[type] ?? (type as GoKind));
}

/** The type of a value as Go names it. Upstream decodes JSON's whole numbers to int64, all others to float64. */
export function goType(held: unknown): string {
  if (held === null || held === undefined) return "<nil>";
  if (Array.isArray(held)) return "[]interface {}";
  if (held instanceof Float64) return "float64";
  if (held instanceof Complex128) return "complex128";
  if (held instanceof Uint8) return "uint8";
  if (typeof held === "object") return "map[string]interface {}";
  if (typeof held === "bigint") return "int";
  if (typeof held === "number") return Number.isInteger(held) && Math.abs(held) < 2 ** 63 ? "int64" : "float64";
  return typeof held === "boolean" ? "bool" : "string";
}

export const typeOf = ({ held, boxed: isBoxed }: Value): string => (isBoxed ? "interface {}" : goType(held));

export const floatOf = (held: unknown): number => (held instanceof Float64 ? held.value : Number(held));
export const integerOf = (held: unknown): bigint => (held instanceof Uint8 ? BigInt(held.value) : BigInt(held as number | bigint));

/** The keys of a map in the order that Go's printing and ranging give them. */
export const sortedKeys = (map: object): string[] => Object.keys(map).sort((a, b) => (a < b ? -1 : 1));

/** False, 0, nil, and empty texts and collections are not true. */
export function isTrue(held: unknown): boolean {
  switch (goKind(held)) {
    case "invalid":
      return false;
    case "map":
      return Object.keys(held as object).length > 0;
    case "slice":
    case "string":
      return (held as { length: number }).length > 0;
    case "float":
      return floatOf(held) !== 0;
    case "complex":
      return (held as Complex128).real !== 0 || (held as Complex128).imaginary !== 0;
    case "int":
    case "uint":
      return integerOf(held) !== 0n;
    case "bool":
      return held as boolean;
  }
}
