import type { OpenApi } from "./open-api.ts";
import { parseResources } from "./parse.ts";
import { type KObject, Resource } from "./resource.ts";
import { isMap, textOf } from "./values.ts";

/** The resources of a text, lists with their items in their place. Upstream: kustomize/api/resource Factory.SliceFromBytes */
export function resourcesOf(text: string, openApi: OpenApi): Resource[] {
  return withoutLists(checked(unwrapped(parseResources(text)))).map((object) => new Resource(object, openApi));
}

/** A text that is one list is read as its items, in their places. */
function unwrapped(values: unknown[]): unknown[] {
  const [only] = values;
  if (values.length !== 1 || !isMap(only) || !["List", "ResourceList"].includes(textOf(only["kind"])) || !("items" in only)) return values;
  return Array.isArray(only["items"]) ? only["items"] : [];
}

function checked(values: readonly unknown[]): KObject[] {
  return values.filter((value) => !isNothing(value)).map(checkedObject);
}

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === "" || (typeof value === "object" && Object.keys(value).length === 0);

function checkedObject(value: unknown): KObject {
  const object = (isMap(value) ? value : {}) as KObject;
  const kind = textOf(object.kind);
  const { name, namespace, labels, annotations } = isMap(object.metadata) ? object.metadata : {};
  const pairs = (map: unknown) =>
    `map[${Object.entries(isMap(map) ? map : {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, text]) => `${key}:${textOf(text)}`)
      .join(" ")}]`;
  const shown = `{{${textOf(object.apiVersion)} ${kind}} {{${textOf(name)} ${textOf(namespace)}} ${pairs(labels)} ${pairs(annotations)}}}`;
  const isSaid = (values: readonly unknown[]) => values.some((each) => textOf(each) !== "" || isMap(each));
  if (!isSaid([object.apiVersion, kind, name, namespace, labels, annotations])) throw new Error("missing Resource metadata");
  if (kind === "") throw new Error(`missing kind in object ${shown}`);
  if (!kind.endsWith("List") && textOf(name) === "") throw new Error(`missing metadata.name in object ${shown}`);
  return object;
}

/** Items of lists among others come after all others. */
function withoutLists(objects: readonly KObject[]): KObject[] {
  const queue = [...objects];
  const result: KObject[] = [];
  for (let object = queue.shift(); object !== undefined; object = queue.shift()) {
    const kind = textOf(object.kind);
    if (!kind.endsWith("List") || !("items" in object)) {
      result.push(object);
      continue;
    }
    const { items } = object;
    if (items === null) continue;
    if (!Array.isArray(items)) throw new Error(`expected array in ${kind}/items, but found ${goType(items)}`);
    queue.push(...checked(items));
  }
  return result;
}

function goType(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  return "map[string]interface {}";
}
