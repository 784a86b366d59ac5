import type { Gvk, Resource } from "./resource.ts";
import { isSelected, showId } from "./resource.ts";
import { isMap, type Json } from "./values.ts";

/** Where a transformer writes: `spec/template/metadata/labels` of some kinds. */
export interface FieldSpec extends Partial<Gvk> {
  readonly path: string;
  readonly create?: boolean;
}

/** What stands at the path's end, and how to put another there. */
export interface Field {
  readonly value: unknown;
  set(value: unknown): void;
}

/** What is made of a field that is missing; undefined: only what is there is visited. */
type Creates = "map" | "scalar" | undefined;

/** Calls `visit` for each place that the path leads to; lists on the way are followed into all their items. Upstream: kustomize/api/filters/fieldspec */
export function visitField(resource: Resource, spec: FieldSpec, creates: Creates, visit: (field: Field) => void): void {
  if (!isSelected(resource.gvk, spec)) return;
  const walk = new Walk(spec.create ? creates : undefined, visit);
  try {
    walk.from({ value: resource.object, set: () => undefined }, splitPath(spec.path ?? "", "/"));
  } catch (error) {
    throw new Error(`considering field '${spec.path}' of object ${showId(resource.id)}: ${(error as Error).message}`, { cause: error });
  }
}

class Walk {
  readonly #creates: Creates;
  readonly #visit: (field: Field) => void;

  constructor(creates: Creates, visit: (field: Field) => void) {
    this.#creates = creates;
    this.#visit = visit;
  }

  from(field: Field, words: readonly string[]): void {
    const { value } = field;
    if (words.length === 0) this.#visit(field);
    else if (value === null || value === undefined) return;
    else if (Array.isArray(value)) this.#intoItems(value, words);
    else if (isMap(value)) this.#intoField(value, words);
    else throw new Error("expected sequence or mapping node");
  }

  #intoItems(list: unknown[], words: readonly string[]): void {
    for (const index of list.keys())
      try {
        this.from(elementOf(list, index), words);
      } catch (error) {
        throw new Error(`visit traversal on path: [${words.join(" ")}]: ${(error as Error).message}`, { cause: error });
      }
  }

  #intoField(map: Json, [word = "", ...rest]: readonly string[]): void {
    const isList = word.endsWith("[]");
    const name = isList ? word.slice(0, -2) : word;
    if (name === "") throw new Error("cannot set or create an empty field name");
    const creates = isList ? undefined : this.#creates;
    const isMissing = map[name] === undefined || map[name] === null;
    if (isMissing && creates === undefined) {
      if (name in map) this.from(fieldOf(map, name), rest);
      return;
    }
    if (isMissing) map[name] = rest.length > 0 || creates === "map" ? {} : "";
    this.from(fieldOf(map, name), rest);
  }
}

export const fieldOf = (map: Json, name: string): Field => ({
  value: map[name],
  set(value) {
    map[name] = value;
  },
});

export const elementOf = (list: unknown[], index: number): Field => ({
  value: list[index],
  set(value) {
    list[index] = value;
  },
});

/** Splits at a delimiter that no backslash stands before. Upstream: kyaml/utils PathSplitter */
export function splitPath(path: string, delimiter: string): string[] {
  const parts = path.split(delimiter);
  if (parts.length > 1 && parts[0] === "") parts.shift();
  const words: string[] = [];
  for (const part of parts) {
    const last = words.at(-1);
    if (last?.endsWith("\\")) words[words.length - 1] = `${last.slice(0, -1)}${delimiter}${part}`;
    else words.push(part);
  }
  return words;
}
