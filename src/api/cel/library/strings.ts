import { CelError } from "../errors.ts";
import { type CallContext, type CelFunction, global, method, overload } from "../functions.ts";
import { CelDuration, CelMap, CelTimestamp, CelTypeValue, type CelValue, CelUint, durationText, isList, timestampText, typeNameOf } from "../values.ts";
import { doubleText } from "./standard.ts";

/** Upstream: cel-go ext/strings.go, version 2 */
export const STRING_FUNCTIONS: readonly CelFunction[] = [
  method("charAt", overload("(string, int) string", (text: string, position: bigint) => charAt(text, Number(position)))),
  method(
    "indexOf",
    overload("(string, string) int", (text: string, part: string) => indexOf(text, part, 0)),
    overload("(string, string, int) int", (text: string, part: string, from: bigint) => indexOf(text, part, Number(from))),
  ),
  method(
    "lastIndexOf",
    overload("(string, string) int", (text: string, part: string) => lastIndexOf(text, part, undefined)),
    overload("(string, string, int) int", (text: string, part: string, from: bigint) => lastIndexOf(text, part, Number(from))),
  ),
  method("lowerAscii", overload("(string) string", (text: string) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase()))),
  method("upperAscii", overload("(string) string", (text: string) => text.replace(/[a-z]+/g, (part) => part.toUpperCase()))),
  method("trim", overload("(string) string", (text: string) => text.trim())),
  method(
    "replace",
    overload("(string, string, string) string", (text: string, from: string, to: string, context: CallContext) => replace(text, from, to, -1, context)),
    overload("(string, string, string, int) string", (text: string, from: string, to: string, limit: bigint, context: CallContext) => replace(text, from, to, Number(limit), context)),
  ),
  method(
    "split",
    overload("(string, string) list(string)", (text: string, separator: string, context: CallContext) => split(text, separator, -1, context)),
    overload("(string, string, int) list(string)", (text: string, separator: string, limit: bigint, context: CallContext) => split(text, separator, Number(limit), context)),
  ),
  method(
    "substring",
    overload("(string, int) string", (text: string, start: bigint) => substring(text, Number(start), undefined)),
    overload("(string, int, int) string", (text: string, start: bigint, end: bigint) => substring(text, Number(start), Number(end))),
  ),
  method(
    "join",
    overload("(list(string)) string", (list: readonly CelValue[], context: CallContext) => join(list, "", context)),
    overload("(list(string), string) string", (list: readonly CelValue[], separator: string, context: CallContext) => join(list, separator, context)),
  ),
  method("format", overload("(string, list(dyn)) string", (text: string, args: readonly CelValue[], context: CallContext) => format(text, args, context))),
  global("strings.quote", overload("(string) string", (text: string) => JSON.stringify(text))),
];

/** Positions count characters, as Go's runes. */
const runes = (text: string) => Array.from(text);

function charAt(text: string, position: number): string {
  const characters = runes(text);
  if (position < 0 || position > characters.length) throw new CelError(`index out of range: ${position}`);
  return characters[position] ?? "";
}

function indexOf(text: string, part: string, from: number): bigint {
  if (part === "") return BigInt(from);
  const characters = runes(text);
  if (from < 0) throw new CelError(`index out of range: ${from}`);
  if (from >= characters.length) return -1n;
  const skipped = characters.slice(0, from).join("").length;
  const found = text.indexOf(part, skipped);
  return found < 0 ? -1n : BigInt(runes(text.slice(0, found)).length);
}

function lastIndexOf(text: string, part: string, from: number | undefined): bigint {
  const characters = runes(text);
  if (part === "") return BigInt(from ?? characters.length);
  if (from !== undefined && from < 0) throw new CelError(`index out of range: ${from}`);
  const last = from === undefined ? undefined : characters.slice(0, from).join("").length;
  const found = text.lastIndexOf(part, last);
  return found < 0 ? -1n : BigInt(runes(text.slice(0, found)).length);
}

