import { isBareNull } from "./parse.ts";
import type { MergeSchema, OpenApi } from "./open-api.ts";
import { resolveScalar } from "./parse.ts";
import { isMap, isMissing, type Json, nodeKind, textOf, wrongKind } from "./values.ts";

/**
 * Strategic merge as kustomize does it, which is not as the API server does it: what is new in a list comes first, ports go by two keys, and a
 * patch that names one of them only changes nothing. Lists and maps are as upstream walks them. Upstream: kyaml/yaml/merge2, kyaml/yaml/walk
 */
export function strategicMerge(current: Json, patch: Json, openApi: OpenApi): Json | undefined {
  const merged = new Merge(openApi).walk(current, structuredClone(patch), undefined);
  return isMap(merged) ? merged : undefined;
}

/** A null of the object that was there before: it stays, where a patch's null removes the field. */
const KEPT_NULL = Symbol("null");

type Directive = "merge" | "replace" | "delete";

class Merge {
  readonly #openApi: OpenApi;

  constructor(openApi: OpenApi) {
    this.#openApi = openApi;
  }

  /** Undefined or null: there is nothing any more. */
  walk(current: unknown, patch: unknown, known: MergeSchema | undefined): unknown {
    const schema = known ?? this.#schemaOf(current) ?? this.#schemaOf(patch);
    const first = isMissing(current) ? patch : current;
    if (isMissing(first)) return patch === undefined ? (current === null ? KEPT_NULL : undefined) : undefined;
    for (const value of [current, patch]) if (!isMissing(value)) assertKind(first, value);
    if (isMap(first)) return this.#map(current as Json | null | undefined, patch as Json | null | undefined, schema);
    if (!Array.isArray(first) || schema?.mergeKeys === undefined) return patch === undefined ? current : patch;
    return this.#list(current as unknown[] | null | undefined, patch as unknown[] | null | undefined, schema);
  }

  /** Objects in objects may have a kind of their own. */
  #schemaOf(value: unknown): MergeSchema | undefined {
    if (!isMap(value)) return undefined;
    const [apiVersion, kind] = [textOf(value["apiVersion"]), textOf(value["kind"])];
    return apiVersion === "" || kind === "" ? undefined : this.#openApi.schemaOf(apiVersion, kind);
  }

  #map(current: Json | null | undefined, patch: Json | null | undefined, schema: MergeSchema | undefined): unknown {
    if (patch === null) return undefined;
    const directive = patch === undefined ? "merge" : takeMapDirective(patch);
    if (directive === "delete") return undefined;
    const base = isMissing(current) || directive === "replace" ? patch : current;
    if (!isMap(base)) return undefined;
    // In place: lists go on to hold the maps that are merged here.
    for (const key of Object.keys({ ...base, ...patch }).sort()) {
      const own = isBareNull(base, key) && base[key] === null && !(patch && key in patch) ? undefined : base[key];
      const merged = this.walk(own, patch?.[key], schema?.field(key));
      if (merged === KEPT_NULL) base[key] = null;
      else if (isMissing(merged)) delete base[key];
      else base[key] = merged;
    }
    return base;
  }

  #list(current: unknown[] | null | undefined, patch: unknown[] | null | undefined, schema: MergeSchema): unknown {
    let [base, changes] = [current, patch];
    if (isMissing(base)) base = changes;
    else if (changes === null) return undefined;
    else {
      const taken = changes === undefined ? undefined : takeListDirective(changes);
      if (taken?.directive === "delete") return undefined;
      if (taken) changes = taken.items;
      if (taken?.directive === "replace") base = changes;
    }
    if (!base) return undefined;
    const keys = schema.mergeKeys ?? [];
    const sources: Sources = [base, changes ?? undefined];
    const values = elementValues(sources, keys);
    return values.length > 0 || keys.length > 0
      ? this.#mergeItems(sources, values, keys, schema.item())
      : this.#mergeItems(sources, primitiveValues(sources), [""], schema.item());
  }

  #mergeItems([current, patch]: Sources, found: string[][], keys: readonly string[], schema: MergeSchema | undefined): unknown[] {
    const values = keys.length > 1 ? unified(found) : found;
    let rest = current;
    let merged: unknown[] = [];
    let validKeys: readonly string[] = keys;
    for (const each of values) {
      if (each.length === 0) continue;
      const valid = validated(values, each, keys);
      validKeys = valid.keys;
      const own = validated([each], valid.values, valid.keys);
      const item = this.walk(elementWith(rest, own), patch && elementWith(patch, own), schema);
      if (isMissing(item) || (isMap(item) && Object.keys(item).length === 0)) {
        for (const _ of valid.keys) rest = setElement(rest, undefined, valid);
        continue;
      }
      if (isMap(item))
        for (const [index, key] of valid.keys.entries())
          if (!(key in item) && valid.values[index] !== "") item[key] = resolveScalar(valid.values[index] ?? "");
      merged = setElement(merged, item, valid);
    }
    return values.length > 0 ? appended(merged, rest, validKeys) : rest;
  }
}

/** The list that is there, and the one of the patch. */
type Sources = readonly [unknown[], unknown[] | undefined];

