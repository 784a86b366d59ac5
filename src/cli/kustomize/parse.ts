import { type Document, isMap as isYamlMap, isScalar, isSeq, parseDocument, visit } from "yaml";
import { parseYamlDocuments } from "../../api/parse-yaml.ts";
import { isMap, type Json } from "./values.ts";

/** The documents of a text of resources, as kustomize reads them (YAML 1.2 of go-yaml v3): `n` and `yes` are texts there. Upstream: kyaml/kio ByteReader */
export function parseResources(text: string): unknown[] {
  return splitDocuments(text.replaceAll("\r\n", "\n"))
    .map(parseOne)
    .filter((value) => value !== null && value !== undefined);
}

function splitDocuments(text: string): string[] {
  const documents: string[] = [];
  let from = 0;
  for (const match of text.matchAll(/\n---.*\n/g)) {
    const rest = match[0].slice(4).trim();
    if (rest !== "" && !rest.startsWith("#")) throw new Error(`invalid document separator: ${match[0].trim()}`);
    documents.push(`${text.slice(from, match.index)}\n`);
    from = match.index + match[0].length;
  }
  return [...documents, text.slice(from)];
}

function parseOne(text: string): unknown {
  const document = parseText(text);
  const value = unshared(document.toJS({ maxAliasCount: 1000 }));
  if (isMap(value)) keepAnnotationTexts(document, value);
  rememberBareNulls(document.contents, value);
  const repeated = repeatedKeys(document, text);
  if (repeated.length > 0 && isMap(value)) repeats.set(value, repeated);
  return value;
}

/** Keys that an object has twice: kustomize builds on, and fails when it prints the object. */
const repeats = new WeakMap<object, readonly string[]>();

export const repeatsOf = (object: object): readonly string[] => repeats.get(object) ?? [];

function repeatedKeys(document: Document.Parsed, text: string): string[] {
  const found: string[] = [];
  const lineOf = (offset = 0) => text.slice(0, offset).split("\n").length;
  visit(document, {
    Map(_key, map) {
      const lines = new Map<string, number>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const line = lineOf(key.range?.[0]);
        const first = lines.get(name);
        if (first === undefined) lines.set(name, line);
        else found.push(`  line ${line}: mapping key ${JSON.stringify(name)} already defined at line ${first}`);
      }
    },
  });
  return found;
}

/** What an alias stands for is a copy: it can be changed on its own. */
function unshared(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unshared);
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unshared(item)])) : value;
}

/** Fields with nothing behind the colon: merges drop them, where they keep a null that is spelt out. */
const bareNulls = new WeakMap<object, Set<string>>();

export const isBareNull = (map: object, key: string): boolean => bareNulls.get(map)?.has(key) ?? false;

function rememberBareNulls(node: unknown, value: unknown): void {
  if (isSeq(node) && Array.isArray(value)) for (const [index, item] of node.items.entries()) rememberBareNulls(item, value[index]);
  if (!isYamlMap(node) || !isMap(value)) return;
  for (const { key, value: child } of node.items) {
    const name = isScalar(key) ? String(key.value) : "";
    const isBare = child === null || (isScalar(child) && child.value === null && !child.source);
    if (isBare) bareNulls.set(value, (bareNulls.get(value) ?? new Set()).add(name));
    else rememberBareNulls(child, value[name]);
  }
}

/** One document, with its scalars resolved; comments and styles are still there. */
export function parseText(text: string): Document.Parsed {
  const document = parseDocument(text, { version: "1.2", merge: true, uniqueKeys: false, prettyErrors: false });
  const [error] = document.errors;
  if (error && error.code !== "MULTIPLE_DOCS") {
    try {
      // What is wrong is told in go-yaml's words.
      parseYamlDocuments(text);
    } catch (cause) {
      throw new Error(`MalformedYAMLError: ${newerWords((cause as Error).message, text)}`, { cause });
    }
    throw new Error(`MalformedYAMLError: yaml: ${error.message}`);
  }
  visit(document, {
    Scalar(key, node) {
      if (node.type !== "PLAIN" || node.tag !== undefined || node.source === undefined) return;
      node.value = key === "key" ? (node.source === "<<" ? node.value : node.source) : resolveScalar(node.source);
    },
  });
  return document;
}

/** kubectl has two YAML readers; the one for resources tells tabs in other words. */
function newerWords(message: string, text: string): string {
  const line = Number(/line (\d+): found character that cannot start any token/.exec(message)?.[1] ?? 0);
  if (!text.split("\n")[line - 1]?.startsWith("\t")) return message;
  return `yaml: ${line < 3 ? "" : `line ${line - 1}: `}found a tab character that violates indentation`;
}

/** Annotations are texts in the end, in the words of the file: `1.10` stays so. */
function keepAnnotationTexts(document: Document.Parsed, value: Json): void {
  const node = document.getIn(["metadata", "annotations"], true);
  const annotations = isMap(value["metadata"]) ? value["metadata"]["annotations"] : undefined;
  if (!isYamlMap(node) || !isMap(annotations)) return;
  for (const { key, value: scalar } of node.items)
    if (isScalar(key) && isScalar(scalar) && typeof scalar.value !== "string" && scalar.value !== null)
      annotations[String(key.value)] = scalar.source ?? String(scalar.value);
}

const SPECIAL: Readonly<Record<string, boolean | number | null>> = {
  "": null,
  "~": null,
  null: null,
  Null: null,
  NULL: null,
  true: true,
  True: true,
  TRUE: true,
  false: false,
  False: false,
  FALSE: false,
  ".nan": NaN,
  ".NaN": NaN,
  ".NAN": NaN,
  ...Object.fromEntries([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((text) => [text, Infinity])),
  ...Object.fromEntries(["-.inf", "-.Inf", "-.INF"].map((text) => [text, -Infinity])),
};

/** What an unquoted word stands for. Upstream: go-yaml v3 resolve.go */
export function resolveScalar(text: string): string | number | bigint | boolean | null {
  if (Object.hasOwn(SPECIAL, text)) return SPECIAL[text] ?? null;
  if (!/^[-+.0-9]/.test(text)) return text;
  const date = timestamp(text);
  if (date !== undefined) return date;
  const plain = text.replaceAll("_", "");
  const whole = integer(plain);
  if (whole !== undefined) return whole;
  return /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(plain) ? Number(plain) : text;
}

/** As Go's strconv reads integers: a leading zero means octal. */
function integer(plain: string): number | bigint | undefined {
  const [, sign = "", body = ""] = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9][0-9]*)$/.exec(plain) ?? [];
  if (body === "" || /^0[oO]$/.test(body)) return undefined;
  const digits = /^0[0-7]+$/.test(body) ? `0o${body.slice(1)}` : body;
  const value = sign === "-" ? -BigInt(digits) : BigInt(digits);
  if (value >= 2n ** 64n || value < -(2n ** 63n)) return Number(value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]| +)(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[-+]\d\d:\d\d)?)?$/;

/** Dates, as Go writes them into JSON. */
function timestamp(text: string): string | undefined {
  const [all, year, month = "", day = "", hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = DATE.exec(text) ?? [];
  if (all === undefined || Number(month) > 12 || Number(day) > 31) return undefined;
  const two = (digits: string) => digits.padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${fraction.replace(/\.?0+$/, "")}${zone}`;
}
