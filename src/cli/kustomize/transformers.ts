import type { Kustomization } from "./kustomization.ts";
import {
  ANNOTATIONS,
  appliesTo,
  type FieldSpec,
  METADATA_LABELS,
  NAMESPACES,
  REPLICAS,
  SELECTOR_LABELS,
  TEMPLATE_LABELS,
  visitField,
  VOLUME_CLAIM_LABELS,
} from "./field-specs.ts";
import { type Json, type Resource, showId } from "./resource.ts";

const ROLE_BINDINGS = ["RoleBinding", "ClusterRoleBinding"];

/** Upstream: kustomize/api/filters/namespace */
export function setNamespace(all: readonly Resource[], namespace: string): void {
  if (namespace === "") return;
  for (const resource of all) {
    resource.remember();
    if (!resource.clusterScoped) resource.metadata.namespace = namespace;
    if (resource.object.kind === "Namespace" && resource.object.apiVersion === "v1") resource.metadata.name = namespace;
    if (ROLE_BINDINGS.includes(resource.object.kind ?? "")) {
      const subjects = resource.object["subjects"];
      if (Array.isArray(subjects))
        for (const subject of subjects as Json[]) if (subject["name"] === "default") subject["namespace"] = namespace;
    }
    for (const spec of NAMESPACES)
      if (appliesTo(spec, resource))
        visitField(resource, spec, (holder, key) => {
          (holder as Json)[key] = namespace;
        });
  }
  const seen = new Map<string, Resource>();
  for (const resource of all) {
    const id = showId(resource.id);
    if (seen.has(id)) throw new Error(`namespace transformation produces ID conflict: ${id}`);
    seen.set(id, resource);
  }
}

const NOT_RENAMED = ["CustomResourceDefinition", "APIService", "Namespace"];

export function addPrefixAndSuffix(all: readonly Resource[], prefix: string, suffix: string): void {
  for (const resource of all) {
    if (NOT_RENAMED.includes(resource.originalId.kind)) continue;
    const rename = (name: string) => {
      resource.remember();
      resource.metadata.name = name;
    };
    if (prefix !== "") {
      resource.prefixes.push(prefix);
      rename(prefix + (resource.metadata.name ?? ""));
    }
    if (suffix !== "") {
      resource.suffixes.push(suffix);
      rename((resource.metadata.name ?? "") + suffix);
    }
  }
}

function addToMaps(all: readonly Resource[], specs: readonly FieldSpec[], pairs: Readonly<Record<string, string>>): void {
  for (const resource of all)
    for (const spec of specs)
      if (appliesTo(spec, resource))
        visitField(resource, spec, (holder, key) => {
          const map = holder as Json;
          map[key] = { ...(map[key] as Json | undefined), ...pairs };
        });
}

export function addLabels(all: readonly Resource[], { labels = [], commonLabels = {} }: Kustomization): void {
  for (const { pairs = {}, includeSelectors, includeTemplates, includeVolumeClaimTemplates, fields = [] } of labels) {
    const specs = includeSelectors
      ? SELECTOR_LABELS
      : [METADATA_LABELS, ...(includeTemplates ? TEMPLATE_LABELS : []), ...(includeVolumeClaimTemplates ? VOLUME_CLAIM_LABELS : [])];
    addToMaps(all, [...fields, ...specs], texts(pairs));
  }
  if (Object.keys(commonLabels).length > 0) addToMaps(all, SELECTOR_LABELS, texts(commonLabels));
}

export function addAnnotations(all: readonly Resource[], pairs: Readonly<Record<string, string>>): void {
  if (Object.keys(pairs).length > 0) addToMaps(all, ANNOTATIONS, texts(pairs));
}

const texts = (pairs: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, String(value)]));

export function setReplicas(all: readonly Resource[], replicas: NonNullable<Kustomization["replicas"]>): void {
  for (const { name = "", count = 0 } of replicas) {
    let found = false;
    for (const spec of REPLICAS)
      for (const resource of all) {
        if (!appliesTo(spec, resource) || ![...resource.earlier, resource.id].some((id) => id.name === name)) continue;
        found = true;
        visitField(resource, spec, (holder, key) => {
          (holder as Json)[key] = count;
        });
      }
    if (!found)
      throw new Error(
        `resource with name ${name} does not match a config with the following GVK [${REPLICAS.map(({ kind }) => `${kind}.[noVer].[noGrp]`).join(" ")}]`,
      );
  }
}

type Image = NonNullable<Kustomization["images"]>[number];

/** Container images anywhere in the object. Upstream: kustomize/api/filters/imagetag */
export function setImages(all: readonly Resource[], images: readonly Image[]): void {
  for (const image of images)
    for (const resource of all) {
      if (resource.object.kind === "CustomResourceDefinition") continue;
      replaceImages(resource.object, image);
    }
}

function replaceImages(node: unknown, image: Image): void {
  if (Array.isArray(node)) for (const item of node) replaceImages(item, image);
  if (typeof node !== "object" || node === null || Array.isArray(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if ((key === "containers" || key === "initContainers") && Array.isArray(value))
      for (const container of value as Json[]) replaceImage(container, "image", image);
    if (key === "volumes" && Array.isArray(value)) for (const volume of value as Json[]) replaceImage(volume["image"], "reference", image);
    replaceImages(value, image);
  }
}

function replaceImage(holder: unknown, key: string, image: Image): void {
  if (typeof holder !== "object" || holder === null) return;
  const map = holder as Json;
  const value = map[key];
  if (typeof value === "string" && matchesImage(value, image.name ?? "")) map[key] = newImage(value, image);
}

function matchesImage(value: string, name: string): boolean {
  if (!value.startsWith(name)) {
    // The name may be a pattern: it is one upstream.
    try {
      return new RegExp(`^${name}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`).test(value);
    } catch {
      return false;
    }
  }
  return /^(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$/.test(value.slice(name.length));
}

function newImage(value: string, image: Image): string {
  const at = value.indexOf("@");
  const plain = at < 0 ? value : value.slice(0, at);
  const colon = plain.indexOf(":", plain.lastIndexOf("/") + 1);
  let digest = at < 0 ? "" : value.slice(at + 1);
  let tag = colon < 0 ? "" : plain.slice(colon + 1);
  const name = image.newName || (colon < 0 ? plain : plain.slice(0, colon));
  const newTag = image.newTag === undefined ? "" : String(image.newTag);
  if (newTag !== "" || image.digest) {
    tag = newTag;
    digest = image.digest ?? "";
  } else if (image.tagSuffix) {
    tag += image.tagSuffix;
    digest = "";
  }
  return `${name}${tag === "" ? "" : `:${tag}`}${digest === "" ? "" : `@${digest}`}`;
}
