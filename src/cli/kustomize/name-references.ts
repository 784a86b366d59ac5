import { appliesTo, type FieldSpec, visitField } from "./field-specs.ts";
import { type Json, type Resource, type ResourceId, showId } from "./resource.ts";

interface Target {
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
}
interface Reference extends FieldSpec {
  readonly to: Target;
}

/** Kinds with a pod template, and where it is. */
const PODS: readonly [string, string][] = [
  ["Pod", "spec"],
  ["PodTemplate", "template/spec"],
  ...["Deployment", "ReplicaSet", "ReplicationController", "DaemonSet", "StatefulSet", "Job"].map((kind): [string, string] => [
    kind,
    "spec/template/spec",
  ]),
  ["CronJob", "spec/jobTemplate/spec/template/spec"],
];
const inPods = (to: Target, except: readonly string[], ...paths: string[]): Reference[] =>
  PODS.filter(([kind]) => !except.includes(kind)).flatMap(([kind, root]) => paths.map((path) => ({ to, kind, path: `${root}/${path}` })));
const at = (to: Target, path: string, kind: string, group?: string): Reference => ({ to, path, kind, ...(group ? { group } : {}) });

const CONFIG_MAP: Target = { kind: "ConfigMap", version: "v1" };
const SECRET: Target = { kind: "Secret", version: "v1" };
const SERVICE: Target = { kind: "Service", version: "v1" };
const RBAC = "rbac.authorization.k8s.io";
const ADMISSION = "admissionregistration.k8s.io";
const ACCOUNT: Target = { kind: "ServiceAccount", version: "v1" };
const CLAIM: Target = { kind: "PersistentVolumeClaim", version: "v1" };
const CLASS: Target = { kind: "StorageClass", version: "v1", group: "storage.k8s.io" };
const NO_REPLICATION = ["ReplicationController"];
const NO_SETS = ["ReplicaSet", "PodTemplate"];

