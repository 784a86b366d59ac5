import type { FieldSpec } from "./field-specs.ts";
import type { NameReference, TransformerConfig } from "./transformer-config.ts";

const at = (path: string, kind?: string, more: Omit<FieldSpec, "path" | "kind"> = {}): FieldSpec => ({
  path,
  ...(kind === undefined ? {} : { kind }),
  ...more,
});
const created = (path: string, kind?: string, more: Omit<FieldSpec, "path" | "kind" | "create"> = {}): FieldSpec =>
  at(path, kind, { create: true, ...more });

/** Templates of pods (and jobs), with what a kind must be to have them. */
const TEMPLATES: readonly [string, string, { readonly group?: string; readonly version?: string }][] = [
  ["spec/template/metadata", "ReplicationController", { version: "v1" }],
  ["spec/template/metadata", "Deployment", {}],
  ["spec/template/metadata", "ReplicaSet", {}],
  ["spec/template/metadata", "DaemonSet", {}],
  ["spec/template/metadata", "StatefulSet", { group: "apps" }],
  ["spec/template/metadata", "Job", { group: "batch" }],
  ["spec/jobTemplate/metadata", "CronJob", { group: "batch" }],
  ["spec/jobTemplate/spec/template/metadata", "CronJob", { group: "batch" }],
];

const TEMPLATE_LABELS: readonly FieldSpec[] = [
  created("metadata/labels"),
  ...TEMPLATES.map(([path, kind, more]) => created(`${path}/labels`, kind, more)),
  created("spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet", { group: "apps" }),
];

const AFFINITY = ["podAffinity", "podAntiAffinity"].flatMap((kind) => [
  `spec/template/spec/affinity/${kind}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels`,
  `spec/template/spec/affinity/${kind}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels`,
]);

const COMMON_LABELS: readonly FieldSpec[] = [
  created("spec/selector", "Service", { version: "v1" }),
  created("spec/selector", "ReplicationController", { version: "v1" }),
  ...["Deployment", "ReplicaSet", "DaemonSet"].map((kind) => created("spec/selector/matchLabels", kind)),
  created("spec/selector/matchLabels", "StatefulSet", { group: "apps" }),
  ...["Deployment", "StatefulSet"].flatMap((kind) =>
    [...AFFINITY, "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels"].map((path) =>
      at(path, kind, { group: "apps" }),
    ),
  ),
  at("spec/selector/matchLabels", "Job", { group: "batch" }),
  at("spec/jobTemplate/spec/selector/matchLabels", "CronJob", { group: "batch" }),
  at("spec/selector/matchLabels", "PodDisruptionBudget", { group: "policy" }),
  ...["spec/podSelector", "spec/ingress/from/podSelector", "spec/egress/to/podSelector"].map((path) =>
    at(`${path}/matchLabels`, "NetworkPolicy", { group: "networking.k8s.io" }),
  ),
  ...TEMPLATE_LABELS,
];

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
const inPods = (except: readonly string[], ...paths: string[]): FieldSpec[] =>
  PODS.filter(([kind]) => !except.includes(kind)).flatMap(([kind, root]) => paths.map((path) => at(`${root}/${path}`, kind)));

const RBAC = { group: "rbac.authorization.k8s.io" };
const ADMISSION = { group: "admissionregistration.k8s.io" };
const NO_REPLICATION = ["ReplicationController"];
const NO_SETS = ["ReplicaSet", "PodTemplate"];

