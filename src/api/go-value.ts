import { goFloat } from "./go-json.ts";

/** A value that came from JSON as Go's %v prints it: map[a:1 b:x], [1 2]. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`;
  if (value instanceof Map) return `map[${[...value].map(([key, each]) => `${goValue(key)}:${goValue(each)}`).join(" ")}]`;
  if (typeof value === "object")
    return `map[${Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => `${key}:${goValue(each)}`)
      .join(" ")}]`;
  if (typeof value === "number") return goFloat(value);
  return String(value);
}
