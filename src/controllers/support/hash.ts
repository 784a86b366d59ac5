const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** FNV-32a of a value's JSON with sorted keys, in the alphabet of safe names: what pod-template-hash looks like. Upstream: controller.ComputeHash */
export function safeHash(value: unknown, collisionCount = 0): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(stable(value) + (collisionCount > 0 ? String(collisionCount) : "")))
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return [...String(hash)].map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join("");
}

function stable(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(stable).join(",")}]`;
  const map = value as Record<string, unknown>;
  return `{${Object.keys(map)
    .filter((key) => map[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${stable(map[key])}`)
    .join(",")}}`;
}

export function sameValue(a: unknown, b: unknown): boolean {
  return stable(a) === stable(b);
}
