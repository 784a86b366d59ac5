import * as host from "../../host/cli-host.ts";
import { sortKeys } from "../../api/go-json.ts";
import { StatusError } from "../../api/status.ts";
import { ConnectionError, ExitError, messageOf } from "../errors.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import type { ResourceInfo } from "../connection/discovery.ts";
import type { TargetOptions } from "./resource-arguments.ts";
import { download, WrongNamespace, type ApiObject, type Target } from "./resources.ts";

export interface Manifest {
  readonly object: ApiObject;
  /** The file it comes from, as messages name it. */
  readonly source: string;
}

/**
 * The objects of the files given with -f, each with its resource and namespace. With `errors`, what is wrong with one file or object
 * is put there and the others are still returned.
 */
export async function targetsOfFiles(context: CommandContext, { errors, asWritten, typed }: TargetOptions = {}): Promise<Target[]> {
  const targets: Target[] = [];
  const selects = await selection(context);
  for (const manifest of await readManifests(context, errors)) {
    if (asWritten && selects?.(manifest.object) === false) continue;
    try {
      if (typed) await assertTyped(manifest);
      const target = await targetOf(context, manifest);
      targets.push(asWritten || !selects ? target : { ...target, selects });
    } catch (error) {
      if (!errors) throw error;
      errors.push(error);
    }
  }
  return targets;
}

/** Throws for kinds without a Go type. */
export async function assertTyped({ object, source }: Manifest): Promise<void> {
  const { apiVersion = "", kind = "" } = object;
  const cut = apiVersion.lastIndexOf("/");
  const { notInScheme } = await import("./go-scheme.ts");
  const message = notInScheme({ group: apiVersion.slice(0, Math.max(0, cut)), version: apiVersion.slice(cut + 1), kind });
  if (message !== "") throw new Error(`unable to decode ${JSON.stringify(source)}: ${message}`);
}

async function targetOf(context: CommandContext, { object, source }: Manifest): Promise<Target> {
  const info = await requireKind(context, object, source);
  const { namespace, explicitNamespace } = await context.connection();
  const own = object.metadata.namespace;
  if (info.namespaced && own && explicitNamespace && own !== namespace) {
    throw new WrongNamespace(
      `the namespace from the provided object ${JSON.stringify(own)} does not match the namespace ${JSON.stringify(namespace)}. You must pass '--namespace=${own}' to perform this operation.`,
    );
  }
  const everywhere = context.flags.bool("all-namespaces");
  const place = info.namespaced ? own || (everywhere ? undefined : namespace) : undefined;
  const manifest = place === undefined ? object : { ...object, metadata: { ...object.metadata, namespace: place } };
  return { info, namespace: place, name: object.metadata.name, manifest, source };
}

/** The resource of an object's kind. */
export async function requireKind(context: CommandContext, object: ApiObject, source: string): Promise<ResourceInfo> {
  const info = await recognized(context, object, source);
  if (info) return info;
  throw new ExitError(
    `error: resource mapping not found for name: ${JSON.stringify(object.metadata.name ?? "")} namespace: ${JSON.stringify(object.metadata.namespace ?? "")} from ${JSON.stringify(source)}: no matches for kind ${JSON.stringify(object.kind)} in version ${JSON.stringify(object.apiVersion)}\nensure CRDs are installed first`,
  );
}

async function recognized(context: CommandContext, object: ApiObject, source: string): Promise<ResourceInfo | undefined> {
  const discovery = await context.discovery();
  const validates = validatesManifests(context);
  try {
    return await discovery.ofKind(object.apiVersion ?? "", object.kind ?? "", validates ? 0 : 1);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    // Upstream validates first, and asks for the schemas for that.
    const { reason, server } = error;
    throw new Error(
      validates
        ? `error validating ${JSON.stringify(source)}: error validating data: failed to download openapi: Get "${server}/openapi/v2?timeout=32s": ${reason}; if you choose to ignore these errors, turn validation off with --validate=false`
        : `unable to recognize ${JSON.stringify(source)}: ${error.message}`,
      { cause: error },
    );
  }
}

/** Commands without the flag do not validate. */
const validatesManifests = ({ flags }: CommandContext): boolean => !["", "ignore", "false"].includes(flags.text("validate"));

