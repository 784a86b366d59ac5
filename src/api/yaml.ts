/**
 * Prints a JSON value as sigs.k8s.io/yaml does: keys sorted, lists not indented, strings quoted only
 * where a YAML 1.1 reader would take them for something else.
 */
export function renderYaml(value: unknown): string {
  const out: string[] = [];
  if (isCollection(value)) emitCollection(value, 0, out);
  else out.push(`${renderScalar(value, 0, false, 0)}\n`);
  return out.join("");
}

type Json = Record<string, unknown>;

function isCollection(value: unknown): value is Json | unknown[] {
  return typeof value === "object" && value !== null && (Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0);
}

function emitCollection(value: Json | unknown[], indent: number, out: string[]): void {
  if (Array.isArray(value)) emitList(value, indent, out);
  else emitMap(value, indent, out);
}

function emitMap(map: Json, indent: number, out: string[], firstIndent = indent): void {
  let pad = " ".repeat(firstIndent);
  for (const key of Object.keys(map).sort(compareKeys)) {
    const value = map[key];
    if (value === undefined) continue;
    out.push(pad, renderKey(key), ":");
    pad = " ".repeat(indent);
    if (isCollection(value)) {
      out.push("\n");
      emitCollection(value, Array.isArray(value) ? indent : indent + 2, out);
    } else out.push(" ", renderScalar(value, indent + 2, true, (out.at(-3)?.length ?? 0) + (out.at(-2)?.length ?? 0) + 2), "\n");
  }
}

function emitList(list: unknown[], indent: number, out: string[]): void {
  const pad = " ".repeat(indent);
  for (const item of list) {
    out.push(pad, "- ");
    if (Array.isArray(item) && item.length > 0) emitNestedList(item, indent + 2, out);
    else if (isCollection(item)) emitMap(item as Json, indent + 2, out, 0);
    else out.push(renderScalar(item, indent + 2, true, indent + 2), "\n");
  }
}

/** A list inside a list begins on the same line. */
function emitNestedList(list: unknown[], indent: number, out: string[]): void {
  const nested: string[] = [];
  emitList(list, indent, nested);
  out.push(nested.join("").slice(indent));
}

function renderKey(key: string): string {
  return renderString(key, 0, false, 0);
}

/** @param column where on its line the scalar starts: long ones are folded at the 80th column. */
function renderScalar(value: unknown, indent: number, blockAllowed: boolean, column: number): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return renderString(value, indent, blockAllowed, column);
  if (Array.isArray(value)) return "[]";
  if (typeof value === "object") return "{}";
  return renderNumber(value as number | bigint | boolean);
}

/** Whole numbers in full; others as Go's %g: an exponent from the seventh digit on. */
function renderNumber(value: number | bigint | boolean): string {
  if (typeof value !== "number" || (Number.isInteger(value) && Math.abs(value) < 2 ** 64)) return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

const UNPRINTABLE = /[^\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;
const BLOCK_INDICATOR_FIRST = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?:\s|$)|---|\.\.\.)/;

function renderString(value: string, indent: number, blockAllowed: boolean, column: number): string {
  if (value === "") return '""';
  const text = value.includes("\x85") ? foldedBreaks(value) : value;
  const fold = (rendered: string, quoted: "" | "'" | '"') =>
    blockAllowed && rendered.length + column > FOLD_COLUMN ? foldLine(rendered, quoted, indent, column) : rendered;
  if (/^[A-Za-z/][A-Za-z0-9_./-]*$/.test(text) && !RESERVED.has(text)) return text;
  const multiline = /[\n\x85\u2028\u2029]/.test(text);
  if (text.includes("\n")) return blockAllowed && literalAllowed(text) ? renderLiteral(text, indent) : fold(renderDoubleQuoted(text), '"');
  if (resolvesToOther(text)) return renderDoubleQuoted(text);
  if (UNPRINTABLE.test(text)) return fold(renderDoubleQuoted(text), '"');
  const edgeSpace = text.startsWith(" ") || text.endsWith(" ");
  const plain = !multiline && !edgeSpace && !BLOCK_INDICATOR_FIRST.test(text) && !/:(?:\s|$)|\s#/.test(text);
  if (plain) return fold(text, "");
  // What counts as a break is followed by the indentation of the next line.
  const pad = " ".repeat(indent);
  return fold(`'${text.replaceAll("'", "''").replace(/[\u2028\u2029]/g, (separator) => `${separator}${pad}`)}'`, "'");
}

/** kubectl's YAML comes from JSON, whose texts its reader folds: a NEL there is a line break, and one alone becomes a blank. */
export const foldedBreaks = (text: string): string =>
  text.replace(/[ \t]*((?:\x85[ \t]*)+)/g, (_, breaks: string) => "\n".repeat(breaks.split("\x85").length - 2) || " ");