/** Upstream: kustomize/api/internal/konfig/builtinpluginconsts/namereference.go */
const NAME_REFERENCES: readonly NameReference[] = [
  ...["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"].map((kind) => ({
    kind,
    fieldSpecs: [at("spec/scaleTargetRef/name", "HorizontalPodAutoscaler")],
  })),
  {
    kind: "ConfigMap",
    version: "v1",
    fieldSpecs: [
      ...inPods(
        NO_REPLICATION,
        "volumes/configMap/name",
        "containers/env/valueFrom/configMapKeyRef/name",
        "initContainers/env/valueFrom/configMapKeyRef/name",
        "containers/envFrom/configMapRef/name",
        "initContainers/envFrom/configMapRef/name",
        "volumes/projected/sources/configMap/name",
      ),
      at("spec/configSource/configMap", "Node"),
      at("rules/resourceNames", "Role"),
      at("rules/resourceNames", "ClusterRole"),
      at("metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap", "Ingress"),
    ],
  },
  {
    kind: "Secret",
    version: "v1",
    fieldSpecs: [
      ...inPods(
        NO_REPLICATION,
        "volumes/secret/secretName",
        "containers/env/valueFrom/secretKeyRef/name",
        "initContainers/env/valueFrom/secretKeyRef/name",
        "containers/envFrom/secretRef/name",
        "initContainers/envFrom/secretRef/name",
        "imagePullSecrets/name",
        "volumes/projected/sources/secret/name",
      ),
      at("spec/tls/secretName", "Ingress"),
      ...["ingress", "nginx.ingress"].map((name) => at(`metadata/annotations/${name}.kubernetes.io\\/auth-secret`, "Ingress")),
      at("metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret", "Ingress"),
      at("imagePullSecrets/name", "ServiceAccount"),
      ...["secretName", "adminSecretName", "userSecretName", "secretRef"].map((name) => at(`parameters/${name}`, "StorageClass")),
      at("rules/resourceNames", "Role"),
      at("rules/resourceNames", "ClusterRole"),
      at("spec/template/spec/containers/env/valueFrom/secretKeyRef/name", "Service", { group: "serving.knative.dev", version: "v1" }),
      at("spec/azureFile/secretName", "PersistentVolume"),
    ],
  },
  {
    kind: "Service",
    version: "v1",
    fieldSpecs: [
      at("spec/serviceName", "StatefulSet", { group: "apps" }),
      ...[
        "spec/rules/http/paths/backend/serviceName",
        "spec/backend/serviceName",
        "spec/rules/http/paths/backend/service/name",
        "spec/defaultBackend/service/name",
      ].map((path) => at(path, "Ingress")),
      at("spec/service/name", "APIService", { group: "apiregistration.k8s.io" }),
      at("webhooks/clientConfig/service", "ValidatingWebhookConfiguration", ADMISSION),
      at("webhooks/clientConfig/service", "MutatingWebhookConfiguration", ADMISSION),
    ],
  },
  { kind: "Role", ...RBAC, fieldSpecs: [at("roleRef/name", "RoleBinding", RBAC)] },
  { kind: "ClusterRole", ...RBAC, fieldSpecs: [at("roleRef/name", "RoleBinding", RBAC), at("roleRef/name", "ClusterRoleBinding", RBAC)] },
  {
    kind: "ServiceAccount",
    version: "v1",
    fieldSpecs: [at("subjects", "RoleBinding", RBAC), at("subjects", "ClusterRoleBinding", RBAC), ...inPods(NO_SETS, "serviceAccountName")],
  },
  { kind: "PersistentVolumeClaim", version: "v1", fieldSpecs: inPods(NO_SETS, "volumes/persistentVolumeClaim/claimName") },
  {
    kind: "PersistentVolume",
    version: "v1",
    fieldSpecs: [at("spec/volumeName", "PersistentVolumeClaim"), at("rules/resourceNames", "ClusterRole")],
  },
  {
    kind: "StorageClass",
    version: "v1",
    group: "storage.k8s.io",
    fieldSpecs: [
      at("spec/storageClassName", "PersistentVolume"),
      at("spec/storageClassName", "PersistentVolumeClaim"),
      at("spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
    ],
  },
  { kind: "PriorityClass", version: "v1", group: "scheduling.k8s.io", fieldSpecs: inPods(NO_SETS, "priorityClassName") },
  // A group that no object has: upstream's references to ingress classes do not follow.
  { kind: "IngressClass", version: "v1", group: "networking.k8s.io/v1", fieldSpecs: [at("spec/ingressClassName", "Ingress")] },
  {
    kind: "ValidatingAdmissionPolicy",
    ...ADMISSION,
    fieldSpecs: [at("spec/policyName", "ValidatingAdmissionPolicyBinding", ADMISSION)],
  },
];

const CONTAINER_TEXTS = ["containers", "initContainers"].flatMap((list) =>
  ["args", "command", "env/value", "volumeMounts/mountPath"].map((field) => `${list}/${field}`),
);

/** Where `$(NAME)` of a variable is replaced. Upstream: builtinpluginconsts/varreference.go */
const VAR_REFERENCES: readonly FieldSpec[] = [
  ...PODS.filter(([kind]) => kind !== "PodTemplate" && kind !== "ReplicationController").flatMap(([kind, root]) => [
    ...CONTAINER_TEXTS.map((path) => at(`${root}/${path}`, kind)),
    ...(kind === "StatefulSet" || kind === "CronJob" ? [] : [at(`${root}/volumes/nfs/server`, kind)]),
  ]),
  at("spec/jobTemplate/spec/template/volumes/nfs/server", "CronJob"),
  at("spec/template/metadata/annotations", "Deployment"),
  at("spec/rules/host", "Ingress"),
  at("spec/tls/hosts", "Ingress"),
  at("spec/tls/secretName", "Ingress"),
  at("spec/ports/port", "Service"),
  at("spec/ports/targetPort", "Service"),
  at("spec/volumeClaimTemplates/spec/nfs/server", "StatefulSet"),
  at("spec/nfs/server", "PersistentVolume"),
  at("metadata/labels"),
  at("metadata/annotations"),
];

/** The fields that transformers write when nobody configures others. Upstream: kustomize/api/internal/konfig/builtinpluginconsts */
export const DEFAULT_CONFIG: TransformerConfig = {
  namePrefix: [at("metadata/name")],
  nameSuffix: [at("metadata/name")],
  namespace: [
    created("metadata/name", "Namespace"),
    created("spec/service/namespace", "APIService", { group: "apiregistration.k8s.io" }),
    at("spec/conversion/webhook/clientConfig/service/namespace", "CustomResourceDefinition", { group: "apiextensions.k8s.io" }),
  ],
  commonLabels: COMMON_LABELS,
  templateLabels: TEMPLATE_LABELS,
  commonAnnotations: [
    created("metadata/annotations"),
    ...TEMPLATES.map(([path, kind, more]) => created(`${path}/annotations`, kind, kind === "StatefulSet" ? {} : more)),
  ],
  nameReference: NAME_REFERENCES,
  varReference: VAR_REFERENCES,
  images: ["spec", "spec/template/spec"].flatMap((root) => [
    created(`${root}/containers[]/image`),
    created(`${root}/initContainers[]/image`),
    created(`${root}/volumes[]/image/reference`),
  ]),
  replicas: ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"].map((kind) => created("spec/replicas", kind)),
};
