/**
 * YAML in JSON's clothes, as -o kyaml prints it: braces, unquoted plain keys, trailing commas.
 * @param asIs for what is a Go type there, whose fields have an order of their own.
 */
export function renderKyaml(value: unknown, asIs = false): string {
  return `---\n${render(value, "", asIs)}\n`;
}

function render(value: unknown, indent: string, asIs: boolean): string {
  if (Array.isArray(value)) return list(value, indent, asIs);
  if (typeof value === "object" && value !== null) return map(value as Record<string, unknown>, indent, asIs);
  if (typeof value === "string" && value.includes("\n")) return foldedText(value, indent);
  if (typeof value === "string") return quoted(value);
  return JSON.stringify(value ?? null);
}

// A tab stands as it is.
const quoted = (text: string) => JSON.stringify(text).replace(/(?<!\\)((?:\\\\)*)\\t/g, "$1\t");

/** A text of several lines: one line each, ended by \\n\\. Blanks in front of a line are kept by a backslash. */
function foldedText(text: string, indent: string): string {
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  const body = (line: string) =>
    quoted(line)
      .slice(1, -1)
      .replace(/^ */, (blanks) => (blanks === "" ? "" : `\\${blanks}`));
  const lead = (line: string) => `${indent}  ${line.startsWith(" ") ? "" : " "}`;
  const shown = lines.map((line) => `${lead(line)}${body(line)}\\n\\\n`);
  if (last !== "") shown.push(`${lead(last)}${body(last)}\\\n`);
  return `"\\\n${shown.join("")}${indent}  "`;
}

function map(value: Record<string, unknown>, indent: string, asIs: boolean): string {
  const keys = asIs ? Object.keys(value) : Object.keys(value).sort();
  if (keys.length === 0) return "{}";
  const lines = keys.map(
    (key) =>
      `${indent}  ${/^[A-Za-z_][\w./-]*$/.test(key) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(key) ? key : JSON.stringify(key)}: ${render(value[key], `${indent}  `, asIs)},\n`,
  );
  return `{\n${lines.join("")}${indent}}`;
}

function list(value: readonly unknown[], indent: string, asIs: boolean): string {
  if (value.length === 0) return "[]";
  const nested = value.every((item) => typeof item === "object" && item !== null);
  if (nested) return `[${value.map((item) => render(item, indent, asIs)).join(", ")}]`;
  return `[\n${value.map((item) => `${indent}  ${render(item, `${indent}  `, asIs)},\n`).join("")}${indent}]`;
}
