import { compileGoRegexp, GoRegexpError, matchesGoRegexp } from "../../go-regexp.ts";
import { CelError } from "../errors.ts";
import { type CallContext, type CelFunction, checkingLiterals, global, method, overload } from "../functions.ts";
import {
  CelDuration,
  type CelMap,
  CelTimestamp,
  CelTypeValue,
  type CelValue,
  CelUint,
  durationText,
  parseDuration,
  parseTimestamp,
  timestampText,
  typeNameOf,
} from "../values.ts";

/** Conversions and what every CEL has. Upstream: cel-go common/stdlib/standard.go */
export const STANDARD_FUNCTIONS: readonly CelFunction[] = [
  global("size", ...sizeOverloads()),
  method("size", ...sizeOverloads()),
  global(
    "dyn",
    overload("(A) dyn", (value: CelValue) => value),
  ),
  global(
    "type",
    overload("(A) type(A)", (value: CelValue) => new CelTypeValue(typeNameOf(value))),
  ),
  global(
    "bool",
    overload("(bool) bool", (value: boolean) => value),
    overload("(string) bool", parseBool),
  ),
  global(
    "int",
    overload("(int) int", (value: bigint) => value),
    overload("(double) int", (value: number) => toInt(value)),
    overload("(uint) int", (value: CelUint) => inIntRange(value.value)),
    overload("(string) int", parseInt64),
    overload("(timestamp) int", (value: CelTimestamp) => floorDivide(value.nanos, 1_000_000_000n)),
    overload("(duration) int", (value: CelDuration) => value.nanos),
  ),
  global(
    "uint",
    overload("(uint) uint", (value: CelUint) => value),
    overload("(int) uint", (value: bigint) => new CelUint(value)),
    overload("(double) uint", (value: number) => new CelUint(toBigInt(value, "unsigned integer overflow"))),
    overload("(string) uint", (text: string) => {
      if (!/^\d+$/.test(text)) throw new CelError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
      return new CelUint(BigInt(text));
    }),
  ),
  global(
    "double",
    overload("(double) double", (value: number) => value),
    overload("(int) double", (value: bigint) => Number(value)),
    overload("(uint) double", (value: CelUint) => Number(value.value)),
    overload("(string) double", parseDouble),
  ),
  global(
    "string",
    overload("(string) string", (value: string) => value),
    overload("(bool) string", (value: boolean) => String(value)),
    overload("(int) string", (value: bigint) => String(value)),
    overload("(uint) string", (value: CelUint) => String(value.value)),
    overload("(double) string", (value: number) => doubleText(value)),
    overload("(bytes) string", (value: Uint8Array) => {
      const text = Buffer.from(value).toString("utf8");
      if (text.includes("\uFFFD")) throw new CelError("invalid UTF-8 in bytes, cannot convert to string");
      return text;
    }),
    overload("(timestamp) string", (value: CelTimestamp) => timestampText(value)),
    overload("(duration) string", (value: CelDuration) => durationText(value)),
  ),
  global(
    "bytes",
    overload("(bytes) bytes", (value: Uint8Array) => value),
    overload("(string) bytes", (value: string) => new Uint8Array(Buffer.from(value))),
  ),
  global(
    "timestamp",
    overload("(timestamp) timestamp", (value: CelTimestamp) => value),
    checkingLiterals(
      overload("(string) timestamp", (text: string) => parseTimestamp(text)),
      parseTimestamp,
    ),
    overload("(int) timestamp", (seconds: bigint) => new CelTimestamp(seconds * 1_000_000_000n)),
  ),
  global(
    "duration",
    overload("(duration) duration", (value: CelDuration) => value),
    checkingLiterals(
      overload("(string) duration", (text: string) => parseDuration(text)),
      parseDuration,
    ),
    overload("(int) duration", (nanos: bigint) => new CelDuration(nanos)),
  ),
  method(
    "contains",
    overload("(string, string) bool", (text: string, part: string, context: CallContext) => scanned(text, context).includes(part)),
  ),
  method(
    "startsWith",
    overload("(string, string) bool", (text: string, part: string) => text.startsWith(part)),
  ),
  method(
    "endsWith",
    overload("(string, string) bool", (text: string, part: string) => text.endsWith(part)),
  ),
  method("matches", matchesOverload()),
  global("matches", matchesOverload()),
];

function sizeOverloads() {
  return [
    overload("(bytes) int", (value: Uint8Array) => BigInt(value.length)),
    overload("(list(A)) int", (value: readonly CelValue[]) => BigInt(value.length)),
    overload("(map(A, B)) int", (value: CelMap) => BigInt(value.size)),
    overload("(string) int", (value: string, context: CallContext) => BigInt(lengthOf(scanned(value, context)))),
  ];
}

/** In code points, as Go's runes. */
function lengthOf(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length - 1; at++)
    if ((text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) length--;
  return length;
}

function scanned(text: string, context: CallContext): string {
  context.charge(text.length * 0.1);
  return text;
}

function matchesOverload() {
  const matches = overload("(string, string) bool", (text: string, pattern: string, context: CallContext) => {
    context.charge((text.length + 1) * 0.1 * Math.max(1, pattern.length * 0.25));
    try {
      return matchesGoRegexp(pattern, text);
    } catch (error) {
      if (error instanceof GoRegexpError) throw new CelError(error.message);
      throw error;
    }
  });
  return checkingLiterals(matches, compileGoRegexp);
}

function parseBool(text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw new CelError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function parseInt64(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw new CelError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  if (BigInt.asIntN(64, value) !== value) throw new CelError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

function parseDouble(text: string): number {
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text))
    throw new CelError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** The two ends are doubles too, but are refused. */
function toInt(value: number): bigint {
  if (Math.abs(value) >= 2 ** 63) throw new CelError("integer overflow");
  return inIntRange(toBigInt(value, "integer overflow"));
}

function toBigInt(value: number, message: string): bigint {
  if (!Number.isFinite(value)) throw new CelError(message);
  return BigInt(Math.trunc(value));
}

function inIntRange(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw new CelError("integer overflow");
  return value;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

/** Go's %g of a float64. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 21) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}
