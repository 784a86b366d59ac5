import { isObject, sameJson, setKey } from "./merge-patch.ts";
import type { SchemaField, SchemaType, StructType } from "./schema.ts";
import { badRequest } from "./status.ts";

/**
 * Strategic merge: lists with a merge key are merged by it, the `$` directives are obeyed.
 * Upstream: k8s.io/apimachinery/pkg/util/strategicpatch
 */
type Json = Record<string, unknown>;

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const DELETE_FROM = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER = "$setElementOrder/";

/** Applies a patch. Shares what it does not change; throws StatusError 400 for a patch that makes no sense. */
export function applyStrategicMergePatch(type: StructType, current: unknown, patch: unknown): unknown {
  if (!isObject(patch)) throw badRequest("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");
  return mergeObject(type, isObject(current) ? current : {}, patch);
}

function mergeObject(type: SchemaType | undefined, current: Json, patch: Json): Json {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return withoutDirectives(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw badRequest(`unknown patch type: ${String(directive)} found in map`.replace(" found in map", ""));
  const result: Json = { ...current };
  retainKeys(result, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(ELEMENT_ORDER)) continue;
    if (key.startsWith(DELETE_FROM)) {
      const name = key.slice(DELETE_FROM.length);
      if (Array.isArray(result[name]) && Array.isArray(value)) setKey(result, name, (result[name] as unknown[]).filter((item) => !value.includes(item)));
      continue;
    }
    if (value === null) {
      delete result[key];
      continue;
    }
    setKey(result, key, mergeField(fieldOf(type, key), result[key], value, patch[`${ELEMENT_ORDER}${key}`]));
  }
  for (const key of Object.keys(patch)) {
    const name = key.startsWith(ELEMENT_ORDER) ? key.slice(ELEMENT_ORDER.length) : undefined;
    if (name !== undefined && !(name in patch) && Array.isArray(result[name])) {
      setKey(result, name, inOrder(fieldOf(type, name)?.mergeKey, result[name] as unknown[], [], patch[key] as unknown[]));
    }
  }
  return result;
}

function retainKeys(result: Json, patch: Json): void {
  const retained = patch[RETAIN_KEYS];
  if (!Array.isArray(retained)) return;
  for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key];
}

function mergeField(field: Pick<SchemaField, "type" | "patchStrategy" | "mergeKey"> | undefined, current: unknown, patch: unknown, order: unknown): unknown {
  if (isObject(patch)) {
    const replace = field?.patchStrategy.includes("replace");
    return mergeObject(field?.type.form === "map" ? field.type.value && field.type : field?.type, isObject(current) && !replace ? current : {}, patch);
  }
  if (!Array.isArray(patch)) return patch;
  if (!field?.patchStrategy.includes("merge") || !Array.isArray(current)) return Array.isArray(current) || !field?.patchStrategy.includes("merge") ? cleanList(patch) : mergeList(field, [], patch, order);
  return mergeList(field, current, patch, order);
}

function mergeList(field: Pick<SchemaField, "type" | "mergeKey">, current: readonly unknown[], patch: readonly unknown[], order: unknown): unknown[] {
  const itemType = field.type.form === "list" ? field.type.item : undefined;
  if (field.mergeKey === undefined) {
    const merged = [...current, ...patch.filter((item) => !current.includes(item))];
    return Array.isArray(order) ? inOrder(undefined, merged, patch, order) : merged;
  }
  const mergeKey = field.mergeKey;
  if (patch.some((item) => isObject(item) && item[DIRECTIVE] === "replace")) return cleanList(patch.filter((item) => !(isObject(item) && item[DIRECTIVE] === "replace" && Object.keys(item).length === 1)));
  let result = [...current];
  for (const item of patch) {
    if (!isObject(item)) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    const key = item[mergeKey];
    if (key === undefined) throw badRequest(`map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`);
    if (item[DIRECTIVE] === "delete") {
      result = result.filter((other) => !(isObject(other) && other[mergeKey] === key));
      continue;
    }
    const index = result.findIndex((other) => isObject(other) && other[mergeKey] === key);
    if (index < 0) result.push(mergeObject(itemType, {}, item));
    else result[index] = mergeObject(itemType, result[index] as Json, item);
  }
  return Array.isArray(order) ? inOrder(mergeKey, result, patch, order) : result;
}

