import { applyOperations } from "./json-operations.ts";
import { parseYamlDocuments } from "../../api/parse-yaml.ts";
import type { PatchEntry } from "./kustomization.ts";
import type { Loader } from "./loader.ts";
import { strategicMerge } from "./merge.ts";
import type { OpenApi } from "./open-api.ts";
import { type KObject, type Resource, type Selector, showId } from "./resource.ts";
import { resourcesOf } from "./resource-factory.ts";
import type { ResourceList } from "./resource-list.ts";
import { isMap, textOf } from "./values.ts";

type Transform = (list: ResourceList) => void;

interface PatchOptions {
  readonly allowNameChange?: boolean;
  readonly allowKindChange?: boolean;
}

interface Sources {
  readonly loader: Loader;
  readonly openApi: OpenApi;
}

/** An entry of `patches`: strategic merges or JSON patches, given as text or as a file. Upstream: PatchTransformer */
export function patchTransformer(entry: PatchEntry, shownConfig: string, sources: Sources): Transform {
  const { target, options = {} } = entry;
  const { text, source } = patchText(entry, shownConfig, sources.loader);
  const merges = attempt(() => resourcesOf(text, sources.openApi));
  const operations = attempt(() => jsonPatch(text));
  if (merges.value && operations.value && merges.value.length > 0 && operations.value.length > 0)
    throw new Error(`illegally qualifies as both an SM and JSON patch: ${source}`);
  if (!merges.value && !operations.value) throw new Error(`unable to parse SM or JSON patch from ${source}`);
  if (merges.value) {
    const patches = merges.value;
    if (patches.length === 0) return () => undefined;
    return target ? (list) => mergeIntoTargets(list, patches, entry, source) : (list) => mergeEach(list, patches, options);
  }
  return (list) => {
    if (!target) throw new Error(`must specify a target for JSON patch ${source}`);
    for (const resource of list.select(target)) {
      resource.remember();
      applyJson(resource, operations.value ?? []);
    }
  };
}

/** Entries of `patchesStrategicMerge`: files or texts. Upstream: PatchStrategicMergeTransformer */
export function strategicMergeTransformer(paths: readonly string[], inline: string, { loader, openApi }: Sources): Transform {
  if (paths.length === 0 && inline === "") throw new Error("empty file path and empty patch content");
  const patches = paths.flatMap((path) => {
    const asText = attempt(() => resourcesOf(path, openApi)).value;
    if (asText) return asText;
    const text = loader.loadText(path);
    try {
      return resourcesOf(text, openApi);
    } catch (error) {
      const { message } = error as Error;
      throw message.includes("MalformedYAMLError") ? new Error(`${message} in File: ${path}`, { cause: error }) : error;
    }
  });
  if (inline !== "") patches.push(...resourcesOf(inline, openApi));
  if (patches.length === 0) throw new Error(`patch appears to be empty; files=[${paths.join(" ")}], Patch=${inline}`);
  return (list) => {
    for (const patch of patches) {
      const target = list.get(patch.originalId);
      mergeInto(target, asKindOf(patch, target), {});
      list.all = list.all.filter((resource) => !isGone(resource));
    }
  };
}

/** An entry of `patchesJson6902`. Upstream: PatchJson6902Transformer */
export function jsonPatchTransformer({ target, path = "", patch = "" }: PatchEntry, { loader }: Sources): Transform {
  if (!target?.name) throw new Error("must specify the target name");
  if (path === "" && patch === "") throw new Error("empty file path and empty jsonOp");
  if (path !== "" && patch !== "") throw new Error("must specify a file path or jsonOp, not both");
  const text = path === "" ? patch : loader.loadText(path);
  if (text === "") throw new Error(`patch file '${path}' empty seems to be empty`);
  const operations = jsonPatch(text);
  if (operations.length === 0) throw new Error(`patch appears to be empty; file=${path}, JsonOp=${text}`);
  return (list) => {
    for (const resource of list.select(target)) applyJson(resource, operations);
  };
}

