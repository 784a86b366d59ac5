/**
 * A number as Go's strconv.FormatFloat writes it: `e`, `f`, `g`, `b` or `x`; without digits as few as tell it from all others.
 * Numbers are rounded by their exact binary value, halves to even.
 */
// Upstream: strconv/ftoa.go
export function formatFloat(value: number, form: string, digits?: number): string {
  if (Number.isNaN(value)) return "NaN";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const abs = Math.abs(value);
  if (abs === Infinity) return sign === "" ? "+Inf" : "-Inf";
  switch (form) {
    case "e":
    case "E":
      return sign + scientific(significant(abs, digits === undefined ? undefined : digits + 1), digits, form);
    case "f":
      return sign + plain(abs, digits);
    case "g":
    case "G":
      return sign + shortest(abs, digits, form === "g" ? "e" : "E");
    case "b":
      return sign + binary(abs);
    default:
      return sign + hexadecimal(abs, digits, form);
  }
}

/** The significant digits, and the power of ten of the first. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

function significant(value: number, count?: number): Decimal {
  const [mantissa = "0", exponent = "0"] = value.toExponential().split("e");
  const short = { digits: mantissa.replace(".", ""), exponent: Number(exponent) };
  if (count === undefined || value === 0) return short;
  const scaled = roundedAt(value, count - 1 - short.exponent).toString();
  // Rounding up may have made one more digit.
  return scaled.length > count ? { digits: scaled.slice(0, count), exponent: short.exponent + 1 } : { ...short, digits: scaled };
}

/** value · 10^places as a whole number. */
function roundedAt(value: number, places: number): bigint {
  const [fraction, exponent] = parts(value);
  const top = (exponent > 0 ? fraction << BigInt(exponent) : fraction) * (places > 0 ? 10n ** BigInt(places) : 1n);
  const bottom = (exponent < 0 ? 1n << BigInt(-exponent) : 1n) * (places < 0 ? 10n ** BigInt(-places) : 1n);
  const [quotient, twice] = [top / bottom, (top % bottom) * 2n];
  return twice > bottom || (twice === bottom && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** fraction · 2^exponent. */
function parts(value: number): readonly [bigint, number] {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const exponent = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xf_ffff_ffff_ffffn;
  return exponent === 0 ? [fraction, -1074] : [fraction | (1n << 52n), exponent - 1075];
}

function scientific({ digits, exponent }: Decimal, places: number | undefined, letter: string): string {
  const fraction = places === undefined ? digits.slice(1) : digits.slice(1).padEnd(places, "0");
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits[0] ?? "0"}${fraction === "" ? "" : `.${fraction}`}${letter}${exponent < 0 ? "-" : "+"}${power}`;
}

function plain(value: number, places?: number): string {
  if (places === undefined) return unscaled(significant(value));
  const text = roundedAt(value, places)
    .toString()
    .padStart(places + 1, "0");
  return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
}

function unscaled({ digits, exponent }: Decimal): string {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return digits.length > exponent + 1 ? `${whole}.${digits.slice(exponent + 1)}` : whole;
}

/** With an exponent below -4, and from the precision on: of six digits when only the shortest form is wanted. */
function shortest(value: number, precision: number | undefined, letter: string): string {
  const found = significant(value, precision === undefined ? undefined : precision || 1);
  const decimal = { ...found, digits: found.digits.replace(/0+$/, "") || "0" };
  const count = decimal.digits.length;
  const whole = found.exponent + 1;
  let limit = precision ?? 6;
  if (precision !== undefined) limit = (precision || 1) > count && count >= whole ? count : precision || 1;
  if (found.exponent < -4 || found.exponent >= limit) return scientific(decimal, undefined, letter);
  return unscaled(decimal);
}

function binary(value: number): string {
  const [fraction, exponent] = parts(value);
  return `${fraction}p${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
}

/** 0x1.8p+01: one bit in front of the point. */
function hexadecimal(value: number, digits: number | undefined, form: string): string {
  let [fraction, exponent] = value === 0 ? [0n, -52] : parts(value);
  while (fraction !== 0n && fraction < 1n << 52n) {
    fraction <<= 1n;
    exponent--;
  }
  exponent += 52;
  if (digits !== undefined && digits < 13) {
    const cut = BigInt((13 - digits) * 4);
    const rest = fraction & ((1n << cut) - 1n);
    const half = 1n << (cut - 1n);
    fraction = (fraction >> cut) + (rest > half || (rest === half && (fraction >> cut) % 2n === 1n) ? 1n : 0n);
    fraction <<= cut;
    if (fraction >= 1n << 53n) {
      fraction >>= 1n;
      exponent++;
    }
  }
  const tail = (fraction & ((1n << 52n) - 1n)).toString(16).padStart(13, "0");
  const shown = digits === undefined ? tail.replace(/0+$/, "") : tail.slice(0, digits).padEnd(digits, "0");
  const text = `0x${fraction >> 52n}${shown === "" ? "" : `.${shown}`}p${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  return form === "X" ? text.toUpperCase() : text;
}
