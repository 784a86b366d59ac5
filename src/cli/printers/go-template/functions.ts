import { compare, equal } from "./comparison.ts";
import { sprint, sprintf, sprintln } from "./printf.ts";
import { boxed, goKind, goType, integerOf, isInvalid, isTrue, Uint8, unboxed, valueOf, type Value } from "./values.ts";
import { isPrintable } from "../../../util/go-quote.ts";

interface GoFunction {
  /** How many arguments it takes; a variadic one takes more. */
  readonly takes: number;
  readonly variadic?: boolean;
  /** Its first parameter is a string; all others take anything. */
  readonly takesText?: boolean;
  call(args: readonly Value[]): Value;
}

const held = (args: readonly Value[]) => args.map((arg) => arg.held ?? null);
const pure = (takes: number, call: (...args: Value[]) => unknown): GoFunction => ({ takes, call: (args) => valueOf(call(...args)) });
const texts = (call: (args: readonly unknown[]) => string): GoFunction => ({
  takes: 0,
  variadic: true,
  call: (args) => valueOf(call(held(args))),
});
const shortCircuit: GoFunction = { takes: 1, variadic: true, call: ([first]) => first as Value };

/** Upstream: text/template/funcs.go, and kubectl's own base64decode and exists. `and` and `or` look at one argument after the other. */
const FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ["and", shortCircuit],
  ["or", shortCircuit],
  ["not", pure(1, (value) => !isTrue(value.held))],
  ["len", pure(1, lengthOf)],
  ["index", { takes: 1, variadic: true, call: ([item, ...keys]) => indexed(item as Value, keys) }],
  ["slice", { takes: 1, variadic: true, call: ([item, ...bounds]) => valueOf(sliced(item as Value, bounds)) }],
  ["print", texts(sprint)],
  ["println", texts(sprintln)],
  [
    "printf",
    { takes: 1, variadic: true, takesText: true, call: ([format, ...rest]) => valueOf(sprintf(String(format?.held), held(rest))) },
  ],
  ["html", texts((args) => htmlEscaped(textOf(args)))],
  ["js", texts((args) => jsEscaped(textOf(args)))],
  ["urlquery", texts((args) => queryEscaped(textOf(args)))],
  ["eq", { takes: 1, variadic: true, call: ([first, ...others]) => valueOf(equal(first as Value, others)) }],
  ["ne", pure(2, (a, b) => !equal(a, [b]))],
  ["lt", pure(2, (a, b) => compare(a, b) < 0)],
  ["le", pure(2, (a, b) => compare(a, b) < 0 || equal(a, [b]))],
  ["gt", pure(2, (a, b) => !(compare(a, b) < 0 || equal(a, [b])))],
  ["ge", pure(2, (a, b) => compare(a, b) >= 0)],
  ["base64decode", { takes: 1, takesText: true, call: ([value]) => valueOf(base64Decoded(String(value?.held))) }],
  ["exists", { takes: 1, variadic: true, call: ([item, ...keys]) => valueOf(exists(item as Value, keys)) }],
  // Nothing that can be called ever comes out of JSON: the evaluator says so.
  ["call", { takes: 1, variadic: true, call: ([callee]) => callee as Value }],
]);

export const isFunction = (name: string): boolean => FUNCTIONS.has(name);

export function findFunction(name: string): GoFunction {
  const found = FUNCTIONS.get(name);
  if (!found) throw new Error(`${JSON.stringify(name)} is not a defined function`);
  return found;
}

/** What is wrong with the number of arguments, or "". */
export function arityError(name: string, given: number, piped: number): string {
  const { takes, variadic } = findFunction(name);
  if (variadic) return given + piped < takes ? `wrong number of args for ${name}: want at least ${takes} got ${given}` : "";
  return given + piped === takes ? "" : `wrong number of args for ${name}: want ${takes} got ${given + piped}`;
}

function lengthOf(item: Value): bigint {
  if (item.boxed && item.held === null) throw new Error("len of nil pointer");
  switch (goKind(item.held)) {
    case "invalid":
      throw new Error("reflect: call of reflect.Value.Type on zero Value");
    case "string":
      return BigInt(Buffer.byteLength(item.held as string));
    case "slice":
      return BigInt((item.held as unknown[]).length);
    case "map":
      return BigInt(Object.keys(item.held as object).length);
    default:
      throw new Error(`len of type ${goType(item.held)}`);
  }
}

function indexed(start: Value, keys: readonly Value[]): Value {
  let item = unboxed(start);
  if (isInvalid(item)) throw new Error("index of untyped nil");
  for (const key of keys) {
    if (item.held === null) throw new Error("index of nil pointer");
    item = indexedOnce(item.held, key.held);
  }
  return item;
}

