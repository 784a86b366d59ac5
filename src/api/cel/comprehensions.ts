import { CelCostError, CelError } from "./errors.ts";
import type { CallContext } from "./functions.ts";
import { index, isTrue } from "./operators.ts";
import type { Comprehension } from "./syntax.ts";
import { CelMap, type CelValue, compare, isList, LiteralMap, typeNameOf } from "./values.ts";

/** What the variables of a comprehension stand for: one, or key and value. */
export type Item = readonly [CelValue, CelValue];
type Body = (item: Item) => CelValue;
type Loop = (items: readonly Item[], body: Body, filter: ((item: Item) => boolean) | undefined, context: CallContext) => CelValue;

export function itemsOf(range: CelValue, two: boolean): readonly Item[] {
  if (isList(range)) return range.map((item, position) => (two ? [BigInt(position), item] : [item, item]));
  if (range instanceof CelMap) return range.keys().map((key) => [key, two ? (range.get(key) ?? null) : key]);
  throw new CelError(`got '${typeNameOf(range)}', expected iterable type`);
}

export const LOOPS: Readonly<Record<Exclude<Comprehension["macro"], "optMap" | "optFlatMap">, Loop>> = {
  all: (items, body) => quantify(items, body, "_&&_", false),
  exists: (items, body) => quantify(items, body, "_||_", true),
  exists_one: (items, body) => items.filter((item) => isTrue(body(item), "_?_:_")).length === 1,
  filter: (items, body) => items.filter((item) => isTrue(body(item), "_?_:_")).map(([item]) => item),
  map: (items, body, filter) => selected(items, filter).map((item) => body(item)),
  transformList: (items, body, filter) => selected(items, filter).map((item) => body(item)),
  transformMap: (items, body, filter) => new LiteralMap(selected(items, filter).map((item) => [item[0], body(item)])),
  transformMapEntry: (items, body, filter) => transformEntries(selected(items, filter).map((item) => body(item))),
  sortBy: (items, body, _filter, context) => {
    context.charge(items.length);
    const keyed = items.map((item) => ({ key: body(item), value: item[0] }));
    return keyed
      .sort((a, b) => {
        const order = compare(a.key, b.key);
        if (order === undefined) throw new CelError("list elements must have the same type");
        return order;
      })
      .map(({ value }) => value);
  },
};

/** With a filter the two are worked out item by item, so that errors come in order. */
function* filtered(items: readonly Item[], filter: (item: Item) => boolean): Generator<Item> {
  for (const item of items) if (filter(item)) yield item;
}

function selected(items: readonly Item[], filter: ((item: Item) => boolean) | undefined): readonly Item[] {
  return filter ? [...filtered(items, filter)] : items;
}

function quantify(items: readonly Item[], body: Body, operator: string, decisive: boolean): boolean {
  let failure: unknown;
  for (const item of items) {
    try {
      if (isTrue(body(item), operator) === decisive) return decisive;
    } catch (error) {
      if (!(error instanceof CelError) || error instanceof CelCostError) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return !decisive;
}

function transformEntries(maps: readonly CelValue[]): CelMap {
  const entries: [CelValue, CelValue][] = [];
  const seen = new Set<CelValue>();
  for (const map of maps) {
    if (!(map instanceof CelMap)) throw new CelError("no such overload");
    for (const key of map.keys()) {
      if (seen.has(key)) throw new CelError(`insert failed: key ${String(key)} already exists`);
      seen.add(key);
      entries.push([key, index(map, key)]);
    }
  }
  return new LiteralMap(entries);
}