/** Items named in the order come in that order; the server's own keep their place among them. */
function inOrder(mergeKey: string | undefined, items: readonly unknown[], _patch: readonly unknown[], order: readonly unknown[]): unknown[] {
  const keyOf = (item: unknown) => (mergeKey === undefined ? item : isObject(item) ? item[mergeKey] : undefined);
  const rank = new Map(order.map((entry, index) => [keyOf(entry), index]));
  const ordered = items.filter((item) => rank.has(keyOf(item))).sort((a, b) => (rank.get(keyOf(a)) as number) - (rank.get(keyOf(b)) as number));
  const result: unknown[] = [];
  let next = 0;
  // Upstream: mergeSortedSlice with the server-only items relative to what stood around them.
  for (const item of items) {
    if (rank.has(keyOf(item))) continue;
    const before = items.indexOf(item);
    const after = items.slice(before + 1).find((other) => rank.has(keyOf(other)));
    while (next < ordered.length && after !== undefined && ordered[next] !== after && (rank.get(keyOf(ordered[next])) as number) < (rank.get(keyOf(after)) as number)) result.push(ordered[next++]);
    if (after === undefined) while (next < ordered.length) result.push(ordered[next++]);
    result.push(item);
  }
  return [...result, ...ordered.slice(next)];
}

function withoutDirectives(patch: Json): Json {
  const result: Json = {};
  for (const [key, value] of Object.entries(patch)) if (!key.startsWith("$")) setKey(result, key, isObject(value) ? withoutDirectives(value) : value);
  return result;
}

function cleanList(items: readonly unknown[]): unknown[] {
  return items.map((item) => (isObject(item) ? withoutDirectives(item) : item));
}

function fieldOf(type: SchemaType | undefined, key: string): SchemaField | undefined {
  return type?.form === "struct" ? type.fields.get(key) : undefined;
}

const goMap = (value: Json) => `map[${Object.keys(value).sort().map((key) => `${key}:${String(value[key])}`).join(" ")}]`;

interface DiffOptions {
  readonly deletions: boolean;
  readonly changes: boolean;
  /** Whether lists get their $setElementOrder. */
  readonly order: boolean;
}

/**
 * What `kubectl apply` sends for built-in kinds: additions and changes from current to modified,
 * deletions from original to modified. Upstream: strategicpatch.CreateThreeWayMergePatch
 */
export function createThreeWayStrategicPatch(type: StructType, original: unknown, modified: unknown, current: unknown): Json {
  const target = isObject(modified) ? modified : {};
  const delta = diffObject(type, isObject(current) ? current : {}, target, { deletions: false, changes: true, order: true });
  const deletions = diffObject(type, isObject(original) ? original : {}, target, { deletions: true, changes: false, order: true });
  return mergePatches(type, deletions, delta);
}

/** The strategic patch from one object to another, as `kubectl edit` and `set` send it. */
export function createTwoWayStrategicPatch(type: StructType, original: unknown, modified: unknown): Json {
  return diffObject(type, isObject(original) ? original : {}, isObject(modified) ? modified : {}, { deletions: true, changes: true, order: true });
}

function diffObject(type: SchemaType | undefined, original: Json, modified: Json, options: DiffOptions): Json {
  const patch: Json = {};
  for (const key of Object.keys(original).sort()) {
    if (!(key in modified)) {
      if (options.deletions) setKey(patch, key, null);
      continue;
    }
    diffField(fieldOf(type, key), type, key, original[key], modified[key], options, patch);
  }
  if (options.changes) for (const key of Object.keys(modified)) if (!(key in original)) setKey(patch, key, modified[key]);
  return patch;
}

