import { createHash } from "node:crypto";
import { renderJson, sortKeys } from "../../api/go-json.ts";

// Digits and letters that could spell words give way to others. Upstream: kubectl/pkg/util/hash encodeHash
const SAFE: Readonly<Record<string, string>> = { 0: "g", 1: "h", 3: "k", a: "m", e: "t" };

/** Ten characters that stand for a value: what names of generated objects end in. */
export function hashOf(value: unknown): string {
  const hex = createHash("sha256")
    .update(renderJson(sortKeys(value), 0))
    .digest("hex");
  return hex.slice(0, 10).replace(/[013ae]/g, (char) => SAFE[char] ?? char);
}
