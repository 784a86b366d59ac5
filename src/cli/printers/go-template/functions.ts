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
    if (typeof value === "string") return Buffer.byteLength(value);
    if (Array.isArray(value)) return value.length;
    if (typeof value === "object" && value !== null) return Object.keys(value).length;
    throw new Error("1: error calling len: len of nil pointer");
  },
  index: (value, ...keys) => keys.reduce(indexOne, value),
  slice: (value, from, to) => (value as string | unknown[]).slice(Number(from ?? 0), to === undefined ? undefined : Number(to)),
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
  base64decode: (value) => Buffer.from(String(value), "base64").toString("utf8"),
  exists: (value, ...keys) => {
    let current = value;
    for (const key of keys) {
      if (typeof current !== "object" || current === null || !Object.hasOwn(current, String(key))) return false;
      current = (current as Record<string, unknown>)[String(key)];
    }
    return true;
  },
};

export const isFunction = (name: string): boolean => name === "and" || name === "or" || name === "call" || Object.hasOwn(FUNCTIONS, name);

export function callFunction(name: string, args: readonly unknown[]): unknown {
  const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!found) throw new Error(`1: function ${JSON.stringify(name)} not defined`);
  return found(...args);
}

function indexOne(value: unknown, key: unknown): unknown {
  if (value === NO_VALUE || value === null || value === undefined) throw new Error("1: error calling index: index of untyped nil");
  if (Array.isArray(value)) {
    const at = Number(key);
    if (at < 0 || at >= value.length) throw new Error(`1: error calling index: index out of range: ${at}`);
    return value[at];
  }
  if (typeof value === "string") return value.charCodeAt(Number(key));
  if (typeof value !== "object") throw new Error(`1: error calling index: can't index item of type ${typeof value}`);
  return Object.hasOwn(value, String(key)) ? (value as Record<string, unknown>)[String(key)] : NO_VALUE;
}

function equal(a: unknown, b: unknown): boolean {
  if (typeof a === "object" && a !== null) throw new Error("1: error calling eq: non-comparable type");
  if (a !== undefined && b !== undefined && a !== null && b !== null && a !== NO_VALUE && b !== NO_VALUE && typeof a !== typeof b)
    throw new Error("1: error calling eq: incompatible types for comparison");
  return a === b;
}

function order(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) throw new Error("1: error calling lt: incompatible types for comparison");
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
      const signed = flags.includes("+") && typeof value === "number" && value >= 0 ? `+${body}` : body;
      const size = Number(width || 0);
      if (flags.includes("-")) return signed.padEnd(size);
      return flags.includes("0") && typeof value === "number" ? signed.padStart(size, "0") : signed.padStart(size);
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
      return typeof value === "number" || typeof value === "boolean"
        ? `%!s(${goType(value)}=${text(value)})`
        : text(value).slice(0, precision);
    case "q":
      return JSON.stringify(text(value));
    case "d":
      return typeof value === "number" && Number.isInteger(value) ? String(value) : `%!d(${goType(value)}=${text(value)})`;
    case "f":
    case "F":
      return typeof value === "number" ? value.toFixed(precision ?? 6) : `%!f(${goType(value)}=${text(value)})`;
    case "g":
      return typeof value === "number" ? String(value) : `%!g(${goType(value)}=${text(value)})`;
    case "x":
      return typeof value === "number" ? value.toString(16) : Buffer.from(text(value)).toString("hex");
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

function goType(value: unknown): string {
  if (value === null || value === undefined || value === NO_VALUE) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  return typeof value === "number" ? (Number.isInteger(value) ? "int" : "float64") : typeof value === "boolean" ? "bool" : "string";
}
