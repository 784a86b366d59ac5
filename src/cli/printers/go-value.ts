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
  if (typeof value === "number" && !Number.isInteger(value)) return goFloat(value);
  return String(value);
}

/** %v of a float64: exponents below 1e-4 and from 1e21 on. */
export function goFloat(value: number): string {
  const abs = Math.abs(value);
  if (abs !== 0 && (abs < 1e-4 || abs >= 1e21)) return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return String(value);
}
