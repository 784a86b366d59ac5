import { isObject, sameJson } from "./merge-patch.ts";
import type { SchemaType, StructType } from "./schema.ts";
import { changesBetween } from "./strategic-diff.ts";
import { DIRECTIVE, patchFacts, RETAIN_KEYS, type PatchFacts } from "./strategic-merge.ts";

type Json = Record<string, unknown>;

/** What has changed from original to current, when the patch wants some of it otherwise; undefined when they go together. */
export function conflictingChanges(
  type: StructType,
  patch: Json,
  { original, current }: { original: Json; current: Json },
): Json | undefined {
  const changes = changesBetween(type, original, current);
  return mapsConflict(type, patch, changes) ? changes : undefined;
}

/** Upstream: k8s.io/apimachinery/pkg/util/strategicpatch mergingMapFieldsHaveConflicts */
function valuesConflict(field: PatchFacts | undefined, left: unknown, right: unknown): boolean {
  const type = field?.type;
  if (isObject(left)) {
    if (!isObject(right) || left[DIRECTIVE] !== right[DIRECTIVE]) return true;
    return field?.patchStrategy.includes("replace") ? false : mapsConflict(type, left, right);
  }
  if (Array.isArray(left)) return !Array.isArray(right) || listsConflict(field, left, right);
  return !sameJson(left, right);
}

function mapsConflict(type: SchemaType | undefined, left: Json, right: Json): boolean {
  return Object.keys(left).some(
    (key) =>
      key !== DIRECTIVE && key !== RETAIN_KEYS && Object.hasOwn(right, key) && valuesConflict(patchFacts(type, key), left[key], right[key]),
  );
}

function listsConflict(field: PatchFacts | undefined, left: readonly unknown[], right: readonly unknown[]): boolean {
  const itemType = field?.type.form === "list" ? field.type.item : undefined;
  const ofMaps = [...left, ...right].some(isObject);
  if (field?.patchStrategy.includes("merge")) {
    // Merged lists of scalars never conflict; maps do when those with one key do.
    if (!ofMaps) return false;
    const key = field.mergeKey ?? "";
    return left.some((item) =>
      right.some((other) => isObject(item) && isObject(other) && sameJson(item[key], other[key]) && itemsConflict(itemType, item, other)),
    );
  }
  if (left.length !== right.length) return true;
  const [a, b] = ofMaps ? [left, right] : [[...left].sort(), [...right].sort()];
  return a.some((item, index) => itemsConflict(itemType, item, b[index]));
}

const itemsConflict = (type: SchemaType | undefined, left: unknown, right: unknown): boolean =>
  valuesConflict(type && { type, patchStrategy: [], mergeKey: undefined }, left, right);