function replace(text: string, from: string, to: string, limit: number, context: CallContext): string {
  const parts = from === "" ? ["", ...runes(text), ""] : text.split(from);
  const count = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  context.charge((text.length + count * to.length) * 0.1);
  return parts.slice(0, count + 1).join(to) + parts.slice(count + 1).map((part) => from + part).join("");
}

function split(text: string, separator: string, limit: number, context: CallContext): readonly string[] {
  context.charge(text.length * 0.1);
  if (limit === 0) return [];
  if (limit === 1) return [text];
  const parts = separator === "" ? runes(text) : text.split(separator);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

function substring(text: string, start: number, end: number | undefined): string {
  const characters = runes(text);
  if (end !== undefined && start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0 || start > characters.length) throw new CelError(`index out of range: ${start}`);
  if (end !== undefined && (end < 0 || end > characters.length)) throw new CelError(`index out of range: ${end}`);
  return characters.slice(start, end).join("");
}

function join(list: readonly CelValue[], separator: string, context: CallContext): string {
  const texts = list.map((item) => {
    if (typeof item !== "string") throw new CelError(`join: invalid input: ${String(item)}`);
    context.charge((item.length + separator.length) * 0.1);
    return item;
  });
  return texts.join(separator);
}

/** Upstream: cel-go ext/formatting.go */
function format(text: string, args: readonly CelValue[], context: CallContext): string {
  context.charge(text.length * 0.1);
  let next = 0;
  return text.replace(/%(?:\.(\d+))?([\s\S]?)/g, (_all, precision: string | undefined, clause: string) => {
    if (clause === "%") return "%";
    if (!"sdfexXob".includes(clause) || clause === "") throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${clause}"`);
    const value = args[next];
    if (value === undefined) throw new CelError(`index ${next} out of range`);
    next++;
    const formatted = formatted1(clause, value, precision === undefined ? undefined : Number(precision));
    context.charge(formatted.length * 0.1);
    return formatted;
  });
}

function formatted1(clause: string, value: CelValue, precision: number | undefined): string {
  switch (clause) {
    case "s":
      return stringClause(value);
    case "d":
      return String(wholeNumber(value, "decimal"));
    case "f":
      return realNumber(value, "fixed-point").toFixed(precision ?? 6);
    case "e":
      return realNumber(value, "scientific").toExponential(precision ?? 6).replace(/e([+-])(\d)$/, "e$10$2");
    case "b":
      return typeof value === "boolean" ? (value ? "1" : "0") : wholeNumber(value, "binary").toString(2);
    case "o":
      return wholeNumber(value, "octal").toString(8);
    default: {
      const hex = typeof value === "string" || value instanceof Uint8Array ? Buffer.from(value as string).toString("hex") : wholeNumber(value, "hex").toString(16);
      return clause === "X" ? hex.toUpperCase() : hex;
    }
  }
}

const VERBS: Readonly<Record<string, string>> = {
  decimal: "decimal clause can only be used on integers", binary: "only integers and bools can be formatted as binary", octal: "octal clause can only be used on integers",
  hex: "only integers, byte buffers, and strings can be formatted as hex", "fixed-point": "fixed-point clause can only be used on doubles", scientific: "scientific clause can only be used on doubles",
};

function wholeNumber(value: CelValue, clause: string): bigint {
  if (typeof value === "bigint") return value;
  if (value instanceof CelUint) return value.value;
  throw new CelError(`error during formatting: ${VERBS[clause]}, was given ${typeNameOf(value)}`);
}

function realNumber(value: CelValue, clause: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  throw new CelError(`error during formatting: ${VERBS[clause]}, was given ${typeNameOf(value)}`);
}

function stringClause(value: CelValue): string {
  if (value === null) return "null";
  if (typeof value === "number") return doubleText(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(stringClause).join(", ")}]`;
  if (value instanceof CelMap) {
    const entries = value.keys().map((key) => [stringClause(key), stringClause(value.get(key) ?? null)] as const);
    return `{${entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${key}: ${item}`).join(", ")}}`;
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelTypeValue) return value.type;
  throw new CelError(`error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeNameOf(value)}`);
}
