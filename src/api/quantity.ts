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
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/;

export class Quantity {
  /** Billionths of a unit. */
  readonly nanos: bigint;
  readonly format: Format;

  constructor(nanos: bigint, format: Format) {
    this.nanos = nanos;
    this.format = format;
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
    if (this.nanos === 0n) return "0";
    const small = this.nanos > -1024n * NANO && this.nanos < 1024n * NANO;
    if (this.format === "BinarySI" && !small) return renderBinary(ceilDivide(this.nanos, NANO));
    return renderDecimal(this.nanos, this.format);
  }
}

/** Throws QuantityError. */
export function parseQuantity(text: string | number): Quantity {
  const cached = cache.get(text);
  if (cached) return cached;
  const match = PATTERN.exec(String(text));
  const [, sign, whole = "", fraction = "", suffix = ""] = match ?? [];
  if (!match || whole + fraction === "") {
    throw new QuantityError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  const digits = BigInt(whole + fraction);
  const binary = BINARY_SUFFIXES.indexOf(suffix);
  let nanos: bigint;
  let format: Format = "DecimalSI";
  if (suffix !== "" && binary > 0) {
    nanos = ceilDivide(digits * 1024n ** BigInt(binary) * NANO, 10n ** BigInt(fraction.length));
    format = "BinarySI";
  } else {
    const exponential = /^[eE]/.test(suffix) && suffix.length > 1;
    if (exponential) format = "DecimalExponent";
    const exponent = (exponential ? Number(suffix.slice(1)) : (DECIMAL_EXPONENTS[suffix] as number)) - fraction.length + 9;
    nanos = exponent >= 0 ? digits * 10n ** BigInt(exponent) : ceilDivide(digits, 10n ** BigInt(-exponent));
  }
  const quantity = new Quantity(sign === "-" ? -nanos : nanos, format);
  if (cache.size > 4096) cache.clear();
  cache.set(text, quantity);
  return quantity;
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
