import { parseQuantity } from "../api/quantity.ts";
import { findValues, relaxedPath } from "../api/json-path.ts";

/** Sorts by the field that a path finds; upstream's order: missing ones first, numbers, quantities, then natural text. Upstream: k8s.io/kubectl/pkg/cmd/get/sorter.go */
export function sortByPath<T>(
  items: readonly T[],
  path: string,
  objectOf: (item: T) => unknown,
): T[] {
  const expression = relaxedPath(path);
  const keyed = items.map((item) => {
    const values = findValues(expression, objectOf(item), true);
    return { item, value: values[0] };
  });
  if (items.length > 0 && keyed.every(({ value }) => value === undefined))
    throw new Error(
      `couldn't find any field with path ${JSON.stringify(expression)} in the list of objects`,
    );
  return keyed.sort((a, b) => compare(a.value, b.value)).map(({ item }) => item);
}

function compare(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined)
    return Number(b === undefined) - Number(a === undefined) === 0 ? 0 : a === undefined ? -1 : 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function compareText(a: string, b: string): number {
  if (/^\d/.test(a) && /^\d/.test(b)) {
    try {
      const order = parseQuantity(a).compare(parseQuantity(b));
      return order;
    } catch {
      // Not both are quantities: as text.
    }
  }
  return naturally(a, b);
}

/** Runs of digits count as numbers. */
function naturally(a: string, b: string): number {
  const parts = (text: string) => text.match(/\d+|\D+/g) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = "", y = ""] = [left[i], right[i]];
    if (x === y) continue;
    if (/^\d/.test(x) && /^\d/.test(y) && Number(x) !== Number(y)) return Number(x) - Number(y);
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
