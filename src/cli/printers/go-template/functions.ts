import { goValue } from "../go-value.ts";

/** A field or key that is not there: prints as <no value>. */
export const NO_VALUE = Symbol("no value");

/** False, 0, nil, and empty text and collections are not true. */
export function isTrue(value: unknown): boolean {
  if (value === NO_VALUE || value === null || value === undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object") return Object.keys(value).length > 0;
  return Boolean(value);
}

type GoFunction = (...args: unknown[]) => unknown;

/** Upstream: text/template/funcs.go, and kubectl's own base64decode and exists. */
const FUNCTIONS: Readonly<Record<string, GoFunction>> = {
  not: (value) => !isTrue(value),
  len: (value) => {
    if (typeof value === "string") return BigInt(Buffer.byteLength(value));
    if (Array.isArray(value)) return BigInt(value.length);
    if (typeof value === "object" && value !== null) return BigInt(Object.keys(value).length);
    throw new Error(isNil(value) ? "reflect: call of reflect.Value.Type on zero Value" : `len of type ${goType(value)}`);
  },
  index: (value, ...keys) => keys.reduce(indexOne, value),
  slice: (value, ...bounds) => sliced(value, bounds),
  print: (...args) => sprint(args),
  println: (...args) => `${args.map(text).join(" ")}\n`,
  printf: (format, ...args) => sprintf(String(format), args),
  html: (...args) =>
    sprint(args).replace(/[&<>"']/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" })[char] ?? char),
  js: (...args) =>
    sprint(args).replace(
      /['"\\<>&=\n\r\t]/g,
      (char) =>
        ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[char] ??
        (/['"\\]/.test(char) ? `\\${char}` : `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`),
    ),
  urlquery: (...args) => encodeURIComponent(sprint(args)).replaceAll("%20", "+"),
  eq: (first, ...others) => others.some((other) => equal(first, other)),
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => order(a, b) < 0,
  le: (a, b) => order(a, b) <= 0,
  gt: (a, b) => order(a, b) > 0,
  ge: (a, b) => order(a, b) >= 0,
  base64decode: (value) => base64Decoded(String(value)),
  exists: (value, ...keys) => {
    let current = value;
    for (const key of keys) {
      if (typeof current !== "object" || current === null || !Object.hasOwn(current, String(key))) return false;
      current = (current as Record<string, unknown>)[String(key)];
    }
    return true;
  },
};

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

export const isFunction = (name: string): boolean => name === "and" || name === "or" || name === "call" || Object.hasOwn(FUNCTIONS, name);

/** How many arguments a function takes at least, and at most. */
const ARITIES: Readonly<Record<string, readonly [number, number]>> = {
  ...Object.fromEntries(["len", "not", "base64decode"].map((name) => [name, [1, 1]])),
  ...Object.fromEntries(["ne", "lt", "le", "gt", "ge"].map((name) => [name, [2, 2]])),
  ...Object.fromEntries(["index", "slice", "eq", "printf", "exists", "and", "or"].map((name) => [name, [1, Infinity]])),
};

/** What is wrong with the number of arguments, or "". */
export function arityError(name: string, count: number): string {
  const [least, most] = ARITIES[name] ?? [0, Infinity];
  if (count >= least && count <= most) return "";
  return `wrong number of args for ${name}: want ${least === most ? "" : "at least "}${least} got ${count}`;
}

export function callFunction(name: string, args: readonly unknown[]): unknown {
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!found) throw new Error(`function ${JSON.stringify(name)} not defined`);
  return found(...args);
}

function indexOne(value: unknown, key: unknown): unknown {
  if (value === NO_VALUE || value === null || value === undefined) throw new Error("index of untyped nil");
  if (Array.isArray(value) || typeof value === "string") {
    if (key === null || key === NO_VALUE) throw new Error("cannot index slice/array with nil");
    if (kindOf(key) !== "int") throw new Error(`cannot index slice/array with type ${goType(key)}`);
    const items: ArrayLike<unknown> = typeof value === "string" ? Buffer.from(value) : value;
    const at = Number(key);
    if (at < 0 || at > items.length) throw new Error(`index out of range: ${at}`);
    if (at === items.length) throw new Error(`reflect: ${typeof value === "string" ? "string" : "slice"} index out of range`);
    const item = items[at];
    return typeof value === "string" ? BigInt(item as number) : item;
  }
  if (typeof value !== "object") throw new Error(`can't index item of type ${goType(value)}`);
  if (key === null || key === NO_VALUE) throw new Error("value is nil; should be of type string");
  if (typeof key !== "string") throw new Error(`value has type ${goType(key)}; should be string`);
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : NO_VALUE;
}

function sliced(value: unknown, bounds: readonly unknown[]): unknown {
  if (isNil(value)) throw new Error("slice of untyped nil");
  if (typeof value !== "string" && !Array.isArray(value)) throw new Error(`can't slice item of type ${goType(value)}`);
  const items = typeof value === "string" ? Buffer.from(value) : (value as unknown[]);
  for (const bound of bounds) {
    if (kindOf(bound) !== "int") throw new Error(`cannot index slice/array with type ${goType(bound)}`);
    if (Number(bound) < 0 || Number(bound) > items.length) throw new Error(`index out of range: ${bound}`);
  }
  const [from = 0, to = items.length] = bounds.map(Number);
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  const part = items.slice(from, to);
  return Buffer.isBuffer(part) ? part.toString("utf8") : part;
}

const isNil = (value: unknown) => value === null || value === undefined || value === NO_VALUE;

/** Ints of all sizes can be compared. */
const kindOf = (value: unknown) => goType(value).replace(/^int64$/, "int");

const incompatible = (a: unknown, b: unknown) => new Error(`incompatible types for comparison: ${goType(a)} and ${goType(b)}`);

function equal(a: unknown, b: unknown): boolean {
  for (const each of [a, b])
    if (typeof each === "object" && each !== null) throw new Error(`non-comparable type ${goValue(each)}: ${goType(each)}`);
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  if (kindOf(a) !== kindOf(b)) throw incompatible(a, b);
  return kindOf(a) === "int" ? Number(a) === Number(b) : a === b;
}

function order(a: unknown, b: unknown): number {
  for (const each of [a, b]) if (isNil(each) || typeof each === "object") throw new Error("invalid type for comparison");
  if (kindOf(a) !== kindOf(b)) throw incompatible(a, b);
  if (typeof a === "boolean") throw new Error("invalid type for comparison");
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

const text = (value: unknown) => (value === NO_VALUE ? "<no value>" : goValue(value));

/** Spaces only between values that are both no text. */
function sprint(args: readonly unknown[]): string {
  return args
    .map((value, index) => (index > 0 && typeof value !== "string" && typeof args[index - 1] !== "string" ? " " : "") + text(value))
    .join("");
}

function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const out = format.replace(
    /%([-+# 0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g,
    (_whole, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === "%") return "%";
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const value = args[next++];
      const body = formatted(verb, value, precision === undefined ? undefined : Number(precision));
      const signed = flags.includes("+") && (typeof value === "number" || typeof value === "bigint") && value >= 0 ? `+${body}` : body;
      const size = Number(width || 0);
      if (flags.includes("-")) return signed.padEnd(size);
      return flags.includes("0") && (typeof value === "number" || typeof value === "bigint")
        ? signed.padStart(size, "0")
        : signed.padStart(size);
    },
  );
  return next < args.length
    ? `${out}%!(EXTRA ${args
        .slice(next)
        .map((value) => `${goType(value)}=${text(value)}`)
        .join(", ")})`
    : out;
}

function formatted(verb: string, value: unknown, precision: number | undefined): string {
  switch (verb) {
    case "v":
      return text(value);
    case "s":
      return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
        ? `%!s(${goType(value)}=${text(value)})`
        : text(value).slice(0, precision);
    case "q":
      return JSON.stringify(text(value));
    case "d":
      return kindOf(value) === "int" ? String(value) : `%!d(${goType(value)}=${text(value)})`;
    case "f":
    case "F":
      return typeof value === "number" ? value.toFixed(precision ?? 6) : `%!f(${goType(value)}=${text(value)})`;
    case "g":
      return typeof value === "number" ? String(value) : `%!g(${goType(value)}=${text(value)})`;
    case "x":
      return typeof value === "bigint" || typeof value === "number" ? value.toString(16) : Buffer.from(text(value)).toString("hex");
    case "X":
      return formatted("x", value, precision).toUpperCase();
    case "t":
      return typeof value === "boolean" ? String(value) : `%!t(${goType(value)}=${text(value)})`;
    case "c":
      return String.fromCodePoint(Number(value));
    case "T":
      return goType(value);
    default:
      return `%!${verb}(${goType(value)}=${text(value)})`;
  }
}

export function goType(value: unknown): string {
  if (value === null || value === undefined || value === NO_VALUE) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : "string";
}