/** With -l only the objects with such labels count. */
async function selection(context: CommandContext): Promise<((object: Json) => boolean) | undefined> {
  const text = context.flags.text("selector");
  if (text === "") return undefined;
  const { parseSelector } = await import("../../api/labels.ts");
  try {
    const selector = parseSelector(text);
    return (object) => selector.matches((object as ApiObject).metadata.labels ?? {});
  } catch (error) {
    throw new Error(`the provided selector ${JSON.stringify(text)} is not valid: ${messageOf(error)}`, { cause: error });
  }
}

export async function readManifests(context: CommandContext, errors?: unknown[]): Promise<Manifest[]> {
  const { flags } = context;
  const folder = flags.text("kustomize");
  const files = flags.list("filename");
  if (folder !== "" && files.length > 0) throw new Error("only one of -f or -k can be specified");
  if (folder !== "" && flags.bool("recursive")) throw new Error("the -k flag can't be used with -f or -R");
  if (folder !== "") {
    try {
      return await kustomized(context, folder);
    } catch (error) {
      if (!errors) throw error;
      errors.push(error);
      return [];
    }
  }
  if (files.filter((file) => file === "-").length > 1) throw new Error("standard input cannot be used for multiple arguments");
  const validate = validatesManifests(context);
  const manifests: Manifest[] = [];
  const attempt = async (action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      if (!errors) throw error;
      errors.push(error);
    }
  };
  for (const file of files) {
    for (const { source, read } of readSources(context, file))
      await attempt(async () => {
        const text = await read();
        for (const document of await parseDocuments(text, source)) manifests.push(...expand(document, source, validate));
      });
  }
  return manifests;
}

async function kustomized(context: CommandContext, folder: string): Promise<Manifest[]> {
  const { buildKustomization } = await import("../kustomize/build.ts");
  const warn = (text: string) => context.io.err(text);
  return buildKustomization(folder, { warn }).map(({ object }) => ({
    object: { ...object, metadata: object.metadata ?? {} },
    source: folder,
  }));
}

interface Source {
  readonly source: string;
  read(): Promise<string>;
}

