import { CelError } from "../errors.ts";
import type { CallContext } from "../functions.ts";
import {
  CelDuration,
  CelMap,
  CelTimestamp,
  CelTypeValue,
  type CelValue,
  CelUint,
  durationText,
  isList,
  timestampText,
  typeNameOf,
} from "../values.ts";
import { doubleText } from "./standard.ts";

const DEFAULT_PRECISION = 6;
const SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";

/** `'%s'.format([…])` as Kubernetes pins it, with the numbers of en_US. Upstream: cel-go ext/formatting.go, which versions before 4 of the strings library use */
export function formatText(text: string, args: readonly CelValue[], context: CallContext): string {
  context.charge(text.length * 0.1);
  let next = 0;
  return text.replace(/%(?:%|(\.\d*)?([\s\S]?))/g, (all, precision: string | undefined, clause: string | undefined) => {
    if (all === "%%") return "%";
    const value = args[next];
    if (value === undefined) throw new CelError(`index ${next} out of range`);
    next++;
    if (all === "%") throw new CelError("unexpected end of string");
    const formatted = formatClause(
      clause ?? "",
      value,
      precision === undefined ? DEFAULT_PRECISION : parsePrecision(precision.slice(1), clause),
    );
    context.charge(formatted.length * 0.1);
    return formatted;
  });
}

function parsePrecision(digits: string, clause: string | undefined): number {
  const failed = (why: string) => new CelError(`could not parse formatting clause: error while parsing precision: ${why}`);
  if (!clause) throw failed("could not find end of precision specifier");
  if (digits === "") throw failed('error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax');
  // JavaScript has no more digits to give.
  return Math.min(Number(digits), 100);
}

function formatClause(clause: string, value: CelValue, precision: number): string {
  switch (clause) {
    case "s":
      return stringClause(value);
    case "d":
      return String(wholeNumber(value, "decimal clause can only be used on integers"));
    case "f":
      return fixedPoint(realNumber(value, "fixed-point"), precision);
    case "e":
      return scientific(realNumber(value, "scientific"), precision);
    case "b":
      return typeof value === "boolean"
        ? value
          ? "1"
          : "0"
        : wholeNumber(value, "only integers and bools can be formatted as binary").toString(2);
    case "o":
      return wholeNumber(value, "octal clause can only be used on integers").toString(8);
    case "x":
      return hexadecimal(value);
    case "X":
      return hexadecimal(value).toUpperCase();
    default:
      throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${clause}"`);
  }
}

function unsuitable(what: string, value: CelValue): CelError {
  return new CelError(`error during formatting: ${what}, was given ${typeNameOf(value)}`);
}

function wholeNumber(value: CelValue, what: string): bigint {
  if (typeof value === "bigint") return value;
  if (value instanceof CelUint) return value.value;
  throw unsuitable(what, value);
}

function realNumber(value: CelValue, clause: string): number {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  throw unsuitable(`${clause} clause can only be used on doubles`, value);
}

function hexadecimal(value: CelValue): string {
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return wholeNumber(value, "only integers, byte buffers, and strings can be formatted as hex").toString(16);
}

/** Ties go to the even digit, as Go has it. */
function rounded(value: number, precision: number): string {
  const text = value.toFixed(precision);
  const exact = Math.abs(value) < 1e21 ? Math.abs(value).toFixed(Math.min(100, precision + 60)) : "";
  const cut = exact.length - Math.min(60, 100 - precision);
  if (!/^50*$/.test(exact.slice(cut))) return text;
  const below = exact.slice(0, cut).replace(/\.$/, "");
  return Number(below.at(-1)) % 2 === 0 ? (value < 0 ? `-${below}` : below) : text;
}

function fixedPoint(value: number, precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "\u221e" : "-\u221e";
  const [whole = "", fraction] = rounded(value, precision).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

function scientific(value: number, precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "\u221e" : "-\u221e";
  const [mantissa = "", exponent = "0"] = value.toExponential(precision).split("e");
  const digits = exponent.replace(/^[+-]/, "").padStart(2, "0");
  const raised = Array.from(digits, (digit) => SUPERSCRIPTS[Number(digit)] ?? "").join("");
  return `${mantissa}\u202f\u00d7\u202f10${exponent.startsWith("-") ? "\u207b" : ""}${raised}`;
}

function stringClause(value: CelValue): string {
  if (value === null) return "null";
  if (typeof value === "number") return doubleText(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(asLiteral).join(", ")}]`;
  if (value instanceof CelMap) {
    const entries = value.keys().map((key) => [mapKey(key), asLiteral(value.get(key) ?? null)] as const);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${key}:${item}`)
      .join(", ")}}`;
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelTypeValue) return value.type;
  throw unsuitable(
    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
    value,
  );
}

function mapKey(key: CelValue): string {
  if (typeof key === "number") throw new CelError("error during formatting: no formatting function for map key of type double");
  return asLiteral(key);
}

/** Inside lists and maps values are written so that CEL can read them. */
function asLiteral(value: CelValue): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return Number.isFinite(value) ? rounded(value, DEFAULT_PRECISION) : JSON.stringify(doubleText(value));
  if (value instanceof Uint8Array) return `b${JSON.stringify(Buffer.from(value).toString("utf8"))}`;
  if (value instanceof CelTimestamp) return `timestamp(${JSON.stringify(timestampText(value))})`;
  if (value instanceof CelDuration) return `duration(${JSON.stringify(durationText(value))})`;
  if (value instanceof CelTypeValue) return `type(${value.type})`;
  return stringClause(value);
}
