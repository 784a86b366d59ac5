import { type Json, type Resource, type Selector, selectResources } from "./resource.ts";

interface FieldOptions {
  delimiter?: string;
  index?: number;
  create?: boolean;
}

export interface Replacement {
  source?: Selector & { fieldPath?: string; options?: FieldOptions };
  sourceValue?: string;
  targets?: { select?: Selector; reject?: Selector[]; fieldPaths?: string[]; options?: FieldOptions }[];
}

/** Copies a field's value into fields of other objects. Upstream: kustomize/api/filters/replacement */
export function applyReplacement(all: readonly Resource[], { source, sourceValue, targets }: Replacement): void {
  if ((source === undefined && sourceValue === undefined) || targets === undefined)
    throw new Error("replacements must specify a source and at least one target");
  const value = sourceValue ?? valueOf(all, source ?? {});
  for (const { select, reject = [], fieldPaths = ["metadata.name"], options = {} } of targets) {
    if (select === undefined) throw new Error("target must specify resources to select");
    const rejected = new Set(reject.flatMap((selector) => selectResources(all, selector)));
    for (const resource of selectResources(all, select)) {
      if (rejected.has(resource)) continue;
      for (const path of fieldPaths) setAll(resource, path, value, options);
    }
  }
}

function valueOf(all: readonly Resource[], source: NonNullable<Replacement["source"]>): unknown {
  const { fieldPath = "metadata.name", options = {}, ...selector } = source;
  const suffix = source.fieldPath === undefined ? "" : `:${fieldPath}`;
  const exact = Object.entries(selector) as [keyof Selector, string][];
  const matches = all.filter((resource) =>
    [...resource.earlier, resource.id].some((id) => exact.every(([key, text]) => (id as unknown as Json)[key] === text)),
  );
  const shown = `${selector.kind ?? "[noKind]"}.${selector.version ?? "[noVer]"}.${selector.group ?? "[noGrp]"}/${selector.name ?? "[noName]"}.${selector.namespace ?? "[noNs]"}`;
  const [match] = matches;
  if (!match) throw new Error(`nothing selected by ${shown}${suffix}`);
  if (matches.length > 1) throw new Error(`multiple matches for selector ${shown}${suffix}`);
  let value: unknown = match.object;
  for (const word of splitPath(fieldPath)) value = step(value, word);
  if (value === undefined || value === null || value === "")
    throw new Error(`fieldPath \`${fieldPath}\` is missing for replacement source ${shown}`);
  if (!options.delimiter) return value;
  const parts = String(value).split(options.delimiter);
  const part = parts[options.index ?? 0];
  if (part === undefined) throw new Error(`options.index ${options.index} is out of bounds for value ${String(value)}`);
  return part;
}

/** `spec.containers.[name=a].image`, `metadata.annotations.[a.b/c]`: dots inside brackets do not count. */
const splitPath = (path: string) => [...path.matchAll(/\[[^\]]*\]|[^.\\[]+(?:\\\.[^.\\]+)*/g)].map(([word]) => word.replaceAll("\\.", "."));

function step(node: unknown, word: string): unknown {
  const [, key, wanted] = /^\[([^=\]]+)=([^\]]*)\]$/.exec(word) ?? [];
  if (key !== undefined) return Array.isArray(node) ? node.find((item: Json) => String(item[key]) === wanted) : undefined;
  const name = /^\[(.*)\]$/.exec(word)?.[1] ?? word;
  return typeof node === "object" && node !== null ? (node as Json)[name] : undefined;
}

function setAll(resource: Resource, path: string, value: unknown, options: FieldOptions): void {
  const words = splitPath(path);
  if (path === "metadata.name") resource.remember();
  if (!descend(resource.object, words, value, options))
    throw new Error(`unable to find ${options.create ? "or create " : ""}field ${JSON.stringify(path)} in replacement target`);
}

/** Whether at least one field was found and set. */
function descend(node: unknown, words: readonly string[], value: unknown, options: FieldOptions): boolean {
  const [word = "", ...rest] = words;
  if (word === "*" && Array.isArray(node))
    return node.map((_, index) => setIn(node as unknown as Json, String(index), rest, value, options)).some(Boolean);
  const [, key, wanted] = /^\[([^=\]]+)=([^\]]*)\]$/.exec(word) ?? [];
  if (key !== undefined) {
    if (!Array.isArray(node)) return false;
    const found = node.flatMap((item: Json, index) => (String(item[key]) === wanted ? [index] : []));
    return found.map((index) => setIn(node as unknown as Json, String(index), rest, value, options)).some(Boolean);
  }
  if (typeof node !== "object" || node === null) return false;
  const name = /^\[(.*)\]$/.exec(word)?.[1] ?? word;
  const map = node as Json;
  if (!(name in map)) {
    if (!options.create) return false;
    if (rest.length > 0) map[name] = {};
  }
  return setIn(map, name, rest, value, options);
}

function setIn(holder: Json, key: string, rest: readonly string[], value: unknown, options: FieldOptions): boolean {
  if (rest.length > 0) return descend(holder[key], rest, value, options);
  const old = holder[key];
  if (options.delimiter) {
    const parts = String(old ?? "").split(options.delimiter);
    const index = options.index ?? 0;
    if (index < 0) parts.unshift(String(value));
    else if (index >= parts.length) parts.push(String(value));
    else parts[index] = String(value);
    holder[key] = parts.join(options.delimiter);
  } else if (typeof old === "number" && !Number.isNaN(Number(value))) holder[key] = Number(value);
  else if (typeof old === "string" && typeof value !== "object") holder[key] = String(value);
  else holder[key] = structuredClone(value);
  return true;
}
