import { parseSelector } from "../../api/labels.ts";
import { effectiveNamespace, type KObject, type Resource, type ResourceId, sameId, type Selector, showId } from "./resource.ts";
import { goRegexp } from "./selector-regexp.ts";
import { isMap, textOf } from "./values.ts";

/** The resources of a build: no two are called the same. Upstream: kustomize/api/resmap */
export class ResourceList {
  all: Resource[] = [];

  append(resource: Resource): void {
    const { id } = resource;
    if (this.all.some((other) => sameId(other.id, id)))
      throw new Error(`may not add resource with an already registered id: ${showId(id)}`);
    this.all.push(resource);
  }

  /** A generated resource is new, or changes the one that is there. */
  absorb(resource: Resource): void {
    const matches = this.#byAnyId(resource.id);
    const [old] = matches;
    const shown = goId(resource.id);
    if (matches.length > 1)
      throw new Error(`found multiple objects ${goObjects(matches)} that could accept merge of ${showId(resource.id)}`);
    if (old === undefined) {
      if (resource.behavior === "merge" || resource.behavior === "replace")
        throw new Error(`id ${shown} does not exist; cannot merge or replace`);
      this.append(resource);
      return;
    }
    if (resource.behavior !== "merge" && resource.behavior !== "replace")
      throw new Error(`id ${shown} exists; can not use behavior: '${resource.behavior}', behavior must be merge or replace`);
    if (resource.behavior === "merge") mergeData(resource, old);
    takeMetadata(resource, old);
    this.all[this.all.indexOf(old)] = resource;
  }

  /** The one resource that is or was called so. */
  get(id: ResourceId): Resource {
    const matches = this.#byAnyId(id);
    const [match] = matches;
    if (match === undefined || matches.length > 1)
      throw new Error(`${match ? "multiple" : "no"} matches for Id ${showId(id)}; failed to find unique target for patch ${showId(id)}`);
    return match;
  }

  select(selector: Selector): Resource[] {
    const patterns = selectorPatterns(selector);
    return this.all.filter((resource) => {
      const { id, originalId } = resource;
      return (
        (patterns.namespace(effectiveNamespace(originalId)) || patterns.namespace(effectiveNamespace(id))) &&
        (patterns.name(originalId.name) || patterns.name(id.name)) &&
        patterns.gvk(id) &&
        hasLabels(resource, selector)
      );
    });
  }

  #byAnyId(id: ResourceId): Resource[] {
    return this.all.filter(({ anyIds }) => anyIds.some((each) => sameId(each, id)));
  }
}

/** What a selector's regular expressions accept; empty ones accept all. */
export function selectorPatterns({ group, version, kind, name, namespace }: Selector) {
  const accepts = (pattern: string | undefined) => {
    if (!pattern) return () => true;
    const expression = goRegexp(pattern);
    return (text: string) => expression.test(text);
  };
  const [groups, versions, kinds] = [accepts(group), accepts(version), accepts(kind)];
  return {
    gvk: (id: Pick<ResourceId, "group" | "version" | "kind">) => groups(id.group) && versions(id.version) && kinds(id.kind),
    name: accepts(name),
    namespace: accepts(namespace),
  };
}

export function hasLabels(resource: Resource, { labelSelector = "", annotationSelector = "" }: Selector): boolean {
  const { labels, annotations } = resource.metadata;
  return parseSelector(labelSelector).matches(labels ?? {}) && parseSelector(annotationSelector).matches(annotations ?? {});
}

/** Upstream: Resource.CopyMergeMetaDataFieldsFrom */
function takeMetadata(fresh: Resource, old: Resource): void {
  const texts = (map: unknown) => Object.fromEntries(Object.entries(isMap(map) ? map : {}).map(([key, value]) => [key, textOf(value)]));
  const labels = { ...texts(old.metadata.labels), ...texts(fresh.metadata.labels) };
  const annotations = { ...texts(old.metadata.annotations), ...texts(fresh.metadata.annotations) };
  const { name, namespace } = old.id;
  const metadata: NonNullable<KObject["metadata"]> = { ...fresh.metadata, name };
  delete metadata.labels;
  delete metadata.annotations;
  if (Object.keys(labels).length > 0) metadata.labels = labels;
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
  fresh.object.metadata = metadata;
  fresh.setNamespace(namespace);
  fresh.earlier = [...old.earlier];
  fresh.prefixes = [...old.prefixes];
  fresh.suffixes = [...old.suffixes];
  fresh.behavior = old.behavior;
  fresh.needsHash = fresh.needsHash && old.needsHash;
  fresh.variables = [...old.variables];
}

function mergeData(fresh: Resource, old: Resource): void {
  for (const field of ["data", "binaryData"]) {
    const merged = { ...(old.object[field] as object | undefined), ...(fresh.object[field] as object | undefined) };
    if (Object.keys(merged).length > 0) fresh.object[field] = merged;
    else delete fresh.object[field];
  }
}

const goId = ({ group, version, kind, name, namespace, clusterScoped }: ResourceId): string =>
  `resid.ResId{Gvk:resid.Gvk{Group:${JSON.stringify(group)}, Version:${JSON.stringify(version)}, Kind:${JSON.stringify(kind)}, isClusterScoped:${clusterScoped}}, Name:${JSON.stringify(name)}, Namespace:${JSON.stringify(namespace)}}`;

const goObjects = (all: readonly Resource[]): string => `[${all.map(({ object }) => JSON.stringify(object)).join(" ")}]`;
