import type { Json, Resource } from "./resource.ts";

/** Where a transformer writes: `spec/template/metadata/labels` of some kinds. */
export interface FieldSpec {
  readonly path: string;
  readonly kind?: string;
  readonly group?: string;
  readonly version?: string;
  readonly create?: boolean;
}

/** What stands at the path's end, and how to put another there. */
type Visit = (holder: Json | unknown[], key: string | number) => void;

export function appliesTo(spec: Omit<FieldSpec, "path">, { id }: Resource): boolean {
  return (
    (!spec.kind || spec.kind === id.kind) && (!spec.group || spec.group === id.group) && (!spec.version || spec.version === id.version)
  );
}

/** Calls `visit` for each place that the path leads to; lists on the way are followed into all their items. Upstream: kustomize/api/filters/fieldspec */
export function visitField(resource: Resource, spec: FieldSpec, visit: Visit): void {
  const words = spec.path.split(/(?<!\\)\//).map((word) => word.replaceAll("\\/", "/"));
  walk(resource.object, words, spec.create ?? false, visit);
}

function walk(node: unknown, words: readonly string[], create: boolean, visit: Visit): void {
  const [word = "", ...rest] = words;
  if (Array.isArray(node)) {
    for (const item of node) walk(item, words, create, visit);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  const map = node as Json;
  const isList = word.endsWith("[]");
  const name = isList ? word.slice(0, -2) : word;
  if (rest.length === 0) {
    if (name in map || create) visit(map, name);
    return;
  }
  if (map[name] === undefined || map[name] === null) {
    if (!create || isList) return;
    map[name] = {};
  }
  walk(map[name], rest, create, visit);
}

const path = (text: string, more: Omit<FieldSpec, "path"> = {}): FieldSpec => ({ path: text, ...more });
const created = (text: string, kind: string, group?: string): FieldSpec => path(text, { kind, create: true, ...(group ? { group } : {}) });

const TEMPLATES: readonly [string, string, string?][] = [
  ["spec/template/metadata", "ReplicationController"],
  ["spec/template/metadata", "Deployment"],
  ["spec/template/metadata", "ReplicaSet"],
  ["spec/template/metadata", "DaemonSet"],
  ["spec/template/metadata", "StatefulSet", "apps"],
  ["spec/template/metadata", "Job", "batch"],
  ["spec/jobTemplate/metadata", "CronJob", "batch"],
  ["spec/jobTemplate/spec/template/metadata", "CronJob", "batch"],
];

const AFFINITY = ["podAffinity", "podAntiAffinity"].flatMap((kind) => [
  `spec/template/spec/affinity/${kind}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels`,
  `spec/template/spec/affinity/${kind}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels`,
]);

export const METADATA_LABELS: FieldSpec = path("metadata/labels", { create: true });
export const TEMPLATE_LABELS: readonly FieldSpec[] = [
  METADATA_LABELS,
  ...TEMPLATES.map(([place, kind, group]) => created(`${place}/labels`, kind, group)),
];
export const VOLUME_CLAIM_LABELS: readonly FieldSpec[] = [created("spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet", "apps")];
export const ANNOTATIONS: readonly FieldSpec[] = [
  path("metadata/annotations", { create: true }),
  ...TEMPLATES.map(([place, kind, group]) => created(`${place}/annotations`, kind, kind === "StatefulSet" ? undefined : group)),
];
export const SELECTOR_LABELS: readonly FieldSpec[] = [
  path("spec/selector", { create: true, version: "v1", kind: "Service" }),
  path("spec/selector", { create: true, version: "v1", kind: "ReplicationController" }),
  ...["Deployment", "ReplicaSet", "DaemonSet"].map((kind) => created("spec/selector/matchLabels", kind)),
  created("spec/selector/matchLabels", "StatefulSet", "apps"),
  ...["Deployment", "StatefulSet"].flatMap((kind) =>
    [...AFFINITY, "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels"].map((text) =>
      path(text, { kind, group: "apps" }),
    ),
  ),
  path("spec/selector/matchLabels", { kind: "Job", group: "batch" }),
  path("spec/jobTemplate/spec/selector/matchLabels", { kind: "CronJob", group: "batch" }),
  path("spec/selector/matchLabels", { kind: "PodDisruptionBudget", group: "policy" }),
  ...["spec/podSelector", "spec/ingress/from/podSelector", "spec/egress/to/podSelector"].map((text) =>
    path(`${text}/matchLabels`, { kind: "NetworkPolicy", group: "networking.k8s.io" }),
  ),
  ...TEMPLATE_LABELS,
  ...VOLUME_CLAIM_LABELS,
];
export const NAMESPACES: readonly FieldSpec[] = [
  path("spec/service/namespace", { group: "apiregistration.k8s.io", kind: "APIService", create: true }),
  path("spec/conversion/webhook/clientConfig/service/namespace", { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition" }),
];
export const REPLICAS: readonly FieldSpec[] = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"].map((kind) =>
  created("spec/replicas", kind),
);
