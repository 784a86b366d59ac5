import { foldedBreaks } from "../../api/yaml.ts";

/**
 * YAML in JSON's clothes, as -o kyaml prints it: braces, unquoted plain keys, trailing commas.
 * @param asIs for what is a Go type there, whose fields have an order of their own.
 */
export function renderKyaml(value: unknown, asIs = false): string {
  return `---\n${render(value, "", asIs)}\n`;
}

function render(given: unknown, indent: string, asIs: boolean): string {
  const value = typeof given === "string" && given.includes("\x85") ? foldedBreaks(given) : given;
  if (Array.isArray(value)) return list(value, indent, asIs);
  if (typeof value === "object" && value !== null) return map(value as Record<string, unknown>, indent, asIs);
  if (typeof value === "string" && value.includes("\n")) return foldedText(value, indent);
  if (typeof value === "string") return quoted(value);
  return JSON.stringify(value ?? null);
}

const quoted = (text: string) => `"${escaped(text)}"`;

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\r": "\\r",
  "\v": "\\v",
  "\x1b": "\\e",
  "\x85": "\\N",
  "\xa0": "\\_",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

// The reader that kubectl's printer begins with refuses these.
const REFUSED = /[\x7f-\x84\x86-\x9f\ufffe\uffff]/;

/** What cannot be printed is escaped; a tab stands as it is. */
function escaped(text: string): string {
  if (REFUSED.test(text)) throw new Error("error decoding: yaml: control characters are not allowed");
  return text.replace(/["\\]|(?![ \t])[\p{C}\p{Z}]/gu, (char) => {
    const known = /["\\]/.test(char) ? `\\${char}` : ESCAPES[char];
    if (known !== undefined) return known;
    const code = (char.codePointAt(0) ?? 0).toString(16);
    if (char < " ") return `\\x${code.padStart(2, "0")}`;
    return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}

/** Keys that no reader takes for anything else stand without quotes. Upstream: sigs.k8s.io/yaml/kyaml needsQuotes */
function needsQuotes(key: string): boolean {
  if (!/^[\p{L}\p{N}_]([\p{L}\p{N}_\-./]*[\p{L}\p{N}_])?$/u.test(key)) return true;
  if (/^(null|true|false|t|f|y|yes|n|no|on|off|inf|infinity|nan)$/i.test(key)) return true;
  const digits = key.replaceAll("_", "");
  return /^(0b[01]+|0o[0-7]+|0x[\da-f]+|\d+\.?\d*(e-?\d+)?)$/i.test(digits) || /^\d{4}-\d{1,2}-\d{1,2}$/.test(key);
}

/** A text of several lines: one line each, ended by \\n\\. Blanks in front of a line are kept by a backslash. */
function foldedText(text: string, indent: string): string {
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  const body = (line: string) => escaped(line).replace(/^[ \t]+/, (blanks) => `\\${blanks}`);
  const lead = (line: string) => `${indent}  ${/^[ \t]/.test(line) ? "" : " "}`;
  const shown = lines.map((line) => `${lead(line)}${body(line)}\\n\\\n`);
  if (last !== "") shown.push(`${lead(last)}${body(last)}\\\n`);
  return `"\\\n${shown.join("")}${indent}  "`;
}

function map(value: Record<string, unknown>, indent: string, asIs: boolean): string {
  const keys = asIs ? Object.keys(value) : Object.keys(value).sort();
  if (keys.length === 0) return "{}";
  const lines = keys.map((key) => `${indent}  ${needsQuotes(key) ? quoted(key) : key}: ${render(value[key], `${indent}  `, asIs)},\n`);
  return `{\n${lines.join("")}${indent}}`;
}

function list(value: readonly unknown[], indent: string, asIs: boolean): string {
  if (value.length === 0) return "[]";
  const nested = value.every((item) => typeof item === "object" && item !== null);
  if (nested) return `[${value.map((item) => render(item, indent, asIs)).join(", ")}]`;
  return `[\n${value.map((item) => `${indent}  ${render(item, `${indent}  `, asIs)},\n`).join("")}${indent}]`;
}
