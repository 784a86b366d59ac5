import { baseName } from "../../host/cli-host.ts";
import type { GeneratorArgs, GeneratorOptions } from "./kustomization.ts";
import type { OpenApi } from "./open-api.ts";
import { type Behavior, type KObject, Resource } from "./resource.ts";
import type { Json } from "./values.ts";

const LINE_LENGTH = 70;

export type Generated = "ConfigMap" | "Secret";

/** A ConfigMap or Secret made of literals and files. `load` reads a file of the kustomization's folder. Upstream: kustomize/api/internal/generators */
export function generate(
  kind: Generated,
  args: GeneratorArgs,
  { load, openApi }: { load(file: string): Buffer; openApi: OpenApi },
): Resource {
  if (!args.name) throw new Error(`a configmap must have a name`);
  const data = readPairs(args, load);
  const { labels = {}, annotations = {}, immutable, disableNameSuffixHash } = args.options ?? {};
  const metadata: NonNullable<KObject["metadata"]> = { name: args.name };
  if (args.namespace) metadata.namespace = args.namespace;
  if (Object.keys(labels).length > 0) metadata.labels = labels;
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
  const object: KObject = { apiVersion: "v1", kind, metadata };
  if (kind === "Secret") {
    object["type"] = args.type || "Opaque";
    object["data"] = Object.fromEntries([...data].map(([key, value]) => [key, encode(value)]));
  } else {
    for (const [key, value] of data) {
      const text = value.toString("utf8");
      const isText = Buffer.from(text).equals(value);
      const map = (object[isText ? "data" : "binaryData"] ??= {}) as Json;
      map[key] = isText ? text : encode(value);
    }
  }
  if (immutable) object["immutable"] = true;
  const resource = new Resource(object, openApi);
  resource.needsHash = !disableNameSuffixHash;
  resource.behavior = behaviorOf(args.behavior);
  return resource;
}

/** What a generator says wins over what all of them share; but nobody can take a yes of those back. */
export function mergedOptions(own: GeneratorOptions = {}, shared: GeneratorOptions = {}): GeneratorOptions {
  return {
    labels: { ...shared.labels, ...own.labels },
    annotations: { ...shared.annotations, ...own.annotations },
    disableNameSuffixHash: own.disableNameSuffixHash || (shared.disableNameSuffixHash ?? false),
    immutable: own.immutable || (shared.immutable ?? false),
  };
}

function behaviorOf(text: string | undefined): Behavior {
  return text === "merge" || text === "replace" || text === "create" ? text : "unspecified";
}

function readPairs(args: GeneratorArgs, load: (file: string) => Buffer): Map<string, Buffer> {
  const pairs = new Map<string, Buffer>();
  for (const [key, value] of [...envPairs(args, load), ...literalPairs(args), ...filePairs(args, load)]) {
    if (pairs.has(key)) throw new Error(`configmap ${args.name} illegally repeats the key \`${key}\``);
    pairs.set(key, Buffer.from(value));
  }
  return pairs;
}

type Pair = readonly [string, string | Buffer];

/** Runs a reader; what goes wrong is told with the sources. */
function reading(what: string, sources: readonly string[], read: () => Pair[]): Pair[] {
  try {
    return read();
  } catch (error) {
    throw new Error(`loading KV pairs: ${what} [${sources.join(" ")}]: ${(error as Error).message}`, { cause: error });
  }
}

const envPairs = ({ envs = [] }: GeneratorArgs, load: (file: string) => Buffer) =>
  reading("env source files:", envs, () => envs.flatMap((file) => envLines(load(file).toString("utf8"))));

function literalPairs({ literals = [] }: GeneratorArgs): Pair[] {
  return reading("literal sources", literals, () =>
    literals.map((literal): Pair => {
      const equals = literal.indexOf("=");
      if (equals < 1) throw new Error(`invalid literal source ${literal}, expected key=value`);
      return [literal.slice(0, equals), unquote(literal.slice(equals + 1))];
    }),
  );
}

function filePairs({ files = [] }: GeneratorArgs, load: (file: string) => Buffer): Pair[] {
  return reading("file sources:", files, () =>
    files.map((source): Pair => {
      const [key = "", file, ...more] = source.split("=");
      if (more.length > 0) throw new Error(`source ${JSON.stringify(source)} key name or file path contains '='`);
      if (file === undefined) return [baseName(source), load(source)];
      if (key === "") throw new Error(`missing key name for file path ${JSON.stringify(file)} in source ${JSON.stringify(source)}`);
      if (file === "") throw new Error(`missing file path for key name ${JSON.stringify(key)} in source ${JSON.stringify(source)}`);
      return [key, load(file)];
    }),
  );
}

function envLines(text: string): Pair[] {
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, "").trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line): Pair => {
      const equals = line.indexOf("=");
      return equals < 0 ? [line, ""] : [line.slice(0, equals), line.slice(equals + 1)];
    })
    .filter(([key]) => key !== "");
}

const unquote = (text: string) =>
  text.length >= 2 && (text.startsWith('"') || text.startsWith("'")) && text.endsWith(text[0] ?? "") ? text.slice(1, -1) : text;

/** Base64, in lines when it is long. */
function encode(value: Buffer): string {
  const text = value.toString("base64");
  if (text.length < LINE_LENGTH) return text;
  return (text.match(/.{1,70}/g) ?? []).map((line) => `${line}\n`).join("");
}
