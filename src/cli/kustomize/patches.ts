import { applyJsonPatch } from "../../api/json-patch.ts";
import { schemaOf, structType, type SchemaType } from "../../api/schema.ts";
import { type PatchFacts, patchFacts } from "../../api/strategic-merge.ts";
import { parseYamlDocuments } from "../../api/parse-yaml.ts";
import { sameJson } from "../../api/merge-patch.ts";
import type { PatchEntry } from "./kustomization.ts";
import { parseResources } from "./parse.ts";
import { type Json, type KObject, Resource, selectResources, showId } from "./resource.ts";

/** Applies an entry of `patches`: a strategic merge or a JSON patch, given as text or as a file. Objects may go: the rest is returned. */
export function applyPatchEntry(all: readonly Resource[], entry: PatchEntry, load: (file: string) => Buffer): Resource[] {
  const inline = entry.patch?.trim() ?? "";
  const shown = (text: string) => `[${inline === "" ? "path" : "patch"}: ${JSON.stringify(text)}]`;
  if (inline === "" && !entry.path) throw new Error("must specify one of patch and path in\n");
  if (inline !== "" && entry.path) throw new Error("patch and path can't be set at the same time\n");
  const source = shown(inline || (entry.path ?? ""));
  const text = inline || loadPatch(entry.path ?? "", load);
  let documents: unknown[];
  try {
    documents = parseResources(text);
  } catch (error) {
    throw new Error(
      `trouble configuring builtin PatchTransformer with config: \`\n${configOf(entry)}\`: unable to parse SM or JSON patch from ${source}`,
      { cause: error },
    );
  }
  const [first] = documents;
  if (Array.isArray(first)) {
    const [operations] = parseYamlDocuments(text) as [unknown[]];
    if (first.length === 0) return [...all];
    if (!entry.target) throw new Error(`must specify a target for JSON patch ${source}`);
    for (const resource of selectResources(all, entry.target)) applyJson(resource, operations);
    return [...all];
  }
  return applyMergePatches(all, documents as KObject[], entry, source);
}

function loadPatch(path: string, load: (file: string) => Buffer): string {
  try {
    return load(path).toString("utf8");
  } catch (error) {
    throw new Error(
      `trouble configuring builtin PatchTransformer with config: \`\npath: ${path}\n\`: failed to get the patch file from path(${path}): ${(error as Error).message}`,
      { cause: error },
    );
  }
}

const configOf = ({ patch, path }: PatchEntry) => (patch ? `patch: ${JSON.stringify(patch)}\n` : `path: ${path}\n`);

function applyMergePatches(all: readonly Resource[], patches: readonly KObject[], entry: PatchEntry, source: string): Resource[] {
  let rest = [...all];
  if (entry.target) {
    const [patch] = patches;
    if (patches.length > 1 || !patch)
      throw new Error(
        `Multiple Strategic-Merge Patches in one \`patches\` entry is not allowed to set \`patches.target\` field: ${source}`,
      );
    const chosen = new Set(selectResources(rest, entry.target));
    return rest.filter((resource) => !chosen.has(resource) || mergeInto(resource, patch, entry.options));
  }
  for (const patch of patches) {
    const id = new Resource(patch).id;
    const matches = rest.filter((resource) => resource.hasId(id));
    const [target] = matches;
    if (!target || matches.length > 1)
      throw new Error(
        `no resource matches strategic merge patch ${JSON.stringify(showId(id))}: ${matches.length > 1 ? "multiple" : "no"} matches for Id ${showId(id)}; failed to find unique target for patch ${showId(id)}`,
      );
    if (!mergeInto(target, patch, entry.options)) rest = rest.filter((resource) => resource !== target);
  }
  return rest;
}

/** `patchesStrategicMerge`: files or texts. */
export function applyStrategicPatches(all: readonly Resource[], texts: readonly string[], load: (file: string) => Buffer): Resource[] {
  let rest = [...all];
  for (const text of texts) {
    const isText = text.includes("\n") || text.includes(": ");
    for (const patch of parseResources(isText ? text : load(text).toString("utf8")) as KObject[]) {
      const id = new Resource(patch).id;
      const matches = rest.filter((resource) => resource.hasId(id));
      const [target] = matches;
      if (!target || matches.length > 1)
        throw new Error(
          `${matches.length > 1 ? "multiple" : "no"} matches for Id ${showId(id)}; failed to find unique target for patch ${showId(id)}`,
        );
      if (!mergeInto(target, patch, undefined)) rest = rest.filter((resource) => resource !== target);
    }
  }
  return rest;
}

