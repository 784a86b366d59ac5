import { isObject, sameJson, setKey } from "./merge-patch.ts";
import type { SchemaType, StructType } from "./schema.ts";
import {
  DELETE_FROM,
  DIRECTIVE,
  ELEMENT_ORDER,
  mergeStrategicPatches,
  patchFacts,
  type PatchFacts,
  RETAIN_KEYS,
} from "./strategic-merge.ts";

/** Makes strategic patches, as kubectl does. Upstream: k8s.io/apimachinery/pkg/util/strategicpatch (diffMaps, diffLists) */
type Json = Record<string, unknown>;

interface DiffOptions {
  readonly deletions: boolean;
  readonly changes: boolean;
  /** Whether lists get their $setElementOrder. */
  readonly order: boolean;
  /** Whether this object lists the keys that stay: unions and deployment strategies. */
  readonly retainKeys?: boolean;
}

/**
 * What `kubectl apply` sends for built-in kinds: additions and changes from current to modified,
 * deletions from original to modified.
 */
export function createThreeWayStrategicPatch(type: StructType, original: unknown, modified: unknown, current: unknown): Json {
  const target = isObject(modified) ? modified : {};
  const delta = diffMaps(type, isObject(current) ? current : {}, target, { deletions: false, changes: true, order: true });
  const deletions = diffMaps(type, isObject(original) ? original : {}, target, { deletions: true, changes: false, order: true });
  return mergeStrategicPatches(type, deletions, delta);
}

/** The strategic patch from one object to another, as `kubectl edit` and `set` send it. */
export function createTwoWayStrategicPatch(type: StructType, original: unknown, modified: unknown): Json {
  return diffMaps(type, isObject(original) ? original : {}, isObject(modified) ? modified : {}, {
    deletions: true,
    changes: true,
    order: true,
  });
}

/** What somebody has changed: a patch that cannot be sent, as it does not say in which order lists are. */
export const changesBetween = (type: StructType, original: Json, current: Json): Json =>
  diffMaps(type, original, current, { deletions: true, changes: true, order: false });

function diffMaps(type: SchemaType | undefined, original: Json, modified: Json, options: DiffOptions): Json {
  const patch: Json = {};
  for (const [key, value] of Object.entries(modified)) {
    if (!Object.hasOwn(original, key)) {
      if (options.changes) setKey(patch, key, value);
    } else diffMember(patchFacts(type, key), key, original[key], value, options, patch);
  }
  if (options.deletions) for (const key of Object.keys(original)) if (!Object.hasOwn(modified, key)) setKey(patch, key, null);
  if (options.retainKeys) {
    const retained = Object.keys(modified)
      .filter((key) => modified[key] !== null)
      .sort();
    const loses = Object.entries(original).some(([key, value]) => value !== null && !Object.hasOwn(modified, key));
    if (retained.length > 0 && (Object.keys(patch).length > 0 || loses)) patch[RETAIN_KEYS] = retained;
  }
  return patch;
}

function diffMember(
  field: PatchFacts | undefined,
  key: string,
  original: unknown,
  modified: unknown,
  options: DiffOptions,
  patch: Json,
): void {
  const inner = { ...options, retainKeys: field?.patchStrategy.includes("retainKeys") ?? false };
  if (isObject(original) && isObject(modified)) {
    if (field?.patchStrategy.includes("replace")) {
      if (options.changes) setKey(patch, key, modified);
      return;
    }
    const difference = diffMaps(field?.type, original, modified, inner);
    if (Object.keys(difference).length > 0) setKey(patch, key, difference);
  } else if (Array.isArray(original) && Array.isArray(modified) && field?.patchStrategy.includes("merge")) {
    diffLists(field, key, original, modified, inner, patch);
  } else if (options.changes && !sameJson(original, modified)) setKey(patch, key, modified);
}

function diffLists(
  field: PatchFacts,
  key: string,
  original: readonly unknown[],
  modified: readonly unknown[],
  options: DiffOptions,
  patch: Json,
): void {
  if (original.length === 0) {
    if (modified.length > 0 && options.changes) setKey(patch, key, modified);
    return;
  }
  const difference = [...original, ...modified].some(isObject)
    ? diffItems(field, original, modified, options)
    : diffScalars(original, modified, options);
  const { items, removed, isOrdered } = difference;
  if (items.length > 0) setKey(patch, key, items);
  if (removed.length > 0) setKey(patch, `${DELETE_FROM}${key}`, removed);
  if (!isOrdered || !options.order || modified.length === 0) return;
  const { mergeKey } = field;
  setKey(
    patch,
    `${ELEMENT_ORDER}${key}`,
    modified.map((item) => (isObject(item) && mergeKey !== undefined ? { [mergeKey]: item[mergeKey] } : item)),
  );
}

interface ListDifference {
  readonly items: unknown[];
  readonly removed: unknown[];
  /** Whether the server must be told the order. */
  readonly isOrdered: boolean;
}

function diffScalars(original: readonly unknown[], modified: readonly unknown[], options: DiffOptions): ListDifference {
  const sorted = [...original].sort(byText);
  const items = options.changes ? modified.filter((item) => !original.includes(item)) : [];
  const removed = options.deletions ? [...new Set(sorted.filter((item) => !modified.includes(item)))] : [];
  // Upstream has sorted the original by now, so that an unsorted list counts as changed.
  return { items, removed, isOrdered: (options.deletions && removed.length > 0) || (options.changes && !sameJson(sorted, modified)) };
}

function diffItems(field: PatchFacts, original: readonly unknown[], modified: readonly unknown[], options: DiffOptions): ListDifference {
  const itemType = field.type.form === "list" ? field.type.item : undefined;
  const mergeKey = field.mergeKey ?? "";
  const keyOf = (item: unknown) => (isObject(item) ? item[mergeKey] : undefined);
  const originalItems = pairDuplicates(original, keyOf);
  const items: Json[] = [];
  for (const item of modified) {
    if (!isObject(item)) continue;
    const old = originalItems.get(String(keyOf(item)))?.shift();
    if (old === undefined) {
      if (options.changes) items.push(item);
      continue;
    }
    const difference = diffMaps(itemType, old, item, options);
    if (Object.keys(difference).length > 0) items.push({ ...difference, [mergeKey]: keyOf(item) });
  }
  const deletions = [...originalItems.values()]
    .flat()
    .map(keyOf)
    .sort(byText)
    .map((key) => ({ [DIRECTIVE]: "delete", [mergeKey]: key }));
  const all = options.deletions ? [...items, ...deletions] : items;
  const isSameOrder = original.length === modified.length && original.every((item, index) => keyOf(item) === keyOf(modified[index]));
  const isOrdered = (options.changes && (all.length > 0 || !isSameOrder)) || (options.deletions && all.length > 0);
  return { items: all, removed: [], isOrdered };
}

/** Items by key: of several with one key, the first is compared with the first. */
function pairDuplicates(items: readonly unknown[], keyOf: (item: unknown) => unknown): Map<string, Json[]> {
  const groups = new Map<string, Json[]>();
  for (const item of items) {
    if (!isObject(item)) continue;
    const key = String(keyOf(item));
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