/** Fields that hold another object's name. Upstream: kustomize/api/internal/konfig/builtinpluginconsts/namereference.go */
const REFERENCES: readonly Reference[] = [
  ...["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"].map((kind) =>
    at({ kind }, "spec/scaleTargetRef/name", "HorizontalPodAutoscaler"),
  ),
  ...inPods(
    CONFIG_MAP,
    NO_REPLICATION,
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
  ),
  at(CONFIG_MAP, "spec/configSource/configMap", "Node"),
  at(CONFIG_MAP, "rules/resourceNames", "Role"),
  at(CONFIG_MAP, "rules/resourceNames", "ClusterRole"),
  at(CONFIG_MAP, "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap", "Ingress"),
  ...inPods(
    SECRET,
    NO_REPLICATION,
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
  ),
  at(SECRET, "spec/tls/secretName", "Ingress"),
  ...[
    "ingress.kubernetes.io\\/auth-secret",
    "nginx.ingress.kubernetes.io\\/auth-secret",
    "nginx.ingress.kubernetes.io\\/auth-tls-secret",
  ].map((name) => at(SECRET, `metadata/annotations/${name}`, "Ingress")),
  at(SECRET, "imagePullSecrets/name", "ServiceAccount"),
  ...["secretName", "adminSecretName", "userSecretName", "secretRef"].map((name) => at(SECRET, `parameters/${name}`, "StorageClass")),
  at(SECRET, "rules/resourceNames", "Role"),
  at(SECRET, "rules/resourceNames", "ClusterRole"),
  at(SECRET, "spec/azureFile/secretName", "PersistentVolume"),
  at(SERVICE, "spec/serviceName", "StatefulSet", "apps"),
  ...[
    "spec/rules/http/paths/backend/serviceName",
    "spec/backend/serviceName",
    "spec/rules/http/paths/backend/service/name",
    "spec/defaultBackend/service/name",
  ].map((path) => at(SERVICE, path, "Ingress")),
  at(SERVICE, "spec/service/name", "APIService", "apiregistration.k8s.io"),
  at(SERVICE, "webhooks/clientConfig/service", "ValidatingWebhookConfiguration", ADMISSION),
  at(SERVICE, "webhooks/clientConfig/service", "MutatingWebhookConfiguration", ADMISSION),
  at({ kind: "Role", group: RBAC }, "roleRef/name", "RoleBinding", RBAC),
  at({ kind: "ClusterRole", group: RBAC }, "roleRef/name", "RoleBinding", RBAC),
  at({ kind: "ClusterRole", group: RBAC }, "roleRef/name", "ClusterRoleBinding", RBAC),
  at(ACCOUNT, "subjects", "RoleBinding", RBAC),
  at(ACCOUNT, "subjects", "ClusterRoleBinding", RBAC),
  ...inPods(ACCOUNT, NO_SETS, "serviceAccountName"),
  ...inPods(CLAIM, NO_SETS, "volumes/persistentVolumeClaim/claimName"),
  at({ kind: "PersistentVolume", version: "v1" }, "spec/volumeName", "PersistentVolumeClaim"),
  at({ kind: "PersistentVolume", version: "v1" }, "rules/resourceNames", "ClusterRole"),
  at(CLASS, "spec/storageClassName", "PersistentVolume"),
  at(CLASS, "spec/storageClassName", "PersistentVolumeClaim"),
  at(CLASS, "spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
  ...inPods({ kind: "PriorityClass", version: "v1", group: "scheduling.k8s.io" }, NO_SETS, "priorityClassName"),
  at({ kind: "ValidatingAdmissionPolicy", group: ADMISSION }, "spec/policyName", "ValidatingAdmissionPolicyBinding", ADMISSION),
];

/** Lets references follow the names and namespaces that changed. Upstream: kustomize/api/filters/nameref */
export function fixReferences(all: readonly Resource[]): void {
  for (const reference of REFERENCES)
    for (const referrer of all) {
      if (!appliesTo(reference, referrer)) continue;
      visitField(referrer, reference, (holder, key) => update(all, referrer, reference, holder as Json, key as string));
    }
}

function update(all: readonly Resource[], referrer: Resource, { to, path }: Reference, holder: Json, key: string): void {
  const value = holder[key];
  const find = (name: string, among: readonly Resource[] = all) => select(among, referrer, to, path, name);
  if (typeof value === "string") holder[key] = find(value)?.metadata.name ?? value;
  else if (Array.isArray(value))
    value.forEach((item: unknown, index) => {
      if (typeof item === "string") value[index] = find(item)?.metadata.name ?? item;
      else if (typeof item === "object" && item !== null) updateMap(all, item as Json, find);
    });
  else if (typeof value === "object" && value !== null) updateMap(all, value as Json, find);
}

/** A reference by name and namespace: subjects of role bindings, services of webhooks. */
function updateMap(all: readonly Resource[], map: Json, find: (name: string, among: readonly Resource[]) => Resource | undefined): void {
  const { name, namespace } = map;
  if (typeof name !== "string") return;
  const originally = all.filter(({ originalId }) => (originalId.namespace || "default") === namespace);
  const among =
    namespace === undefined ? all : originally.length > 0 ? originally : all.filter(({ id }) => (id.namespace || "default") === namespace);
  const found = find(name, among);
  if (!found) return;
  map["name"] = found.metadata.name;
  if (found.metadata.namespace) map["namespace"] = found.metadata.namespace;
}

function select(candidates: readonly Resource[], referrer: Resource, to: Target, path: string, name: string): Resource | undefined {
  const isTarget = (id: ResourceId, target: Target) =>
    id.kind === target.kind && (!target.group || id.group === target.group) && (!target.version || id.version === target.version);
  const roleRef = path.endsWith("roleRef/name")
    ? (referrer.object["roleRef"] as { apiGroup?: string; kind?: string } | undefined)
    : undefined;
  const reachable = candidates.filter((each) => {
    const earlier = each.earlier.length > 0 ? each.earlier : [each.id];
    return (
      earlier.some((id) => id.name === name) &&
      earlier.some((id) => isTarget(id, to)) &&
      (!roleRef?.kind || !roleRef.apiGroup || earlier.some((id) => id.kind === roleRef.kind && id.group === roleRef.apiGroup)) &&
      (referrer.clusterScoped ||
        each.clusterScoped ||
        each.object.kind === "ServiceAccount" ||
        (referrer.id.namespace || "default") === (each.id.namespace || "default"))
    );
  });
  if (reachable.length <= 1) return reachable[0];
  let close = reachable.filter((each) => sameNaming(each, referrer, true));
  if (close.length > 1) close = close.filter((each) => sameNaming(each, referrer, false));
  const [first] = close;
  if (close.length <= 1 || close.every((each) => each.metadata.name === first?.metadata.name)) return first;
  throw new Error(`found multiple possible referrals: ${close.map(({ id }) => showId(id)).join(", ")}`);
}

function sameNaming(a: Resource, b: Resource, allowEmpty: boolean): boolean {
  const same = (x: readonly string[], y: readonly string[]) => (allowEmpty && (x.length === 0 || y.length === 0)) || sameEnd(x, y);
  return same(a.prefixes, b.prefixes) && same(a.suffixes, b.suffixes);
}

function sameEnd(a: readonly string[], b: readonly string[]): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short.length === 0) return long.length === 0;
  return short.every((each, index) => each === long[long.length - short.length + index]);
}
