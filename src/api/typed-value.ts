import { childrenOf, type FieldSet, EMPTY_SET, hasElement, memberNode, NodeBuilder } from "./field-set.ts";
import { isObject, sameJson, setKey } from "./merge-patch.ts";
import type { ListShape, MapShape, Shape } from "./ownership-shape.ts";

/** Values seen through their shape: merged, compared, listed by field. Upstream: sigs.k8s.io/structured-merge-diff/v6/typed */
type Json = Record<string, unknown>;

export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

interface Difference {
  removed?: FieldSet | undefined;
  modified?: FieldSet | undefined;
  added?: FieldSet | undefined;
}

/** What became of every field from one object to the other. */
export function compareValues(shape: Shape, from: unknown, to: unknown): Comparison {
  const { removed, modified, added } = compare(shape, from, to, true);
  return { removed: removed ?? EMPTY_SET, modified: modified ?? EMPTY_SET, added: added ?? EMPTY_SET };
}

const SAME: Difference = {};

function compare(shape: Shape, from: unknown, to: unknown, isRoot = false): Difference {
  if (from === to) return SAME;
  if (isLeaf(shape, from, to)) {
    if (from === undefined) return { added: memberNode };
    if (to === undefined) return { removed: memberNode };
    return sameJson(from, to) ? SAME : { modified: memberNode };
  }
  const parts = { removed: new NodeBuilder(), modified: new NodeBuilder(), added: new NodeBuilder() };
  if (shape.form === "map") compareMembers(shape, asObject(from), asObject(to), parts);
  else compareItems(shape as ListShape, asList(from), asList(to), parts);
  return {
    removed: parts.removed.build(!isRoot && to === undefined),
    modified: parts.modified.build(false),
    added: parts.added.build(!isRoot && from === undefined),
  };
}

/** Empty and absent are leaves too, which keeps `{}` apart from nothing. */
function isLeaf(shape: Shape, a: unknown, b: unknown): boolean {
  if (shape.form === "leaf") return true;
  if (shape.form === "map") {
    if (shape.deduced && !isObject(a ?? b)) return true;
    return isEmptyMap(a) && isEmptyMap(b);
  }
  return asList(a).length === 0 && asList(b).length === 0;
}

function isEmptyMap(value: unknown): boolean {
  if (!isObject(value)) return true;
  for (const _ in value) return false;
  return true;
}

const asObject = (value: unknown): Json => (isObject(value) ? value : {});
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

type Parts = Record<keyof Comparison, NodeBuilder>;

function compareMembers(shape: MapShape, from: Json, to: Json, parts: Parts): void {
  for (const name in from) record(parts, `f:${name}`, compareMember(shape, name, from[name], ownMember(to, name)));
  for (const name in to)
    if (ownMember(from, name) === undefined) record(parts, `f:${name}`, compareMember(shape, name, undefined, to[name]));
}

/** A key may be called `constructor`. */
const ownMember = (map: Json, name: string) => (Object.hasOwn(map, name) ? map[name] : undefined);

function compareMember(shape: MapShape, name: string, from: unknown, to: unknown): Difference {
  const member = shape.member(name);
  return member ? compare(member, from, to) : SAME;
}

function record(parts: Parts, element: string, difference: Difference): void {
  parts.removed.add(element, difference.removed);
  parts.modified.add(element, difference.modified);
  parts.added.add(element, difference.added);
}

function compareItems(shape: ListShape, from: readonly unknown[], to: readonly unknown[], parts: Parts): void {
  const left = groupItems(shape, from);
  const right = groupItems(shape, to);
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    const old = left.get(element) ?? [];
    const next = right.get(element) ?? [];
    if (old.length <= 1 && next.length <= 1) record(parts, element, compare(shape.item, old[0], next[0]));
    else if (old.length > 1 && next.length > 1) {
      // Items of one key are owned together: nobody could tell them apart.
      if (!sameJson(old, next)) parts.modified.add(element, memberNode);
    } else if (old.length > 1) {
      if (next.length > 0) record(parts, element, compare(shape.item, undefined, next[0]));
      parts.removed.add(element, memberNode);
    } else {
      if (old.length > 0) record(parts, element, compare(shape.item, old[0], undefined));
      parts.added.add(element, memberNode);
    }
  }
}

function groupItems(shape: ListShape, items: readonly unknown[]): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>();
  for (const item of items) {
    const element = elementOf(shape, item);
    if (element === undefined) continue;
    const group = groups.get(element);
    if (group) group.push(item);
    else groups.set(element, [item]);
  }
  return groups;
}

/** `k:{"name":"app"}` or `v:"value"`; undefined for an item that has none of its keys. */
export function elementOf(shape: ListShape, item: unknown): string | undefined {
  if (!shape.keys) return typeof item === "object" ? undefined : `v:${JSON.stringify(item)}`;
  if (!isObject(item)) return undefined;
  const key: Json = {};
  for (const { name, default: fallback } of [...shape.keys].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const value = item[name] ?? fallback;
    if (value !== undefined) key[name] = value;
  }
  return Object.keys(key).length === 0 ? undefined : `k:${JSON.stringify(key)}`;
}

/** The fields that an applied configuration claims. */
export function fieldsOfValue(shape: Shape, value: unknown): FieldSet {
  return collect(shape, value, false) ?? EMPTY_SET;
}

