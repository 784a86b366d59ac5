import { sameJson } from "../api/merge-patch.ts";
import type { KubernetesObject } from "../api/meta.ts";

// The order in which Go writes metav1.ObjectMeta.
const METADATA_ORDER = [
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
];
const TOP_ORDER = ["kind", "apiVersion", "metadata"];

/** A deep copy of plain JSON data without its undefined members: what a round trip through the wire would give. */
export function cloneJson<T>(value: T): T {
  return cloneUnknown(value) as T;
}

function cloneUnknown(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneUnknown);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) setOwn(copy, key, cloneUnknown(member));
  }
  return copy;
}

/** `out["__proto__"] = x` would set the prototype: user-chosen keys are defined instead. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

/** The object with its keys in the order of the wire: kind, apiVersion, metadata as Go orders it, then spec, status and the rest. */
export function canonical<T extends KubernetesObject>(object: T, apiVersion: string, kind: string): T {
  const source = object as unknown as Record<string, unknown>;
  const ordered: Record<string, unknown> = { kind, apiVersion, metadata: canonicalMetadata(source["metadata"] as Record<string, unknown>) };
  for (const key of Object.keys(source))
    if (!TOP_ORDER.includes(key) && key !== "status" && source[key] !== undefined) setOwn(ordered, key, source[key]);
  if (source["status"] !== undefined) ordered["status"] = source["status"];
  return ordered as unknown as T;
}

function canonicalMetadata(metadata: Record<string, unknown>): Record<string, unknown> {
  const ordered: Record<string, unknown> = {};
  for (const key of METADATA_ORDER) {
    const value = metadata[key];
    if (value === undefined || value === null) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    if (key === "labels" || key === "annotations") {
      const sorted = sortedMap(value as Record<string, unknown>);
      if (Object.keys(sorted).length > 0) ordered[key] = sorted;
    } else ordered[key] = value;
  }
  return ordered;
}

function sortedMap(map: Record<string, unknown>): Record<string, unknown> {
  const sorted: Record<string, unknown> = {};
  for (const key of Object.keys(map).sort()) setOwn(sorted, key, map[key]);
  return sorted;
}

/**
 * Puts what has not changed back as it was, in place: who compares by identity sees at once that the spec and
 * the labels are the same, and versions of an object share their memory.
 */
export function shareUnchanged(next: KubernetesObject, old: KubernetesObject): void {
  share(next as unknown as Record<string, unknown>, old as unknown as Record<string, unknown>);
  share(next.metadata as unknown as Record<string, unknown>, old.metadata as unknown as Record<string, unknown>);
}

function share(next: Record<string, unknown>, old: Record<string, unknown>): void {
  for (const key of Object.keys(next)) {
    const value = next[key];
    if (key !== "metadata" && typeof value === "object" && value !== old[key] && sameJson(value, old[key])) setOwn(next, key, old[key]);
  }
}

/** Whether two JSON values say the same: null, which Go writes for times that are not set, is as good as absent. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? undefined) === (b ?? undefined)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key of Object.keys(left)) if (!deepEqual(left[key], right[key])) return false;
  for (const key of Object.keys(right)) if ((right[key] ?? undefined) !== undefined && (left[key] ?? undefined) === undefined) return false;
  return true;
}

/** Everything but metadata and status, the part that a generation counts. */
export function sameDesired(a: KubernetesObject, b: KubernetesObject): boolean {
  return deepEqual(desiredOf(a), desiredOf(b));
}

function desiredOf(object: KubernetesObject): Record<string, unknown> {
  return {
    ...(object as unknown as Record<string, unknown>),
    kind: undefined,
    apiVersion: undefined,
    metadata: undefined,
    status: undefined,
  };
}
