import { isObject, setKey } from "./merge-patch.ts";
import type { SchemaField, SchemaType, StructType } from "./schema.ts";
import { badRequest, StatusError } from "./status.ts";

/**
 * Strategic merge: lists with a merge key are merged by it, the `$` directives are obeyed.
 * Upstream: k8s.io/apimachinery/pkg/util/strategicpatch
 */
type Json = Record<string, unknown>;

export const DIRECTIVE = "$patch";
export const RETAIN_KEYS = "$retainKeys";
export const DELETE_FROM = "$deleteFromPrimitiveList/";
export const ELEMENT_ORDER = "$setElementOrder/";

/** An object is patched, or two patches are made into one, which keeps its directives and nulls. */
type Mode = "object" | "patch";

/** Applies a patch. Shares what it does not change; throws StatusError for a patch that makes no sense. */
export function applyStrategicMergePatch(type: StructType, current: unknown, patch: unknown): unknown {
  if (!isObject(patch))
    throw badRequest("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");
  return mergeMaps(type, isObject(current) ? current : {}, patch, "object");
}

/** One patch that does what both do, the second where they differ. */
export function mergeStrategicPatches(type: SchemaType | undefined, first: Json, second: Json): Json {
  return mergeMaps(type, first, second, "patch");
}

export type PatchFacts = Pick<SchemaField, "type" | "patchStrategy" | "mergeKey">;

/** What the types say of a member; members of plain maps have the map's value type. */
export function patchFacts(type: SchemaType | undefined, key: string): PatchFacts | undefined {
  if (type?.form === "struct") return type.fields.get(key);
  return type?.form === "map" ? { type: type.value, patchStrategy: [], mergeKey: undefined } : undefined;
}

function mergeMaps(type: SchemaType | undefined, original: Json, patch: Json, mode: Mode): Json {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return cleanMap(patch, mode);
  if (directive === "delete") return {};
  if (directive !== undefined) throw failed(`unknown patch type: ${String(directive)} in map: ${goText(patch)}`);
  const result: Json = { ...original };
  const rest: Json = { ...patch };
  retainKeys(result, rest, mode);
  for (const key of Object.keys(rest)) if (key.startsWith(ELEMENT_ORDER)) mergeOrdered(type, result, rest, key, mode);
  for (const [key, value] of Object.entries(rest)) mergeMember(type, result, key, value, mode);
  return result;
}

function mergeMember(type: SchemaType | undefined, result: Json, key: string, value: unknown, mode: Mode): void {
  if (key.startsWith(DELETE_FROM)) {
    const name = key.slice(DELETE_FROM.length);
    const list = result[name];
    if (mode === "patch") setKey(result, key, value);
    else if (Array.isArray(list) && Array.isArray(value))
      setKey(
        result,
        name,
        list.filter((item) => !value.includes(item)),
      );
    return;
  }
  const own = Object.hasOwn(result, key) ? result[key] : undefined;
  if (value === null) {
    delete result[key];
    if (mode === "patch") setKey(result, key, null);
    return;
  }
  const field = patchFacts(type, key);
  if (isObject(own) && isObject(value)) {
    setKey(result, key, field?.patchStrategy.includes("replace") ? value : mergeMaps(field?.type, own, value, mode));
  } else if (Array.isArray(own) && Array.isArray(value)) {
    setKey(result, key, field?.patchStrategy.includes("merge") ? mergeLists(field, own, value, mode).items : cleanValue(value, mode));
  } else if (isObject(value) && value[DIRECTIVE] !== undefined) delete result[key];
  else setKey(result, key, cleanValue(value, mode));
}

function retainKeys(result: Json, patch: Json, mode: Mode): void {
  const retained = patch[RETAIN_KEYS];
  if (retained === undefined) return;
  delete patch[RETAIN_KEYS];
  if (mode === "patch") {
    result[RETAIN_KEYS] ??= retained;
    return;
  }
  if (!Array.isArray(retained)) throw badRequest("invalid patch format of retainKeys");
  for (const [key, value] of Object.entries(patch)) {
    const isPlain = value !== null && !key.startsWith(DELETE_FROM) && !key.startsWith(ELEMENT_ORDER);
    if (isPlain && !retained.includes(key)) throw badRequest("invalid patch format of retainKeys");
  }
  for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key];
}

/** A list with its order directive: merged here, and taken out of the rest of the patch. */
function mergeOrdered(type: SchemaType | undefined, result: Json, rest: Json, orderKey: string, mode: Mode): void {
  const order = rest[orderKey];
  delete rest[orderKey];
  if (!Array.isArray(order)) throw badRequest("invalid patch format of setElementOrder list");
  if (mode === "patch") setKey(result, orderKey, order);
  const key = orderKey.slice(ELEMENT_ORDER.length);
  const field = patchFacts(type, key);
  const own = Array.isArray(result[key]) ? (result[key] as unknown[]) : undefined;
  const patch = Array.isArray(rest[key]) ? (rest[key] as unknown[]) : undefined;
  const mergeKey = field?.mergeKey;
  if (patch) checkOrder(patch, order, mergeKey);
  if (rest[key] === null || (!own && !patch)) return;
  delete rest[key];
  const merged = own && patch && field?.patchStrategy.includes("merge") ? mergeLists(field, own, patch, mode) : undefined;
  const items = merged?.items ?? (patch ? (cleanValue(patch, mode) as unknown[]) : (own ?? []));
  setKey(result, key, arrange(items, order, merged?.serverOrder ?? own ?? [], mergeKey));
}

