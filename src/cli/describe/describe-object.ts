import type { ApiClient } from "../connection/client.ts";
import type { ResourceInfo } from "../connection/discovery.ts";
import type { ApiObject } from "../objects/resources.ts";

/** What a describer works on. */
export interface Described {
  readonly client: ApiClient;
  readonly info: ResourceInfo;
  readonly object: ApiObject;
  readonly nowMs: number;
  readonly showEvents: boolean;
}

export type Describer = (described: Described) => Promise<string>;

const DESCRIBERS: Readonly<Record<string, () => Promise<Describer>>> = {
  pods: async () => (await import("./pod.ts")).describePod,
  nodes: async () => (await import("./node.ts")).describeNode,
  services: async () => (await import("./service.ts")).describeService,
  "replicasets.apps": async () => (await import("./workloads.ts")).describeReplicaSet,
  replicationcontrollers: async () => (await import("./workloads.ts")).describeReplicaSet,
  "deployments.apps": async () => (await import("./deployment.ts")).describeDeployment,
  "daemonsets.apps": async () => (await import("./workloads.ts")).describeDaemonSet,
  "statefulsets.apps": async () => (await import("./workloads.ts")).describeStatefulSet,
  "cronjobs.batch": async () => (await import("./cron-job.ts")).describeCronJob,
  "ingresses.networking.k8s.io": async () => (await import("./network.ts")).describeIngress,
  "ingressclasses.networking.k8s.io": async () => (await import("./network.ts")).describeIngressClass,
  "servicecidrs.networking.k8s.io": async () => (await import("./network.ts")).describeServiceCidr,
  "ipaddresses.networking.k8s.io": async () => (await import("./network.ts")).describeIpAddress,
  "networkpolicies.networking.k8s.io": async () => (await import("./network-policy.ts")).describeNetworkPolicy,
  persistentvolumes: async () => (await import("./storage.ts")).describePersistentVolume,
  persistentvolumeclaims: async () => (await import("./storage.ts")).describePersistentVolumeClaim,
  "storageclasses.storage.k8s.io": async () => (await import("./storage.ts")).describeStorageClass,
  "volumeattributesclasses.storage.k8s.io": async () => (await import("./storage.ts")).describeVolumeAttributesClass,
  "csinodes.storage.k8s.io": async () => (await import("./storage.ts")).describeCsiNode,
  limitranges: async () => (await import("./policy.ts")).describeLimitRange,
  resourcequotas: async () => (await import("./policy.ts")).describeResourceQuota,
  "poddisruptionbudgets.policy": async () => (await import("./policy.ts")).describePodDisruptionBudget,
  "priorityclasses.scheduling.k8s.io": async () => (await import("./policy.ts")).describePriorityClass,
  "horizontalpodautoscalers.autoscaling": async () => (await import("./autoscaler.ts")).describeAutoscaler,
  "roles.rbac.authorization.k8s.io": async () => (await import("./rbac.ts")).describeRole,
  "clusterroles.rbac.authorization.k8s.io": async () => (await import("./rbac.ts")).describeRole,
  "rolebindings.rbac.authorization.k8s.io": async () => (await import("./rbac.ts")).describeRoleBinding,
  "clusterrolebindings.rbac.authorization.k8s.io": async () => (await import("./rbac.ts")).describeRoleBinding,
  "certificatesigningrequests.certificates.k8s.io": async () => (await import("./signing-request.ts")).describeSigningRequest,
  "jobs.batch": async () => (await import("./workloads.ts")).describeJob,
  namespaces: async () => (await import("./namespace.ts")).describeNamespace,
  configmaps: async () => (await import("./config.ts")).describeConfigMap,
  secrets: async () => (await import("./config.ts")).describeSecret,
  serviceaccounts: async () => (await import("./config.ts")).describeServiceAccount,
  endpoints: async () => (await import("./endpoints.ts")).describeEndpoints,
  "endpointslices.discovery.k8s.io": async () => (await import("./endpoints.ts")).describeEndpointSlice,
};

/** The text about one object. Kinds without a describer of their own are shown field by field. */
export async function describeObject(described: Described): Promise<string> {
  const { info } = described;
  const load = DESCRIBERS[info.group === "" ? info.resource : `${info.resource}.${info.group}`];
  const describer = load ? await load() : (await import("./generic.ts")).describeGeneric;
  return describer(described);
}
