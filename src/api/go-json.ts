import { formatFloat } from "../util/go-float.ts";

/** JSON as kubectl prints it: four spaces, Go's escapes. */
export function renderJson(value: unknown, indent = 4): string {
  return JSON.stringify(value, null, indent).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

// An object of JavaScript has keys like "10" before all others, whatever the order they came in. While they are sorted they carry a mark;
// a quote in front of it that is not escaped stands at the start of a key or a value, the colon behind tells the key.
const MARKED_KEY = /(?<!\\)"\\u0000(\d+":)/g;

/** A value with its keys sorted, as JSON. */
export function renderSortedJson(value: unknown, indent = 4): string {
  let marked = false;
  const mark = (key: string) => {
    if (!/^(0|[1-9]\d*)$/.test(key)) return key;
    marked = true;
    return `\u0000${key}`;
  };
  const text = renderJson(sortedBy(value, mark), indent);
  return marked ? text.replace(MARKED_KEY, '"$1') : text;
}

function sortedBy(value: unknown, keyOf: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => sortedBy(each, keyOf));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [keyOf(key), sortedBy(each, keyOf)]));
}

/** Objects with their keys in order, as maps of Go are printed. */
export function sortKeys<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sortKeys) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sortKeys(each)]),
  ) as T;
}

/** %v of a number that came from JSON: whole ones are int64 there, as far as those go. */
export const goFloat = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? String(value) : formatFloat(value, "g");