function patchText(entry: PatchEntry, shownConfig: string, loader: Loader): { readonly text: string; readonly source: string } {
  const inline = (entry.patch ?? "").trim();
  const path = entry.path ?? "";
  if (inline === "" && path === "") throw new Error(`must specify one of patch and path in\n${shownConfig}`);
  if (inline !== "" && path !== "") throw new Error(`patch and path can't be set at the same time\n${shownConfig}`);
  if (inline !== "") return { text: inline, source: `[patch: ${JSON.stringify(inline)}]` };
  try {
    return { text: loader.loadText(path), source: `[path: ${JSON.stringify(path)}]` };
  } catch (error) {
    throw new Error(`failed to get the patch file from path(${path}): ${(error as Error).message}`, { cause: error });
  }
}

function attempt<T>(parse: () => T): { readonly value?: T } {
  try {
    return { value: parse() };
  } catch (error) {
    if (error instanceof Error) return {};
    throw error;
  }
}

function jsonPatch(text: string): unknown[] {
  if (text === "") throw new Error("empty json patch operations");
  const [operations] = text.startsWith("[") ? [JSON.parse(text) as unknown] : parseYamlDocuments(text);
  if (operations === undefined || operations === null) return [];
  if (!Array.isArray(operations) || !operations.every((each) => each === null || isMap(each))) throw new Error("no list of operations");
  return operations;
}

function applyJson(resource: Resource, operations: readonly unknown[]): void {
  resource.object = applyOperations(resource.object, operations) as KObject;
}

const isGone = ({ object }: Resource) => Object.keys(object).length === 0;

function mergeEach(list: ResourceList, patches: readonly Resource[], options: PatchOptions): void {
  for (const patch of patches) {
    let target: Resource;
    try {
      target = list.get(patch.originalId);
    } catch (error) {
      throw new Error(
        `no resource matches strategic merge patch ${JSON.stringify(showId(patch.originalId))}: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
    mergeInto(target, patch.object, options);
  }
}

function mergeIntoTargets(
  list: ResourceList,
  patches: readonly Resource[],
  { target = {}, options = {} }: PatchEntry,
  source: string,
): void {
  const [patch] = patches;
  if (patches.length > 1 || !patch)
    throw new Error(`Multiple Strategic-Merge Patches in one \`patches\` entry is not allowed to set \`patches.target\` field: ${source}`);
  const chosen = new Set(selectTargets(list, target));
  const all = list.all;
  list.all = [];
  for (const resource of all) {
    if (chosen.has(resource)) mergeInto(resource, asKindOf(patch, resource), options);
    if (!isGone(resource)) list.append(resource);
  }
}

function selectTargets(list: ResourceList, target: Selector): Resource[] {
  try {
    return list.select(target);
  } catch (error) {
    const shown = `${showId(target)}:a=${target.annotationSelector ?? ""}:l=${target.labelSelector ?? ""}`;
    throw new Error(`unable to find patch target ${JSON.stringify(shown)} in \`resources\`: ${(error as Error).message}`, { cause: error });
  }
}

/** A patch for many kinds takes the version of each. */
function asKindOf(patch: Resource, { object }: Resource): KObject {
  const { apiVersion: _, ...rest } = patch.object;
  return object.apiVersion === undefined ? rest : { ...rest, apiVersion: object.apiVersion };
}

/** Upstream: Resource.ApplySmPatch */
function mergeInto(resource: Resource, patch: KObject, { allowNameChange = false, allowKindChange = false }: PatchOptions): void {
  const { name, namespace, kind } = resource.id;
  if (allowNameChange || allowKindChange) resource.remember();
  // The object is changed where it is; a patch that would replace it whole changes nothing.
  if (strategicMerge(resource.object, patch, resource.openApi) === undefined) resource.object = {};
  if (isGone(resource)) return;
  if (!allowKindChange) resource.object.kind = kind;
  if (!allowNameChange) resource.metadata.name = name;
  else resource.metadata.name = textOf(resource.metadata.name);
  resource.setNamespace(namespace);
}
