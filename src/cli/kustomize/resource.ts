import { parseLabelSelector } from "../../api/labels.ts";
import { goRegexp } from "./selector-regexp.ts";

export type Json = Record<string, unknown>;

export interface KObject extends Json {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
}

export interface ResourceId {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly name: string;
  readonly namespace: string;
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

const CLUSTER_SCOPED = new Set(
  "APIService CertificateSigningRequest ClusterRole ClusterRoleBinding ClusterTrustBundle ComponentStatus CSIDriver CSINode CustomResourceDefinition DeviceClass FlowSchema IngressClass IPAddress MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace Node PersistentVolume PodSecurityPolicy PriorityClass PriorityLevelConfiguration ResourceSlice RuntimeClass SelfSubjectAccessReview SelfSubjectReview SelfSubjectRulesReview ServiceCIDR StorageClass StorageVersion StorageVersionMigration SubjectAccessReview TokenReview ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration VolumeAttachment VolumeAttributesClass".split(
    " ",
  ),
);

/** An object on its way through a kustomization: it is changed in place, and remembers what it was called. */
export class Resource {
  object: KObject;
  readonly earlier: ResourceId[] = [];
  readonly prefixes: string[] = [];
  readonly suffixes: string[] = [];
  /** A hash of its content ends its name. */
  needsHash = false;
  behavior: "create" | "replace" | "merge" = "create";

  constructor(object: KObject) {
    this.object = object;
  }

  get metadata(): NonNullable<KObject["metadata"]> {
    return (this.object.metadata ??= {});
  }

  get id(): ResourceId {
    const [group = "", version] = (this.object.apiVersion ?? "").split("/");
    const { name = "", namespace = "" } = this.metadata;
    return { group: version === undefined ? "" : group, version: version ?? group, kind: this.object.kind ?? "", name, namespace };
  }

  get originalId(): ResourceId {
    return this.earlier[0] ?? this.id;
  }

  get clusterScoped(): boolean {
    return CLUSTER_SCOPED.has(this.object.kind ?? "");
  }

  /** To be called before the name or namespace changes. */
  remember(): void {
    this.earlier.push(this.id);
  }

  hasId(wanted: ResourceId): boolean {
    return [...this.earlier, this.id].some((id) => sameId(id, wanted, this.clusterScoped));
  }
}

const effective = (namespace: string) => (namespace === "" ? "default" : namespace);

export const sameId = (a: ResourceId, b: ResourceId, clusterScoped: boolean): boolean =>
  a.kind === b.kind &&
  a.group === b.group &&
  a.version === b.version &&
  a.name === b.name &&
  (clusterScoped || effective(a.namespace) === effective(b.namespace));

/** `Deployment.v1.apps/web.[noNs]`, as messages name a resource. Upstream: kyaml/resid ResId.String */
export function showId({ kind, version, group, name, namespace }: ResourceId): string {
  return `${kind || "[noKind]"}.${version || "[noVer]"}.${group || "[noGrp]"}/${name || "[noName]"}.${namespace || "[noNs]"}`;
}

export function selectResources(all: readonly Resource[], selector: Selector): Resource[] {
  const matches = (pattern: string | undefined, ...texts: string[]) =>
    pattern === undefined || pattern === "" || texts.some((text) => goRegexp(pattern).test(text));
  const labels = parseLabelSelector(selector.labelSelector ?? "");
  const annotations = parseLabelSelector(selector.annotationSelector ?? "");
  return all.filter((resource) => {
    const { id, originalId, metadata } = resource;
    return (
      matches(selector.namespace, effective(originalId.namespace), effective(id.namespace)) &&
      matches(selector.name, originalId.name, id.name) &&
      matches(selector.group, id.group) &&
      matches(selector.version, id.version) &&
      matches(selector.kind, id.kind) &&
      labels.matches(metadata.labels ?? {}) &&
      annotations.matches(metadata.annotations ?? {})
    );
  });
}
