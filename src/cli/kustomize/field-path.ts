import { elementOf, type Field, fieldOf, splitPath } from "./field-specs.ts";
import { parseText, resolveScalar } from "./parse.ts";
import { isMap, isMissing, type nodeKind, textOf, wrongKind } from "./values.ts";

/** A field that a replacement reads or writes. */
export interface PathField extends Field {
  /** It was made for the replacement, and takes whatever the text stands for. */
  readonly isNew?: boolean;
}

export type NodeKind = ReturnType<typeof nodeKind>;

/** `spec.containers.[name=a].image`, `metadata.annotations.[a.b/c]`: dots inside brackets do not count. Upstream: kyaml/utils SmarterPathSplitter */
export function splitFieldPath(path: string): string[] {
  const parts = splitPath(path, ".");
  const words: string[] = [];
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (!part.startsWith("[") || part.endsWith("]")) {
      words.push(part);
      continue;
    }
    let bracketed = part;
    while (parts.length > 0 && !bracketed.endsWith("]")) bracketed += `.${parts.shift() ?? ""}`;
    words.push(bracketed.includes("=") ? bracketed : bracketed.replace(/^[[\]]+|[[\]]+$/g, ""));
  }
  return words;
}

/** The one field at a path, or nothing. Upstream: kyaml/yaml PathGetter */
export function lookUp(root: Field, path: readonly string[]): Field | undefined {
  let field: Field | undefined = root;
  for (const word of path.map((each) => each.trim()).filter((each) => each !== "")) {
    if (field === undefined) return undefined;
    field = step(field, word);
  }
  return field;
}

function step(field: Field, word: string): Field | undefined {
  if (/^[-+]?\d+$/.test(word)) {
    const index = Number(word);
    if (index < 0) throw new Error(`array index ${index} cannot be negative`);
    const list = listOf(field);
    return index < list.length ? elementOf(list, index) : undefined;
  }
  if (word === "-") return elementOf(listOf(field), listOf(field).length - 1);
  if (word === "*") throw new Error("wildcard is not supported in PathGetter");
  if (!isListWord(word)) return member(field, word);
  const { key, text } = keyAndText(word);
  const list = listOf(field);
  const index = list.findIndex((item) => (key === "" ? textOf(item) === text : isMap(item) && key in item && textOf(item[key]) === text));
  return index < 0 ? undefined : elementOf(list, index);
}

/** All fields that a path with patterns leads to; undefined when there are none. Upstream: kyaml/yaml PathMatcher */
export function matchPath(field: PathField, [word, ...rest]: readonly string[], create: NodeKind | undefined): PathField[] | undefined {
  if (word === undefined) return [field];
  if (/^\+?\d+$/.test(word)) return matchIndex(field, Number(word), rest, create);
  if (isListWord(word)) return matchElements(field, word, rest, create);
  if (word === "*") {
    const list = listOf(field);
    return together([...list.keys()].map((index) => matchPath(elementOf(list, index), rest, create)));
  }
  return matchField(field, word, rest, create);
}

function matchField(field: PathField, word: string, rest: readonly string[], create: NodeKind | undefined): PathField[] | undefined {
  const found = member(field, word);
  if (!found && create === undefined) return undefined;
  if (!found) {
    if (!isMap(field.value)) return undefined;
    field.value[word] = emptyOf(kindFor(rest[0], create));
    return matchPath({ ...fieldOf(field.value, word), isNew: true }, rest, create);
  }
  if (rest.length > 0 && !isMissing(found.value) && typeof found.value !== "object") return matchInText(textOf(found.value), rest, create);
  return matchPath(found, rest, create);
}

/** As upstream: it reads on in a text that is YAML, and what it finds there is not written back. */
function matchInText(text: string, rest: readonly string[], create: NodeKind | undefined): PathField[] | undefined {
  let value: unknown;
  try {
    value = parseText(text).toJS();
  } catch (error) {
    throw new Error((error as Error).message.replace("MalformedYAMLError: ", ""), { cause: error });
  }
  return matchPath({ value, set: () => undefined }, rest, create);
}

function matchIndex(field: PathField, index: number, rest: readonly string[], create: NodeKind | undefined): PathField[] | undefined {
  const list = listOf(field);
  const isNew = list.length === index && create !== undefined;
  if (isNew) list.push(emptyOf(kindFor(rest[0], create)));
  if (list.length <= index) throw new Error(`index ${index} specified but only ${list.length} elements found`);
  return matchPath({ ...elementOf(list, index), isNew }, rest, create);
}

function matchElements(field: PathField, word: string, rest: readonly string[], create: NodeKind | undefined): PathField[] | undefined {
  const { key, text } = keyAndText(word);
  const list = listOf(field);
  const pattern = new RegExp(text);
  const isMeant = (item: unknown) =>
    key === "" ? pattern.test(textOf(item)) : isMap(item) && key in item && pattern.test(textOf(item[key]));
  const found = () =>
    together(
      [...list.keys()]
        .filter((index) => isMeant(list[index]))
        .map((index) => matchPath(elementOf(list, index), key === "" ? [] : rest, create)),
    );
  const fields = found();
  if (fields || create === undefined) return fields;
  list.push(key === "" ? resolveScalar(text) : { [key]: resolveScalar(text) });
  return found();
}

function together(matches: readonly (PathField[] | undefined)[]): PathField[] | undefined {
  const all = matches.flatMap((each) => each ?? []);
  return all.length === 0 ? undefined : all;
}

const isListWord = (word: string) => word.startsWith("[") && word.endsWith("]");

function keyAndText(word: string): { readonly key: string; readonly text: string } {
  const [, key, text = ""] = /^\[([^=]*)=(.*)\]$/s.exec(word) ?? [];
  if (key === undefined) throw new Error("list path element must contain fieldName=fieldValue for element to match");
  return { key, text };
}

/** What stands in the way to a field says what is created for it. */
function kindFor(next: string | undefined, create: NodeKind | undefined): NodeKind {
  if (next === undefined || next === "") return create ?? "MappingNode";
  return isListWord(next) || /^\+?\d+$/.test(next) ? "SequenceNode" : "MappingNode";
}

const emptyOf = (kind: NodeKind): unknown => (kind === "MappingNode" ? {} : kind === "SequenceNode" ? [] : "");

function member({ value }: Field, name: string): Field | undefined {
  if (isMissing(value)) return undefined;
  if (!isMap(value)) throw wrongKind("MappingNode", value);
  return name in value ? fieldOf(value, name) : undefined;
}

function listOf({ value }: Field): unknown[] {
  if (isMissing(value)) return [];
  if (!Array.isArray(value)) throw wrongKind("SequenceNode", value);
  return value;
}
