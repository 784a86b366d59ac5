import { CelError } from "../errors.ts";
import { type CallContext, type CelFunction, global, method, overload } from "../functions.ts";
import type { CelValue } from "../values.ts";
import { formatText } from "./formatting.ts";

/** Upstream: cel-go ext/strings.go, version 2 */
export const STRING_FUNCTIONS: readonly CelFunction[] = [
  method(
    "charAt",
    overload("(string, int) string", (text: string, position: bigint) => charAt(text, Number(position))),
  ),
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
  method(
    "lowerAscii",
    overload("(string) string", (text: string) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase())),
  ),
  method(
    "upperAscii",
    overload("(string) string", (text: string) => text.replace(/[a-z]+/g, (part) => part.toUpperCase())),
  ),
  method("trim", overload("(string) string", trim)),
  method(
    "replace",
    overload("(string, string, string) string", (text: string, from: string, to: string, context: CallContext) =>
      replace(text, from, to, -1, context),
    ),
    overload("(string, string, string, int) string", (text: string, from: string, to: string, limit: bigint, context: CallContext) =>
      replace(text, from, to, Number(limit), context),
    ),
  ),
  method(
    "split",
    overload("(string, string) list(string)", (text: string, separator: string, context: CallContext) =>
      split(text, separator, -1, context),
    ),
    overload("(string, string, int) list(string)", (text: string, separator: string, limit: bigint, context: CallContext) =>
      split(text, separator, Number(limit), context),
    ),
  ),
  method(
    "substring",
    overload("(string, int) string", (text: string, start: bigint) => substring(text, Number(start), undefined)),
    overload("(string, int, int) string", (text: string, start: bigint, end: bigint) => substring(text, Number(start), Number(end))),
  ),
  method(
    "join",
    overload("(list(string)) string", (list: readonly CelValue[], context: CallContext) => join(list, "", context)),
    overload("(list(string), string) string", (list: readonly CelValue[], separator: string, context: CallContext) =>
      join(list, separator, context),
    ),
  ),
  method(
    "format",
    overload("(string, list(dyn)) string", (text: string, args: readonly CelValue[], context: CallContext) =>
      formatText(text, args, context),
    ),
  ),
  global(
    "strings.quote",
    overload("(string) string", (text: string) => JSON.stringify(text)),
  ),
];

/** Positions count characters, as Go's runes. */
const runes = (text: string) => Array.from(text);

/** What Go takes for white space, which is not what JavaScript does. */
function trim(text: string): string {
  return text.replace(
    /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g,
    "",
  );
}

function charAt(text: string, position: number): string {
  const characters = runes(text);
  if (position < 0 || position > characters.length) throw new CelError(`index out of range: ${position}`);
  return characters[position] ?? "";
}

/** An offset beyond the end finds nothing; the empty text is found at the end then. */
function indexOf(text: string, part: string, from: number): bigint {
  if (from < 0) throw new CelError(`index out of range: ${from}`);
  const characters = runes(text);
  if (part === "") return BigInt(Math.min(from, characters.length));
  if (from >= characters.length) return -1n;
  const found = text.indexOf(part, characters.slice(0, from).join("").length);
  return found < 0 ? -1n : BigInt(runes(text.slice(0, found)).length);
}

function lastIndexOf(text: string, part: string, from: number | undefined): bigint {
  if (from !== undefined && from < 0) throw new CelError(`index out of range: ${from}`);
  const characters = runes(text);
  if (part === "") return BigInt(Math.min(from ?? characters.length, characters.length));
  if (from !== undefined && from >= characters.length) return -1n;
  const found = text.lastIndexOf(part, from === undefined ? undefined : characters.slice(0, from).join("").length);
  return found < 0 ? -1n : BigInt(runes(text.slice(0, found)).length);
}

function replace(text: string, from: string, to: string, limit: number, context: CallContext): string {
  const parts = from === "" ? ["", ...runes(text), ""] : text.split(from);
  const count = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  context.charge((text.length + count * to.length) * 0.1);
  return (
    parts.slice(0, count + 1).join(to) +
    parts
      .slice(count + 1)
      .map((part) => from + part)
      .join("")
  );
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
