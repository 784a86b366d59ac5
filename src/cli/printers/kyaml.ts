/** YAML in JSON's clothes, as -o kyaml prints it: braces, unquoted plain keys, trailing commas. */
export function renderKyaml(value: unknown): string {
  return `---\n${render(value, "")}\n`;
}

function render(value: unknown, indent: string): string {
  if (Array.isArray(value)) return list(value, indent);
  if (typeof value === "object" && value !== null)
    return map(value as Record<string, unknown>, indent);
  return JSON.stringify(value ?? null);
}

function map(value: Record<string, unknown>, indent: string): string {
  const keys = Object.keys(value).sort();
  if (keys.length === 0) return "{}";
  const lines = keys.map(
    (key) =>
      `${indent}  ${/^[A-Za-z_][\w-]*$/.test(key) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(key) ? key : JSON.stringify(key)}: ${render(value[key], `${indent}  `)},\n`,
  );
  return `{\n${lines.join("")}${indent}}`;
}

function list(value: readonly unknown[], indent: string): string {
  if (value.length === 0) return "[]";
  const nested = value.every((item) => typeof item === "object" && item !== null);
  if (nested) return `[${value.map((item) => render(item, indent)).join(", ")}]`;
  return `[\n${value.map((item) => `${indent}  ${render(item, `${indent}  `)},\n`).join("")}${indent}]`;
}
