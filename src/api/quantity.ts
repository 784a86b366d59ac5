/**
 * Exact amounts: `100m`, `1.5Gi`, `1e3`. Kept in billionths; finer fractions are rounded up as upstream does.
 * Upstream: k8s.io/apimachinery/pkg/api/resource/quantity.go
 */
export class QuantityError extends Error {
  override readonly name = "QuantityError";
}

type Format = "DecimalSI" | "BinarySI" | "DecimalExponent";

const NANO = 1_000_000_000n;
const DECIMAL_EXPONENTS: Record<string, number> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const DECIMAL_SUFFIXES = new Map(Object.entries(DECIMAL_EXPONENTS).map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
const BINARY_MAX = 9_223_372_036_854_775_807n * NANO;
// Larger ones would cost more to compute with than any of them is worth.
const EXPONENT_MAX = 100;

export class Quantity {
  /** Billionths of a unit. */
  readonly nanos: bigint;
  readonly format: Format;
  /** As it was written, where upstream keeps that: near enough to canonical. */
  readonly #text: string | undefined;

  constructor(nanos: bigint, format: Format, text?: string) {
    this.nanos = nanos;
    this.format = format;
    this.#text = text;
  }

  /** Whole units, rounded up. */
  value(): number {
    return Number(ceilDivide(this.nanos, NANO));
  }

  /** Thousandths, rounded up. */
  milliValue(): number {
    return Number(ceilDivide(this.nanos, NANO / 1000n));
  }

  add(other: Quantity): Quantity {
    return new Quantity(this.nanos + other.nanos, this.nanos === 0n ? other.format : this.format);
  }

  subtract(other: Quantity): Quantity {
    return new Quantity(this.nanos - other.nanos, this.nanos === 0n ? other.format : this.format);
  }

  compare(other: Quantity): number {
    return this.nanos < other.nanos ? -1 : this.nanos > other.nanos ? 1 : 0;
  }

  /** How many divisors, rounded up: what resourceFieldRef gives. */
  dividedBy(divisor: Quantity): number {
    return Number(ceilDivide(this.nanos, divisor.nanos === 0n ? NANO : divisor.nanos));
  }

  /** The canonical form: no fraction, the largest suffix that keeps the number whole. */
  toString(): string {
    if (this.#text !== undefined) return this.#text;
    if (this.nanos === 0n) return "0";
    const isSmall = this.nanos > -1024n * NANO && this.nanos < 1024n * NANO;
    // No precision is lost for a binary suffix.
    if (this.format === "BinarySI" && !isSmall && this.nanos % NANO === 0n) return renderBinary(this.nanos / NANO);
    return renderDecimal(this.nanos, this.format === "BinarySI" ? "DecimalSI" : this.format);
  }
}

/** Throws QuantityError. */
export function parseQuantity(text: string | number): Quantity {
  const cached = cache.get(text);
  if (cached) return cached;
  const quantity = parse(String(text));
  if (cache.size > 4096) cache.clear();
  cache.set(text, quantity);
  return quantity;
}

function parse(text: string): Quantity {
  const match = PATTERN.exec(text);
  if (!match || text === "") {
    throw new QuantityError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  const [, sign, whole = "", fraction = "", suffix = ""] = match;
  const isExponent = /^[eE][+-]?\d+$/.test(suffix);
  const power = BINARY_SUFFIXES.indexOf(suffix);
  const exponent = isExponent ? Number(suffix.slice(1)) : DECIMAL_EXPONENTS[suffix];
  if ((power <= 0 && exponent === undefined) || Math.abs(exponent ?? 0) > EXPONENT_MAX)
    throw new QuantityError("unable to parse quantity's suffix");
  const digits = BigInt(whole + fraction || "0");
  const signed = sign === "-" ? -digits : digits;
  const format: Format = power > 0 ? "BinarySI" : isExponent ? "DecimalExponent" : "DecimalSI";
  const kept = keepsItsText({ whole, fraction, format, power, exponent: exponent ?? 0 }) ? text : undefined;
  if (power > 0) {
    const nanos = ceilDivide(signed * 1024n ** BigInt(power) * NANO, 10n ** BigInt(fraction.length));
    return new Quantity(nanos > BINARY_MAX ? BINARY_MAX : nanos, format, kept);
  }
  const scale = (exponent ?? 0) - fraction.length + 9;
  return new Quantity(scale >= 0 ? signed * 10n ** BigInt(scale) : ceilDivide(signed, 10n ** BigInt(-scale)), format, kept);
}

/** Upstream keeps the text of short numbers that look canonical, such as `+5`, `1E3` and `1.500`. */
function keepsItsText(parts: { whole: string; fraction: string; format: Format; power: number; exponent: number }): boolean {
  const { fraction, format, power, exponent } = parts;
  const whole = parts.whole.replace(/^0+/, "") || "0";
  if (format === "BinarySI") {
    const precision = 15 - whole.length - Math.trunc(power * 3) - 1;
    return fraction === "" && precision >= 0 && (BigInt(whole) & 7n) !== 0n;
  }
  const shifted = whole + fraction;
  const scale = exponent - fraction.length;
  return 18 - shifted.length >= 0 && scale >= -9 && scale % 3 === 0 && !shifted.endsWith("000") && !shifted.startsWith("0");
}

const cache = new Map<string | number, Quantity>();

export function isQuantity(text: unknown): boolean {
  if (typeof text !== "string" && typeof text !== "number") return false;
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}

export function canonicalQuantity(text: string | number): string {
  return parseQuantity(text).toString();
}

function renderDecimal(nanos: bigint, format: Format): string {
  let exponent = -9;
  let mantissa = nanos;
  while (mantissa % 1000n === 0n && exponent < 18) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === "DecimalExponent") return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  return `${mantissa}${DECIMAL_SUFFIXES.get(exponent) ?? ""}`;
}

function renderBinary(value: bigint): string {
  let power = 0;
  let mantissa = value;
  while (mantissa % 1024n === 0n && power < 6) {
    mantissa /= 1024n;
    power++;
  }
  return `${mantissa}${BINARY_SUFFIXES[power]}`;
}

/** Away from zero, as Go's rounding of quantities. */
function ceilDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b === 0n ? quotient : a > 0n === b > 0n ? quotient + 1n : quotient - 1n;
}