/** `patchesJson6902`: operations, given as text or as a file. */
export function applyJsonEntry(all: readonly Resource[], { target, path, patch }: PatchEntry, load: (file: string) => Buffer): void {
  if (!target) throw new Error(`must specify a target for patch ${patch ?? ""}`);
  const [operations] = parseYamlDocuments(patch ?? load(path ?? "").toString("utf8"));
  for (const resource of selectResources(all, target)) applyJson(resource, operations);
}

function applyJson(resource: Resource, operations: unknown): void {
  const before = resource.id;
  const after = applyJsonPatch(resource.object, operations) as KObject;
  if (after.metadata?.name !== before.name) resource.remember();
  resource.object = after;
}

/** False when the patch deletes the object. */
function mergeInto(resource: Resource, patch: KObject, options: PatchEntry["options"]): boolean {
  if (patch["$patch"] === "delete") return false;
  const { apiVersion = "", kind = "", metadata = {} } = resource.object;
  const found = schemaOf(apiVersion, kind);
  const type = found && structType(found.package, found.type);
  const patched = mergeMaps(type, resource.object, patch) as KObject;
  if (options?.allowNameChange || options?.allowKindChange) resource.remember();
  if (!options?.allowKindChange) patched.kind = kind;
  patched.apiVersion = options?.allowKindChange ? (patched.apiVersion ?? apiVersion) : apiVersion;
  patched.metadata = { ...patched.metadata };
  if (!options?.allowNameChange && metadata.name !== undefined) patched.metadata.name = metadata.name;
  if (metadata.namespace === undefined) delete patched.metadata.namespace;
  else patched.metadata.namespace = metadata.namespace;
  resource.object = patched;
  return true;
}

const isMap = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** Strategic merge as kustomize does it: what is new in a list comes first. Upstream: kyaml/yaml/merge2 */
function mergeMaps(type: SchemaType | undefined, current: Json, patch: Json): Json {
  const directive = patch["$patch"];
  const { $patch: _, ...fields } = patch;
  if (directive === "replace") return fields;
  if (directive === "delete") return {};
  const result: Json = { ...current };
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith("$")) continue;
    const facts = patchFacts(type, key);
    const own = result[key];
    if (value === null) delete result[key];
    else if (isMap(value)) {
      if (value["$patch"] === "delete") delete result[key];
      else result[key] = mergeMaps(facts?.type, isMap(own) ? own : {}, value);
    } else if (Array.isArray(value)) result[key] = mergeLists(facts, Array.isArray(own) ? own : [], value);
    else result[key] = value;
  }
  return result;
}

function mergeLists(facts: PatchFacts | undefined, current: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const item = facts?.type.form === "list" ? facts.type.item : undefined;
  const keys = mergeKeys(facts, patch, current);
  if (patch.some((each) => isMap(each) && each["$patch"] === "replace"))
    return patch
      .filter((each) => !(isMap(each) && each["$patch"] === "replace" && Object.keys(each).length === 1))
      .map((each) => (isMap(each) ? mergeMaps(item, {}, { ...each, $patch: undefined }) : each));
  if (keys.length === 0) {
    if (!facts?.patchStrategy.includes("merge")) return patch.map((each) => (isMap(each) ? mergeMaps(undefined, {}, each) : each));
    return [...current, ...patch.filter((each) => !current.some((other) => sameJson(other, each)))];
  }
  const same = (a: unknown, b: unknown) =>
    isMap(a) &&
    isMap(b) &&
    keys.every((key) => a[key] === b[key] || a[key] === undefined || b[key] === undefined) &&
    keys.some((key) => a[key] !== undefined && a[key] === b[key]);
  let kept = [...current];
  const fresh: unknown[] = [];
  for (const each of patch) {
    const index = kept.findIndex((other) => same(other, each));
    if (isMap(each) && each["$patch"] === "delete") kept = kept.filter((_, at) => at !== index);
    else if (index >= 0 && isMap(each)) kept[index] = mergeMaps(item, kept[index] as Json, each);
    else fresh.push(isMap(each) ? mergeMaps(item, {}, each) : each);
  }
  return [...fresh, ...kept];
}

/** Ports go by number and protocol when the items name one. */
function mergeKeys(facts: PatchFacts | undefined, patch: readonly unknown[], current: readonly unknown[]): string[] {
  const key = facts?.patchStrategy.includes("merge") ? facts.mergeKey : undefined;
  if (key === undefined) return [];
  if ((key === "containerPort" || key === "port") && [...patch, ...current].some((each) => isMap(each) && each["protocol"] !== undefined))
    return [key, "protocol"];
  return [key];
}
