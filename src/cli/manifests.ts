import * as host from "../host/cli-host.ts";
import type { Json } from "./client.ts";
import type { CommandContext } from "./command.ts";
import { ExitError } from "./errors.ts";
import { download, type ApiObject, type Target } from "./resources.ts";

export interface Manifest {
  readonly object: ApiObject;
  /** The file it comes from, as messages name it. */
  readonly source: string;
}

/** The objects of the files given with -f, each with its resource and namespace. */
export async function targetsOfFiles(context: CommandContext): Promise<Target[]> {
  const discovery = await context.discovery();
  const { namespace, explicitNamespace } = await context.connection();
  const targets: Target[] = [];
  for (const { object, source } of await readManifests(context)) {
    const info = await discovery.ofKind(object.apiVersion ?? "", object.kind ?? "");
    if (!info) {
      throw new ExitError(
        `error: resource mapping not found for name: ${JSON.stringify(object.metadata.name ?? "")} namespace: ${JSON.stringify(object.metadata.namespace ?? "")} from ${JSON.stringify(source)}: no matches for kind ${JSON.stringify(object.kind)} in version ${JSON.stringify(object.apiVersion)}\nensure CRDs are installed first`,
      );
    }
    const own = object.metadata.namespace;
    if (info.namespaced && own && explicitNamespace && own !== namespace) {
      throw new Error(
        `the namespace from the provided object ${JSON.stringify(own)} does not match the namespace ${JSON.stringify(namespace)}. You must pass '--namespace=${own}' to perform this operation.`,
      );
    }
    const place = info.namespaced ? own || namespace : undefined;
    const manifest =
      place === undefined
        ? object
        : { ...object, metadata: { ...object.metadata, namespace: place } };
    targets.push({ info, namespace: place, name: object.metadata.name, manifest, source });
  }
  return targets;
}

export async function readManifests(context: CommandContext): Promise<Manifest[]> {
  if (context.flags.text("kustomize") !== "")
    throw new ExitError(
      "error: kubesim does not build kustomizations yet: render them first and pass the result with -f",
    );
  const manifests: Manifest[] = [];
  for (const file of context.flags.list("filename")) {
    for (const { text, source } of await readSources(context, file))
      manifests.push(...(await parseManifests(text, source)));
  }
  return manifests;
}

async function readSources(
  context: CommandContext,
  file: string,
): Promise<{ text: string; source: string }[]> {
  if (file === "-") return [{ text: await context.io.stdin(), source: "STDIN" }];
  if (/^https?:\/\//.test(file)) return [{ text: await download(context, file), source: file }];
  const kind = host.pathKind(file);
  if (kind === undefined) throw new Error(`the path ${JSON.stringify(file)} does not exist`);
  if (kind === "file") return [{ text: host.readText(file), source: file }];
  const sources = walk(file, context.flags.bool("recursive"));
  if (sources.length === 0)
    throw new Error(`error reading [${file}]: recognized file extensions are [.json .yaml .yml]`);
  return sources.map((source) => ({ text: host.readText(source), source }));
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
  const { parseYamlDocuments } = await import("../api/parse-yaml.ts");
  let documents: unknown[];
  try {
    documents = /^\s*[[{]/.test(text) ? [JSON.parse(text)] : parseYamlDocuments(text);
  } catch (error) {
    if (/^\s*[[{]/.test(text)) {
      try {
        documents = parseYamlDocuments(text);
      } catch (second) {
        throw new Error(
          `error parsing ${source}: error converting YAML to JSON: ${(second as Error).message}`,
        );
      }
    } else
      throw new Error(
        `error parsing ${source}: error converting YAML to JSON: ${(error as Error).message}`,
      );
  }
  return documents.flatMap((document) => expand(document, source));
}

function expand(document: unknown, source: string): Manifest[] {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    const go = Array.isArray(document)
      ? "array"
      : typeof document === "string"
        ? "string"
        : "value";
    throw new Error(
      `error validating ${JSON.stringify(source)}: error validating data: couldn't get version/kind; json parse error: json: cannot unmarshal ${go} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const object = document as ApiObject;
  for (const field of ["kind", "apiVersion"] as const) {
    if (!object[field])
      throw new Error(
        `error validating ${JSON.stringify(source)}: error validating data: ${missingFields(object)}; if you choose to ignore these errors, turn validation off with --validate=false`,
      );
  }
  if (object.kind?.endsWith("List") && Array.isArray(object["items"]))
    return object["items"].flatMap((item) => expand(item, source));
  return [{ object: { ...object, metadata: object.metadata ?? {} }, source }];
}

function missingFields(object: Json): string {
  const missing = ["apiVersion", "kind"]
    .filter((field) => !object[field])
    .map((field) => `${field} not set`);
  return missing.length === 1 ? (missing[0] ?? "") : `[${missing.join(", ")}]`;
}