function diffField(field: SchemaField | undefined, _owner: SchemaType | undefined, key: string, original: unknown, modified: unknown, options: DiffOptions, patch: Json): void {
  if (isObject(original) && isObject(modified)) {
    if (field?.patchStrategy.includes("replace")) {
      if (options.changes && !sameJson(original, modified)) setKey(patch, key, { ...modified, [DIRECTIVE]: "replace" });
      return;
    }
    const inner = diffObject(field?.type, original, modified, options);
    if (field?.patchStrategy.includes("retainKeys") && options.changes && !sameJson(original, modified)) inner[RETAIN_KEYS] = Object.keys(modified).sort();
    if (Object.keys(inner).length > 0) setKey(patch, key, inner);
    return;
  }
  if (Array.isArray(original) && Array.isArray(modified) && field?.patchStrategy.includes("merge")) return diffMergedList(field, key, original, modified, options, patch);
  if (options.changes && !sameJson(original, modified)) setKey(patch, key, modified);
}

function diffMergedList(field: SchemaField, key: string, original: readonly unknown[], modified: readonly unknown[], options: DiffOptions, patch: Json): void {
  const itemType = field.type.form === "list" ? field.type.item : undefined;
  const mergeKey = field.mergeKey;
  if (mergeKey === undefined) {
    const added = modified.filter((item) => !original.includes(item));
    const removed = original.filter((item) => !modified.includes(item));
    if (options.changes && added.length > 0) setKey(patch, key, added);
    if (options.deletions && removed.length > 0) setKey(patch, `${DELETE_FROM}${key}`, removed);
    if (options.order && ((options.changes && added.length > 0) || (options.deletions && removed.length > 0))) setKey(patch, `${ELEMENT_ORDER}${key}`, [...modified]);
    return;
  }
  const find = (items: readonly unknown[], value: unknown) => items.find((item) => isObject(item) && item[mergeKey] === value) as Json | undefined;
  const items: Json[] = [];
  for (const item of modified) {
    if (!isObject(item)) continue;
    const old = find(original, item[mergeKey]);
    if (!old) {
      if (options.changes) items.push(item);
      continue;
    }
    const inner = diffObject(itemType, old, item, options);
    if (Object.keys(inner).length > 0) items.push({ ...inner, [mergeKey]: item[mergeKey] });
  }
  if (options.deletions) for (const item of original) if (isObject(item) && !find(modified, item[mergeKey])) items.push({ [DIRECTIVE]: "delete", [mergeKey]: item[mergeKey] });
  const reordered = options.changes && !sameOrder(original, modified, mergeKey);
  if (items.length > 0) setKey(patch, key, items);
  if (options.order && (items.length > 0 || reordered)) setKey(patch, `${ELEMENT_ORDER}${key}`, modified.map((item) => ({ [mergeKey]: (item as Json)[mergeKey] })));
}

function sameOrder(original: readonly unknown[], modified: readonly unknown[], mergeKey: string): boolean {
  const keys = modified.map((item) => (item as Json)[mergeKey]);
  const common = original.map((item) => (item as Json)[mergeKey]).filter((key) => keys.includes(key));
  return sameJson(common, keys.filter((key) => common.includes(key)));
}

/** One patch that does what both do; lists of the same field are joined by their merge key. */
function mergePatches(type: SchemaType | undefined, first: Json, second: Json): Json {
  const result: Json = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const other = result[key];
    const field = fieldOf(type, key);
    if (isObject(other) && isObject(value)) setKey(result, key, mergePatches(field?.type, other, value));
    else if (Array.isArray(other) && Array.isArray(value) && field?.mergeKey !== undefined && !key.startsWith("$")) setKey(result, key, joinLists(field, field.mergeKey, other, value));
    else setKey(result, key, value);
  }
  return result;
}

function joinLists(field: SchemaField, mergeKey: string, first: readonly unknown[], second: readonly unknown[]): unknown[] {
  const itemType = field.type.form === "list" ? field.type.item : undefined;
  const result = [...second];
  for (const item of first) {
    const index = result.findIndex((other) => isObject(other) && isObject(item) && other[mergeKey] === item[mergeKey]);
    if (index < 0) result.push(item);
    else result[index] = mergePatches(itemType, item as Json, result[index] as Json);
  }
  return result;
}
