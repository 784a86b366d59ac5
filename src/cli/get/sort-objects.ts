import { findValues, relaxedPath } from "../../api/json-path.ts";
import { parseQuantity } from "../../api/quantity.ts";
import { klogHead } from "../../host/cli-host.ts";
import { ExitError, messageOf } from "../errors.ts";
import { goSort } from "../printers/go-sort.ts";

/** How upstream's sorters sign what they cannot do. */
interface Sorter {
  readonly source: string;
  readonly type: string;
}

const OBJECTS: Sorter = { source: "sorter.go:329", type: "*unstructured.Unstructured" };
export const TABLE_ROWS: Sorter = { source: "sorter.go:375", type: "[][][]reflect.Value" };

/** Sorts by the field that a path finds: missing ones first, then numbers, quantities, texts. Upstream: k8s.io/kubectl/pkg/cmd/get/sorter.go */
export function sortByPath<T>(items: readonly T[], path: string, objectOf: (item: T) => unknown, sorter: Sorter = OBJECTS): T[] {
  if (path.startsWith("{") !== path.endsWith("}"))
    throw new Error("unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'");
  const expression = relaxedPath(path);
  const keyed = items.map((item) => ({
    item,
    value: findValues(expression, objectOf(item), true)[0],
  }));
  if (items.length > 0 && keyed.every(({ value }) => value === undefined)) throw fieldNotFound(path);
  try {
    return goSort(keyed, (a, b) => isLess(a.value, b.value)).map(({ item }) => item);
  } catch (error) {
    // kubectl gives up in its log.
    const field = `Field ${expression} in ${sorter.type} is an unsortable type: interface, err: ${messageOf(error)}`;
    throw new ExitError(`${klogHead("F", sorter.source)} ${field}`);
  }
}

export const fieldNotFound = (path: string): Error =>
  new Error(`couldn't find any field with path ${JSON.stringify(relaxedPath(path))} in the list of objects`);

function isLess(a: unknown, b: unknown): boolean {
  if (a === undefined) return true;
  if (b === undefined) return false;
  if (a === null || b === null) return a === null && b !== null;
  // Whole numbers and others are of two types in Go.
  if (typeof a === "number" && typeof b === "number" && Number.isInteger(a) === Number.isInteger(b)) return a < b;
  if (typeof a === "string" && typeof b === "string") return isLessText(a, b);
  if (typeof a === "number" || typeof a === "string") throw new Error("unsortable interface: interface");
  throw new Error(`unsortable type: ${typeof a === "boolean" ? "bool" : Array.isArray(a) ? "[]interface {}" : "map[string]interface {}"}`);
}

function isLessText(a: string, b: string): boolean {
  try {
    return parseQuantity(a).compare(parseQuantity(b)) < 0;
  } catch {
    return a < b;
  }
}