function readSources(context: CommandContext, file: string): Source[] {
  if (file === "-") return [{ source: "STDIN", read: () => context.io.stdin() }];
  if (/^https?:\/\//.test(file)) return [{ source: file, read: () => download(context, file) }];
  const ofFile = (source: string): Source => ({
    source,
    read: () => Promise.resolve(host.readText(source)),
  });
  const kind = host.pathKind(file);
  if (kind === "file") return [ofFile(file)];
  if (kind === undefined) {
    const matches = /[*?[]/.test(file) ? host.expandGlob(file) : [];
    if (matches.length === 0) throw new Error(`the path ${JSON.stringify(file)} does not exist`);
    return matches.flatMap((match) => readSources(context, match));
  }
  const sources = walk(file, context.flags.bool("recursive"));
  if (sources.length === 0) throw new Error(`error reading [${file}]: recognized file extensions are [.json .yaml .yml]`);
  return sources.map(ofFile);
}

function walk(folder: string, recursive: boolean): string[] {
  return host.listFolder(folder).flatMap((name) => {
    const path = host.joinPath(folder, name);
    if (host.pathKind(path) === "folder") return recursive ? walk(path, true) : [];
    return /\.(json|yaml|yml)$/.test(name) ? [path] : [];
  });
}

/** The objects of one text, with the items of lists in their place. */
export async function parseManifests(text: string, source: string): Promise<Manifest[]> {
  return (await parseDocuments(text, source)).flatMap((document) => expand(document, source, true));
}

async function parseDocuments(text: string, source: string): Promise<unknown[]> {
  if (/^\s*\{/.test(text)) {
    const { parseJsonStream } = await import("./json-stream.ts");
    try {
      return parseJsonStream(text);
    } catch (error) {
      // Flow mappings of YAML begin with a brace too.
      const documents = await yamlOrNothing(text);
      if (documents) return documents;
      throw new Error(`error parsing ${source}: ${messageOf(error)}`, { cause: error });
    }
  }
  const separator = text.split(/\r?\n/).find((line) => /^---\s*[^\s#]/.test(line));
  if (separator !== undefined) throw new Error(`error parsing ${source}: invalid Yaml document separator: ${separator.slice(3).trim()}`);
  // What stands before a separator is a document of its own: one of directives only is none.
  if (text.startsWith("%"))
    throw new Error(`error parsing ${source}: error converting YAML to JSON: yaml: line 1: did not find expected <document start>`);
  const { parseYamlDocuments } = await import("../../api/parse-yaml.ts");
  try {
    return parseYamlDocuments(text);
  } catch (error) {
    throw new Error(`error parsing ${source}: error converting YAML to JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function yamlOrNothing(text: string): Promise<unknown[] | undefined> {
  const { parseYamlDocuments } = await import("../../api/parse-yaml.ts");
  try {
    return parseYamlDocuments(text);
  } catch {
    return undefined;
  }
}

function expand(document: unknown, source: string, validate: boolean): Manifest[] {
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw new Error(notAnObject(document, source, validate));
  const object = document as ApiObject;
  const missing = missingFields(object);
  if (missing !== "" && validate)
    throw new Error(
      `error validating ${JSON.stringify(source)}: error validating data: ${missing}; if you choose to ignore these errors, turn validation off with --validate=false`,
    );
  if (!object.kind)
    throw new Error(`unable to decode ${JSON.stringify(source)}: Object 'Kind' is missing in '${JSON.stringify(sortKeys(object))}'`);
  if (!object.apiVersion)
    throw new StatusError({ code: 404, reason: "NotFound", message: "the server could not find the requested resource" });
  if (object.kind.endsWith("List") && Array.isArray(object["items"]))
    return object["items"].flatMap((item) => {
      if (!validate && typeof item === "string")
        throw new Error(
          `unable to decode ${JSON.stringify(source)}: json: cannot unmarshal string into Go value of type map[string]interface {}`,
        );
      return expand(withListKind(item, object), source, validate);
    });
  // Whoever says "items" is a list, even without any.
  if (object["items"] === null && !validate) return [];
  if (object.kind === "List" && validate) throw new Error(notAnObject(undefined, source, validate));
  const wrong = wrongMetadata(object.metadata);
  if (wrong !== "") throw new Error(`unable to decode ${JSON.stringify(source)}: json: cannot unmarshal ${wrong}`);
  // What is sent is in order, as maps of Go are: the server tells mistakes in the order in which it finds them.
  return [{ object: sortKeys({ ...object, metadata: object.metadata ?? {} }), source }];
}

/** Items of a typed list need not say what they are. */
function withListKind(item: unknown, { apiVersion, kind = "" }: ApiObject): unknown {
  if (kind === "List" || typeof item !== "object" || item === null || "kind" in item || "apiVersion" in item) return item;
  return { ...item, apiVersion, kind: kind.slice(0, -"List".length) };
}

const STRINGS = new Set(["generateName", "name", "namespace", "resourceVersion", "selfLink", "uid"]);

/** Metadata must fit its Go struct, whatever the object. Upstream: cli-runtime/pkg/resource/metadata_decoder.go */
function wrongMetadata(metadata: unknown): string {
  const is = (value: unknown) => (Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value);
  if (metadata === undefined || metadata === null) return "";
  if (is(metadata) !== "object") return `${is(metadata)} into Go struct field metadataOnlyObject.metadata of type v1.ObjectMeta`;
  for (const [key, value] of Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const expected = (type: string, found = value) => `${is(found)} into Go struct field ObjectMeta.metadata.${key} of type ${type}`;
    if (value === null || value === undefined) continue;
    if (STRINGS.has(key) && typeof value !== "string") return expected(key === "uid" ? "types.UID" : "string");
    if (key !== "labels" && key !== "annotations") continue;
    if (is(value) !== "object") return expected("map[string]string");
    const stray = Object.values(value).find((each) => each !== null && typeof each !== "string");
    if (stray !== undefined) return expected("string", stray);
  }
  return "";
}

function notAnObject(document: unknown, source: string, validate: boolean): string {
  if (validate)
    return `error validating ${JSON.stringify(source)}: error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false`;
  const go = Array.isArray(document) ? "array" : typeof document;
  return `unable to decode ${JSON.stringify(source)}: json: cannot unmarshal ${go === "boolean" ? "bool" : go} into Go value of type unstructured.detector`;
}

function missingFields(object: Json): string {
  const missing = ["apiVersion", "kind"].filter((field) => !object[field]).map((field) => `${field} not set`);
  return missing.length <= 1 ? (missing[0] ?? "") : `[${missing.join(", ")}]`;
}