interface ElementKey {
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

function assertKind(first: unknown, value: unknown): void {
  const [expected, actual] = [nodeKind(first), nodeKind(value)];
  if (expected !== actual) throw wrongKind(expected, value);
}

function takeMapDirective(patch: Json): Directive {
  const directive = patch["$patch"];
  if (isMissing(directive)) return "merge";
  const text = textOf(directive);
  if (text !== "merge" && text !== "replace" && text !== "delete") throw new Error(`unknown patch strategy '${text}'`);
  delete patch["$patch"];
  return text;
}

/** A list's directive stands in an item of its own. */
function takeListDirective(items: unknown[]): { readonly directive: Directive; readonly items: unknown[] } {
  const holder = items.find((item) => isMap(item) && "$patch" in item);
  if (!isMap(holder) || isMissing(holder["$patch"]) || Object.keys(holder).length > 1) return { directive: "merge", items };
  const directive = textOf(holder["$patch"]);
  if (directive !== "merge" && directive !== "replace" && directive !== "delete") throw new Error(`unknown patch strategy '${directive}'`);
  return { directive, items: setElement(items, undefined, { keys: ["$patch"], values: [directive] }) };
}

const fieldText = (item: unknown, key: string): string => (isMap(item) ? textOf(item[key]) : "");

/** The patch's items come first. */
function elementValues([current, patch]: Sources, keys: readonly string[]): string[][] {
  const all = [...(patch ?? []), ...current].map((item) => keys.map((key) => fieldText(item, key)));
  return all.filter((values, index) => values.length > 0 && all.findIndex((other) => sameTexts(other, values)) === index);
}

function primitiveValues([current, patch]: Sources): string[][] {
  return [...new Set([...(patch ?? []), ...current].map(textOf))].map((text) => [text]);
}

const sameTexts = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((text, index) => text === b[index]);

/** Keys that some item leaves out are filled from others that agree in the rest. */
function unified(found: readonly string[][]): string[][] {
  const values = [...found];
  for (let i = 0; i < values.length; i++)
    for (let j = 0; j < values.length; j++) {
      const both = filled(values[i] ?? [], values[j] ?? []);
      if (both) values[i] = values[j] = both;
    }
  return values;
}

function filled(a: readonly string[], b: readonly string[]): string[] | undefined {
  if (a.length !== b.length || a.some((text, index) => text !== b[index] && text !== "" && b[index] !== "")) return undefined;
  return a.some((text, index) => text === b[index]) ? a.map((text, index) => text || (b[index] ?? "")) : undefined;
}

/** The keys that at least one item has. */
function validated(all: readonly (readonly string[])[], values: readonly string[], keys: readonly string[]): ElementKey {
  const used = new Set(all.flatMap((each) => keys.filter((_, index) => (each[index] ?? "") !== "")));
  if (used.size === 0) return { keys, values };
  return {
    keys: keys.filter((key) => used.has(key)),
    values: values.filter((value, index) => value !== "" || used.has(keys[index] ?? "")),
  };
}

function elementWith(list: readonly unknown[], { keys, values }: ElementKey): unknown {
  if ((keys[0] ?? "") === "") return list.find((item) => textOf(item) === values[0]);
  return list.find((item) => isMap(item) && keys.every((key, index) => key in item && textOf(item[key]) === values[index]));
}

/** Puts an element where one with its keys is, or at the end; without an element those are removed. Upstream: kyaml/yaml ElementSetter */
function setElement(list: readonly unknown[], element: unknown, { keys, values }: ElementKey): unknown[] {
  const isMapSetter = (keys[0] ?? "") !== "" && (values[0] ?? "") !== "";
  const result: unknown[] = [];
  let isThere = false;
  for (const item of list) {
    if (isMissing(item) || (isMap(item) && Object.keys(item).length === 0)) continue;
    if (!isMap(item) && isMapSetter) result.push(item);
    else if (!hasKeys(item, { keys, values })) {
      if (values.length > 0) result.push(item);
    } else {
      isThere = true;
      if (element !== undefined) result.push(element);
    }
  }
  if (!isMissing(element) && !isThere) result.push(element);
  return result;
}

/** An empty value is any value; keys without a value go by the key before. */
function hasKeys(item: unknown, { keys, values }: ElementKey): boolean {
  let isLikeBefore = false;
  for (const [index, key] of keys.entries()) {
    const value = values[index];
    if (value !== undefined) {
      if (key === "") isLikeBefore = textOf(item) === value;
      else isLikeBefore = isMap(item) && key in item && (value === "" || textOf(item[key]) === value);
    }
    if (!isLikeBefore) return false;
  }
  return true;
}

/** Upstream: kyaml/yaml/walk appendListNode */
function appended(list: readonly unknown[], more: readonly unknown[], keys: readonly string[]): unknown[] {
  let result = [...list];
  for (const item of more) {
    if (keys[0] === "") {
      result = setElement(result, item, { keys: [""], values: [textOf(item)] });
      continue;
    }
    const values: string[] = [];
    for (const key of keys) {
      if (isMap(item) && key in item) values.push(textOf(item[key]));
      else result.push(item);
    }
    if (keys.length > 1) result = setElement(result, undefined, { keys, values });
    result = setElement(result, item, { keys, values });
  }
  return result;
}