function collect(shape: Shape, value: unknown, member: boolean): FieldSet | undefined {
  if (shape.form === "leaf" || (shape.form === "map" && shape.deduced && !isObject(value) && value !== null)) return memberNode;
  const node = new NodeBuilder();
  if (shape.form === "map") {
    const map = asObject(value);
    for (const name in map) {
      const inner = shape.member(name);
      if (!inner) continue;
      const own = map[name];
      const whole = own === null || (isObject(own) && Object.keys(own).length === 0) || !shape.isField(name);
      node.add(`f:${name}`, collect(inner, own, whole));
    }
  } else {
    for (const [element, items] of groupItems(shape, asList(value))) {
      node.add(element, items.length > 1 ? memberNode : collect(shape.item, items[0], true));
    }
  }
  return node.build(member);
}

/** The applied values over the live ones; lists keep the order of the one where the other is silent. */
export function mergeValues(shape: Shape, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  if (live === undefined || isLeaf(shape, live, applied)) return applied;
  if (shape.form === "map") {
    const merged: Json = { ...asObject(live) };
    for (const [name, value] of Object.entries(asObject(applied))) {
      const member = shape.member(name);
      setKey(merged, name, member ? mergeValues(member, Object.hasOwn(merged, name) ? merged[name] : undefined, value) : value);
    }
    return merged;
  }
  return mergeItems(shape as ListShape, asList(live), asList(applied));
}

/** Upstream: mergingWalker.visitListItems: items of both come in the applied order, live's own stay where they stood. */
function mergeItems(shape: ListShape, live: readonly unknown[], applied: readonly unknown[]): unknown[] {
  const liveElements = live.map((item) => elementOf(shape, item));
  const appliedElements = applied.map((item) => elementOf(shape, item));
  const liveItems = groupItems(shape, live);
  const appliedItems = new Map(appliedElements.map((element, index) => [element, applied[index]]));
  const shared = appliedElements.filter((element) => element !== undefined && liveItems.has(element));
  const merged = new Set<string | undefined>();
  const result: unknown[] = [];
  const take = (element: string | undefined) => {
    merged.add(element);
    const group = element === undefined ? undefined : liveItems.get(element);
    // Duplicates are replaced rather than merged.
    result.push(mergeValues(shape.item, group?.length === 1 ? group[0] : undefined, appliedItems.get(element)));
  };
  let nextShared = shared.shift();
  let left = 0;
  let right = 0;
  while (left < live.length || right < applied.length) {
    const element = liveElements[left];
    if (left < live.length && right < applied.length) {
      if (element === appliedElements[right]) {
        take(element);
        left++;
        right++;
        nextShared = shared.shift();
        continue;
      }
      if (appliedItems.has(element) && nextShared !== undefined && nextShared !== element) {
        left++;
        continue;
      }
    }
    if (left < live.length) {
      if (!appliedItems.has(element)) {
        result.push(live[left++]);
        continue;
      }
      if (merged.has(element)) left++;
    }
    if (right < applied.length) {
      const next = appliedElements[right++];
      take(next);
      if (nextShared === next) nextShared = shared.shift();
    }
  }
  return result;
}

/** The value without the fields of the set; undefined when nothing is left of it. */
export function removeFields(shape: Shape, value: unknown, set: FieldSet): unknown {
  if (shape.form === "leaf" || (shape.form === "map" && shape.deduced && !isObject(value))) return undefined;
  if (shape.form === "map") {
    const map = asObject(value);
    const kept: Json = {};
    for (const [name, own] of Object.entries(map)) {
      const element = `f:${name}`;
      if (hasElement(set, element)) continue;
      const below = childrenOf(set, element);
      const member = shape.member(name);
      const rest = below && member ? removeFields(member, own, below) : own;
      if (rest !== undefined) setKey(kept, name, rest);
    }
    return Object.keys(kept).length > 0 ? kept : undefined;
  }
  const kept: unknown[] = [];
  for (const item of asList(value)) {
    const element = elementOf(shape, item);
    if (element !== undefined && hasElement(set, element)) continue;
    const below = element === undefined ? undefined : childrenOf(set, element);
    const rest = below ? removeFields(shape.item, item, below) : item;
    if (rest !== undefined) kept.push(rest);
  }
  return kept.length > 0 ? kept : undefined;
}

/** With the declared fields on the way to each member counted as members too. Upstream: EnsureNamedFieldsAreMembers */
export function withNamedFields(shape: Shape, set: FieldSet): FieldSet {
  return ensureNamed(shape, set, false) ?? EMPTY_SET;
}

function ensureNamed(shape: Shape | undefined, node: FieldSet, member: boolean): FieldSet | undefined {
  const built = new NodeBuilder();
  for (const element of Object.keys(node)) {
    if (element === ".") continue;
    const child = node[element] as FieldSet;
    const name = element.startsWith("f:") ? element.slice(2) : undefined;
    const inner =
      name !== undefined ? (shape?.form === "map" ? shape.member(name) : undefined) : shape?.form === "list" ? shape.item : undefined;
    const named = name !== undefined && shape?.form === "map" && shape.isField(name);
    built.add(element, ensureNamed(inner, child, named || hasElement(node, element)));
  }
  return built.build(member);
}