/** The items of the patch must all be in the order list, and in that order. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (order.length === 0) return;
  let at = 0;
  for (const item of patch) {
    if (isObject(item) && item[DIRECTIVE] !== undefined) continue;
    while (at < order.length && !sameItem(item, order[at], mergeKey)) at++;
    if (at++ >= order.length) {
      throw failed(`The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`);
    }
  }
}

interface MergedList {
  readonly items: unknown[];
  /** What counts as the server's order when the items are put in place once more. */
  readonly serverOrder: readonly unknown[];
}

function mergeLists(field: PatchFacts, original: readonly unknown[], patch: readonly unknown[], mode: Mode): MergedList {
  if (original.length === 0 && patch.length === 0) return { items: [], serverOrder: [] };
  const isOfMaps = [...original, ...patch].some(isObject);
  if (!isOfMaps) return { items: arrange([...new Set([...original, ...patch])], patch, original, undefined), serverOrder: original };
  const { mergeKey } = field;
  if (mergeKey === undefined) throw failed(`cannot merge lists without merge key for ${field.type.goName}`);
  const { base, items } = takeSpecialItems(original, patch, mergeKey);
  const itemType = field.type.form === "list" ? field.type.item : undefined;
  const merged = [...base];
  for (const item of items) {
    if (!isObject(item) || item[mergeKey] === undefined)
      throw failed(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
    const index = merged.findIndex((other) => sameItem(other, item, mergeKey));
    if (index < 0) merged.push(cleanValue(item, mode));
    else merged[index] = mergeMaps(itemType, merged[index] as Json, item, mode);
  }
  // Upstream deletes and appends in place: new items take the slots of deleted ones, and with them a place in the server's order.
  return { items: arrange(merged, items, base, mergeKey), serverOrder: merged.slice(0, original.length) };
}

/** Obeys `$patch` items: what is left of the original, and what is left to merge. */
function takeSpecialItems(
  original: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
): { base: readonly unknown[]; items: readonly unknown[] } {
  let base = original;
  let isReplaced = false;
  const items: unknown[] = [];
  for (const item of patch) {
    const directive = isObject(item) ? item[DIRECTIVE] : undefined;
    if (directive === undefined) items.push(item);
    else if (directive === "replace") isReplaced = true;
    else if (directive === "delete") {
      if ((item as Json)[mergeKey] === undefined) throw failed(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
      base = base.filter((other) => !sameItem(other, item, mergeKey));
    } else if (directive === "merge") throw failed("merging lists cannot yet be specified in the patch");
    else throw failed(`unknown patch type: ${String(directive)} in map: ${goText(item)}`);
  }
  return isReplaced ? { base: items, items: [] } : { base, items };
}

/**
 * The items that `order` names come in its order; each of the others stands before the first named one
 * that it stood before on the server. Upstream: normalizeElementOrder and mergeSortedSlice
 */
function arrange(
  items: readonly unknown[],
  order: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const place = (list: readonly unknown[], item: unknown) => list.findIndex((other) => sameItem(other, item, mergeKey));
  const ranked = items.map((item) => ({ item, rank: place(order, item), serverRank: place(serverOrder, item) }));
  const named = ranked.filter(({ rank }) => rank >= 0).sort((a, b) => a.rank - b.rank);
  const isDeletion = ({ item }: { item: unknown }) => isObject(item) && item[DIRECTIVE] === "delete";
  const others = ranked.filter(({ rank }) => rank < 0);
  const left = [...others.filter((entry) => !isDeletion(entry)), ...others.filter(isDeletion)];
  const result: unknown[] = [];
  let next = 0;
  for (const entry of named) {
    for (
      let other = left[next];
      other && other.serverRank >= 0 && entry.serverRank >= 0 && other.serverRank < entry.serverRank;
      other = left[next]
    ) {
      result.push(other.item);
      next++;
    }
    result.push(entry.item);
  }
  return [...result, ...left.slice(next).map(({ item }) => item)];
}

function sameItem(a: unknown, b: unknown, mergeKey: string | undefined): boolean {
  if (mergeKey === undefined) return a === b;
  return isObject(a) && isObject(b) && a[mergeKey] !== undefined && a[mergeKey] === b[mergeKey];
}

/** What a patch adds where nothing was: directives have nothing to say there, nulls delete nothing. */
function cleanValue(value: unknown, mode: Mode): unknown {
  if (Array.isArray(value))
    return value.filter((item) => !(isObject(item) && item[DIRECTIVE] !== undefined)).map((item) => cleanValue(item, mode));
  return isObject(value) ? cleanMap(value, mode) : value;
}

function cleanMap(map: Json, mode: Mode): Json {
  if (mode === "patch") return map;
  const result: Json = {};
  for (const [key, value] of Object.entries(map)) {
    if (value === null || key.startsWith("$")) continue;
    if (!(isObject(value) && value[DIRECTIVE] !== undefined)) setKey(result, key, cleanValue(value, mode));
  }
  return result;
}

// Upstream passes these on as they are, which makes a 500 of them.
const failed = (message: string) => new StatusError({ code: 500, message });

function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (isObject(value))
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${goText(value[key])}`)
      .join(" ")}]`;
  return value === null ? "<nil>" : String(value as string | number | boolean);
}
