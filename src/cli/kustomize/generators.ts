import { baseName } from "../../host/cli-host.ts";
import { isConfigMapKey } from "../../api/validation/names.ts";
import type { GeneratorArgs, GeneratorOptions } from "./kustomization.ts";
import { type Json, type KObject, Resource } from "./resource.ts";

const LINE_LENGTH = 70;

/** A ConfigMap or Secret made of literals and files. `load` reads a file of the kustomization's folder. */
export function generate(
  kind: "ConfigMap" | "Secret",
  args: GeneratorArgs,
  shared: GeneratorOptions,
  load: (file: string) => Buffer,
): Resource {
  if (!args.name) throw new Error(`a configmap must have a name`);
  const data = readPairs(args, load);
  const own = args.options ?? {};
  const options = {
    ...shared,
    ...own,
    labels: { ...shared.labels, ...own.labels },
    annotations: { ...shared.annotations, ...own.annotations },
  };
  const object: KObject = {
    apiVersion: "v1",
    kind,
    metadata: { name: args.name, ...(args.namespace ? { namespace: args.namespace } : {}) },
  };
  if (Object.keys(options.labels).length > 0) object.metadata = { ...object.metadata, labels: options.labels };
  if (Object.keys(options.annotations).length > 0) object.metadata = { ...object.metadata, annotations: options.annotations };
  if (kind === "Secret") {
    object["type"] = args.type || "Opaque";
    if (data.size > 0) object["data"] = Object.fromEntries([...data].map(([key, value]) => [key, encode(value)]));
  } else {
    for (const [key, value] of data) {
      const text = value.toString("utf8");
      const isText = Buffer.from(text).equals(value);
      const map = (object[isText ? "data" : "binaryData"] ??= {}) as Json;
      map[key] = isText ? text : encode(value);
    }
  }
  if (options.immutable) object["immutable"] = true;
  const resource = new Resource(object);
  resource.needsHash = !(shared.disableNameSuffixHash || own.disableNameSuffixHash);
  resource.behavior = behaviorOf(args.behavior);
  return resource;
}

function behaviorOf(text: string | undefined): Resource["behavior"] {
  return text === "merge" || text === "replace" ? text : "create";
}

function readPairs(args: GeneratorArgs, load: (file: string) => Buffer): Map<string, Buffer> {
  const pairs = new Map<string, Buffer>();
  const add = (key: string, value: Buffer | string) => {
    if (!isConfigMapKey(key))
      throw new Error(
        `${JSON.stringify(key)} is not a valid key name: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
      );
    if (pairs.has(key)) throw new Error(`configmap ${args.name} illegally repeats the key \`${key}\``);
    pairs.set(key, Buffer.from(value));
  };
  for (const file of [...(args.envs ?? []), ...(args.env ? [args.env] : [])])
    for (const [key, value] of envLines(load(file).toString("utf8"))) add(key, value);
  for (const literal of args.literals ?? []) {
    const equals = literal.indexOf("=");
    if (equals < 1)
      throw new Error(
        `loading KV pairs: literal sources [${(args.literals ?? []).join(" ")}]: invalid literal source ${literal}, expected key=value`,
      );
    add(literal.slice(0, equals), unquote(literal.slice(equals + 1)));
  }
  for (const source of args.files ?? []) {
    const [key = "", file, ...more] = source.split("=");
    const fail = (text: string) => new Error(`loading KV pairs: file sources: [${(args.files ?? []).join(" ")}]: ${text}`);
    if (more.length > 0) throw fail(`source ${JSON.stringify(source)} key name or file path contains '='`);
    const read = (name: string) => {
      try {
        return load(name);
      } catch (error) {
        throw fail((error as Error).message);
      }
    };
    if (file === undefined) add(baseName(source), read(source));
    else if (key === "") throw fail(`missing key name for file path ${JSON.stringify(file)} in source ${JSON.stringify(source)}`);
    else if (file === "") throw fail(`missing file path for key name ${JSON.stringify(key)} in source ${JSON.stringify(source)}`);
    else add(key, read(file));
  }
  return pairs;
}

function envLines(text: string): [string, string][] {
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, "").trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const equals = line.indexOf("=");
      return equals < 0 ? [line, ""] : [line.slice(0, equals), line.slice(equals + 1)];
    });
}

const unquote = (text: string) =>
  text.length >= 2 && (text.startsWith('"') || text.startsWith("'")) && text.endsWith(text[0] ?? "") ? text.slice(1, -1) : text;

/** Base64, in lines when it is long. */
function encode(value: Buffer): string {
  const text = value.toString("base64");
  if (text.length < LINE_LENGTH) return text;
  return (text.match(/.{1,70}/g) ?? []).map((line) => `${line}\n`).join("");
}

/** What a generator that merges keeps of the resource that is there. */
export function absorb(fresh: Resource, old: Resource): void {
  const { labels, annotations, ...rest } = old.metadata;
  fresh.object.metadata = { ...fresh.metadata, ...rest };
  const [allLabels, allAnnotations] = [
    { ...labels, ...fresh.metadata.labels },
    { ...annotations, ...fresh.metadata.annotations },
  ];
  if (Object.keys(allLabels).length > 0) fresh.metadata.labels = allLabels;
  if (Object.keys(allAnnotations).length > 0) fresh.metadata.annotations = allAnnotations;
  fresh.earlier.push(...old.earlier);
  fresh.prefixes.push(...old.prefixes);
  fresh.suffixes.push(...old.suffixes);
  if (fresh.behavior === "merge")
    for (const field of ["data", "binaryData"]) {
      const merged = { ...(old.object[field] as Json | undefined), ...(fresh.object[field] as Json | undefined) };
      if (Object.keys(merged).length > 0) fresh.object[field] = merged;
    }
  fresh.behavior = old.behavior;
}