const FOLD_COLUMN = 80;

/** Breaks a long line at single spaces beyond the 80th column. Upstream: go-yaml v2 emitterc.go write_*_scalar */
function foldLine(text: string, quoted: "" | "'" | '"', indent: number, start: number): string {
  const first = quoted === "" ? 0 : 1;
  const last = text.length - first - 1;
  const pad = " ".repeat(indent);
  let out = "";
  let column = start;
  let afterSpace = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index] as string;
    const inside = quoted === "" || (index > first && index < last);
    const single = quoted === '"' || text[index + 1] !== " ";
    if (char === " " && !afterSpace && column > FOLD_COLUMN && inside && single) {
      out += `\n${pad}${quoted === '"' && text[index + 1] === " " ? "\\" : ""}`;
      column = indent;
      afterSpace = true;
      continue;
    }
    out += char;
    column++;
    afterSpace = char === " ";
  }
  return out;
}

function literalAllowed(text: string): boolean {
  // A space before a break or at the very end, and unprintable characters, cannot be kept in a block.
  return !/ (\n|$)/.test(text) && !UNPRINTABLE.test(text);
}

function renderLiteral(text: string, indent: number): string {
  const hint = /^[ \n]/.test(text) ? "2" : "";
  const chomp = !text.endsWith("\n") ? "-" : text === "\n" || text.endsWith("\n\n") ? "+" : "";
  const pad = " ".repeat(indent);
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  const lines = body.split("\n").map((line) => (line === "" ? "" : pad + line));
  return `|${hint}${chomp}\n${lines.join("\n")}`;
}

const ESCAPES: Record<string, string> = {
  "\0": "\\0",
  "\x07": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\x1b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
  "\x85": "\\N",
  "\xa0": "\\_",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

// kubectl's YAML comes from JSON, where these stand as they are; its reader refuses them.
const REFUSED = /[\x7f-\x84\x86-\x9f\ufffe\uffff]/;

function renderDoubleQuoted(text: string): string {
  if (REFUSED.test(text)) throw new Error("yaml: control characters are not allowed");
  // go-yaml looks for a byte order mark at the beginning of the text, whatever character it is at.
  const all = text.startsWith("\ufeff");
  let out = '"';
  for (const char of text) {
    const escape = ESCAPES[char];
    const code = char.codePointAt(0) as number;
    if (escape !== undefined && char !== "\xa0") out += escape;
    else if (!all && !UNPRINTABLE.test(char) && char !== "\ufeff") out += char;
    else if (code <= 0xff) out += `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
    else if (code <= 0xffff) out += `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
    else out += `\\U${code.toString(16).toUpperCase().padStart(8, "0")}`;
  }
  return `${out}"`;
}

// Upstream: go-yaml v2 resolve.go: words that YAML 1.1 takes for booleans, nulls and special floats.
const RESERVED = new Set(
  "y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF ~ null Null NULL .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF".split(
    " ",
  ),
);

function resolvesToOther(text: string): boolean {
  if (RESERVED.has(text)) return true;
  if (!/^[-+.0-9]/.test(text)) return false;
  if (/^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text)) return true;
  const digits = text.replaceAll("_", "");
  if (/^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9]\d*)$/.test(digits)) return true;
  if (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(digits)) return true;
  return /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/.test(text);
}

/** Letters after everything else, numbers by value. Upstream: go-yaml v2 sorter.go keyList.Less */
function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const x = left[i] as string;
    const y = right[i] as string;
    if (x === y) continue;
    const xLetter = /\p{L}/u.test(x);
    const yLetter = /\p{L}/u.test(y);
    if (xLetter && yLetter) return x < y ? -1 : 1;
    if (xLetter || yLetter) {
      // After common digits, the one that ends its number first comes first.
      const afterDigit = i > 0 && /\d/.test(left[i - 1] as string);
      return afterDigit ? (xLetter ? -1 : 1) : yLetter ? -1 : 1;
    }
    const xNumber = numberAt(left, i);
    const yNumber = numberAt(right, i);
    if (xNumber.value !== yNumber.value) return xNumber.value < yNumber.value ? -1 : 1;
    if (xNumber.end !== yNumber.end) return xNumber.end - yNumber.end;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

function numberAt(chars: readonly string[], from: number): { readonly value: number; readonly end: number } {
  let end = from;
  let value = 0;
  while (end < chars.length && /\d/.test(chars[end] as string)) value = value * 10 + Number(chars[end++]);
  return { value, end };
}