function indexedOnce(item: unknown, key: unknown): Value {
  if (typeof item === "string") {
    const bytes = Buffer.from(item);
    const byte = bytes[indexArgument(key, bytes.length)];
    if (byte === undefined) throw new Error("reflect: string index out of range");
    return valueOf(new Uint8(byte));
  }
  if (Array.isArray(item)) {
    const at = indexArgument(key, item.length);
    if (at === item.length) throw new Error("reflect: slice index out of range");
    return boxed(item[at]);
  }
  if (goKind(item) !== "map") throw new Error(`can't index item of type ${goType(item)}`);
  if (key === null || key === undefined) throw new Error("value is nil; should be of type string");
  if (typeof key !== "string") throw new Error(`value has type ${goType(key)}; should be string`);
  return boxed(Object.hasOwn(item as object, key) ? (item as Record<string, unknown>)[key] : null);
}

function indexArgument(key: unknown, most: number): number {
  const kind = goKind(key);
  if (kind === "invalid") throw new Error("cannot index slice/array with nil");
  if (kind !== "int" && kind !== "uint") throw new Error(`cannot index slice/array with type ${goType(key)}`);
  const at = integerOf(key);
  if (at < 0n || at > BigInt(most)) throw new Error(`index out of range: ${at}`);
  return Number(at);
}

function sliced(start: Value, bounds: readonly Value[]): unknown {
  const item = unboxed(start).held;
  if (item === undefined) throw new Error("slice of untyped nil");
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`);
  if (typeof item === "string" && bounds.length === 3) throw new Error("cannot 3-index slice a string");
  if (typeof item !== "string" && !Array.isArray(item)) throw new Error(`can't slice item of type ${goType(item)}`);
  const items = typeof item === "string" ? Buffer.from(item) : item;
  const capacity = typeof item === "string" ? items.length : capacityOf(items.length);
  const indexes = bounds.map(({ held: bound }) => indexArgument(bound, capacity));
  const [from = 0, to = items.length, most = to] = indexes;
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  if (to > most) throw new Error(`invalid slice index: ${to} > ${most}`);
  if (typeof item === "string") return items.slice(from, to).toString();
  return Array.from({ length: to - from }, (_, index) => (item as unknown[])[from + index] ?? null);
}

/** Go's lists have room for more: what was appended to one by one doubles. */
const capacityOf = (length: number) => (length === 0 ? 0 : 2 ** Math.ceil(Math.log2(length)));

function exists(start: Value, keys: readonly Value[]): boolean {
  let item = start.held;
  for (const { held: key } of keys) {
    const kind = goKind(item);
    if (kind === "slice" || kind === "string") {
      if (goKind(key) !== "int" && goKind(key) !== "uint") return false;
      const items: ArrayLike<unknown> = typeof item === "string" ? Buffer.from(item) : (item as unknown[]);
      const at = Number(integerOf(key));
      if (at < 0 || at >= items.length) return false;
      item = items[at];
    } else if (kind === "map") {
      if (key !== null && key !== undefined && typeof key !== "string") return false;
      item = Object.hasOwn(item as object, key ?? "") ? (item as Record<string, unknown>)[key ?? ""] : null;
    } else return false;
  }
  // Of nothing nothing is asked for.
  return keys.length === 0 || (item !== null && item !== undefined);
}

/** The text that escaping functions see. */
function textOf(args: readonly unknown[]): string {
  if (args.length === 1 && typeof args[0] === "string") return args[0];
  return sprint(args.map((value) => value ?? "<no value>"));
}

const HTML: Readonly<Record<string, string>> = { "\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const htmlEscaped = (text: string) => text.replace(/[\0"'&<>]/g, (char) => HTML[char] ?? char);

function jsEscaped(text: string): string {
  return [...text]
    .map((char) => {
      if (char === "\\" || char === "'" || char === '"') return `\\${char}`;
      const code = char.codePointAt(0) ?? 0;
      if (code >= 0x80 ? isPrintable(char) : code >= 0x20 && !"<>&=".includes(char)) return char;
      return `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
    })
    .join("");
}

const queryEscaped = (text: string) =>
  encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Upstream: kubectl's template printer decodes standard base64 and tells the first byte that is none. */
function base64Decoded(value: string): string {
  const clean = value.replace(/[\r\n]/g, "");
  const good = /^(?:[A-Za-z0-9+/]{4})*/.exec(clean)?.[0].length ?? 0;
  const rest = clean.slice(good);
  if (rest !== "" && !/^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/.test(rest)) {
    const wrong = rest.search(/[^A-Za-z0-9+/]/);
    throw new Error(`base64 decode failed: illegal base64 data at input byte ${good + (wrong < 0 ? 0 : wrong)}`);
  }
  return Buffer.from(clean, "base64").toString("utf8");
}
