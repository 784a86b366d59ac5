import { createHash } from "node:crypto";
import { renderJson, sortKeys } from "../../api/go-json.ts";
import type { KObject } from "./resource.ts";
import type { ResourceList } from "./resource-list.ts";

// Digits and letters that could spell words give way to others. Upstream: kubectl/pkg/util/hash encodeHash
const SAFE: Readonly<Record<string, string>> = { 0: "g", 1: "h", 3: "k", a: "m", e: "t" };

/** Ends the names of what was generated in a hash of its content. */
export function hashNames({ all }: ResourceList): void {
  for (const resource of all) {
    if (!resource.needsHash) continue;
    resource.remember();
    resource.metadata.name = `${resource.id.name}-${contentHash(resource.object)}`;
  }
}

/** The name of the object is left out: kustomize looks it up under a key that is not there. */
function contentHash(object: KObject): string {
  const { kind, data = "", binaryData, stringData, type = "" } = object;
  if (kind === "ConfigMap") return hashOf({ kind, name: "", data, ...(binaryData ? { binaryData } : {}) });
  if (kind === "Secret") return hashOf({ kind, name: "", type, data, ...(stringData ? { stringData } : {}) });
  return hashOf(object);
}

/** Ten characters that stand for a value. */
export function hashOf(value: unknown): string {
  const hex = createHash("sha256")
    .update(renderJson(sortKeys(value), 0))
    .digest("hex");
  return hex.slice(0, 10).replace(/[013ae]/g, (char) => SAFE[char] ?? char);
}
