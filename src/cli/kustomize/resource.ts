import type { OpenApi } from "./open-api.ts";
import { isMap, type Json, textOf } from "./values.ts";

export interface KObject extends Json {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
}

export interface Gvk {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
}

export interface ResourceId extends Gvk {
  readonly name: string;
  readonly namespace: string;
  readonly clusterScoped: boolean;
}

/** Which resources a patch or a replacement means; all but the selectors are regular expressions. */
export interface Selector {
  group?: string;
  version?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  annotationSelector?: string;
  labelSelector?: string;
}

export type Behavior = "create" | "replace" | "merge" | "unspecified";

/** An object on its way through a kustomization: it is changed in place, and remembers what it was called. Upstream: kustomize/api/resource */
export class Resource {
  object: KObject;
  readonly openApi: OpenApi;
  earlier: { readonly name: string; readonly namespace: string; readonly kind: string }[] = [];
  prefixes: string[] = [];
  suffixes: string[] = [];
  /** Names of the variables that are read from it. */
  variables: string[] = [];
  /** A hash of its content ends its name. */
  needsHash = false;
  behavior: Behavior = "unspecified";

  constructor(object: KObject, openApi: OpenApi) {
    this.object = object;
    this.openApi = openApi;
  }

  get metadata(): NonNullable<KObject["metadata"]> {
    if (!isMap(this.object.metadata)) this.object.metadata = {};
    return this.object.metadata as NonNullable<KObject["metadata"]>;
  }

  get gvk(): Gvk {
    return { ...groupVersion(textOf(this.object.apiVersion)), kind: textOf(this.object.kind) };
  }

  get id(): ResourceId {
    const { metadata } = this.object;
    return this.#idOf(textOf(this.object.kind), textOf(metadata?.name), textOf(metadata?.namespace));
  }

  /** What it was called before, the oldest first; empty when nothing has renamed it. */
  get previousIds(): ResourceId[] {
    return this.earlier.map(({ kind, name, namespace }) => this.#idOf(kind, name, namespace));
  }

  get originalId(): ResourceId {
    return this.previousIds[0] ?? this.id;
  }

  get anyIds(): ResourceId[] {
    return [...this.previousIds, this.id];
  }

  get clusterScoped(): boolean {
    return this.openApi.isClusterScoped(textOf(this.object.apiVersion), textOf(this.object.kind));
  }

  /** To be called before the name, kind or namespace changes. */
  remember(): void {
    const { name, kind } = this.id;
    this.earlier.push({ name, kind, namespace: effectiveNamespace(this.id) });
  }

  setNamespace(namespace: string): void {
    if (namespace === "") delete this.metadata.namespace;
    else this.metadata.namespace = namespace;
  }

  setAnnotation(name: string, text: string): void {
    this.metadata.annotations = { ...this.metadata.annotations, [name]: text };
  }

  removeAnnotation(name: string): void {
    const { [name]: _, ...rest } = this.metadata.annotations ?? {};
    if (Object.keys(rest).length > 0) this.metadata.annotations = rest;
    else delete this.metadata.annotations;
  }

  #idOf(kind: string, name: string, namespace: string): ResourceId {
    const apiVersion = textOf(this.object.apiVersion);
    return { ...groupVersion(apiVersion), kind, name, namespace, clusterScoped: this.openApi.isClusterScoped(apiVersion, kind) };
  }
}

export function groupVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? { group: "", version: apiVersion } : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export function effectiveNamespace({ clusterScoped, namespace }: ResourceId): string {
  if (clusterScoped) return "_non_namespaceable_";
  return namespace === "" ? "default" : namespace;
}

export const sameGvk = (a: Gvk, b: Gvk): boolean => a.kind === b.kind && a.group === b.group && a.version === b.version;

export const sameId = (a: ResourceId, b: ResourceId): boolean =>
  sameGvk(a, b) && a.name === b.name && effectiveNamespace(a) === effectiveNamespace(b);

/** Whether a selector, whose empty fields mean anything, chooses the kind. */
export const isSelected = (gvk: Gvk, selector: Partial<Gvk>): boolean =>
  (!selector.group || gvk.group === selector.group) &&
  (!selector.version || gvk.version === selector.version) &&
  (!selector.kind || gvk.kind === selector.kind);

export const showGvk = ({ kind, version, group }: Partial<Gvk>): string =>
  `${kind || "[noKind]"}.${version || "[noVer]"}.${group || "[noGrp]"}`;

/** `Deployment.v1.apps/web.[noNs]`, as messages name a resource. Upstream: kyaml/resid ResId.String */
export const showId = ({ name, namespace, ...gvk }: Partial<ResourceId>): string =>
  `${showGvk(gvk)}/${name || "[noName]"}.${namespace || "[noNs]"}`;
