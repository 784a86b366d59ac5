import type { ApiClient } from "../client.ts";
import type { ResourceInfo } from "../discovery.ts";
import type { ApiObject } from "../resources.ts";

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
  "jobs.batch": async () => (await import("./workloads.ts")).describeJob,
  namespaces: async () => (await import("./namespace.ts")).describeNamespace,
  configmaps: async () => (await import("./config.ts")).describeConfigMap,
  secrets: async () => (await import("./config.ts")).describeSecret,
  serviceaccounts: async () => (await import("./config.ts")).describeServiceAccount,
  endpoints: async () => (await import("./endpoints.ts")).describeEndpoints,
  "endpointslices.discovery.k8s.io": async () =>
    (await import("./endpoints.ts")).describeEndpointSlice,
};

/** The text about one object. Kinds without a describer of their own are shown field by field. */
export async function describeObject(described: Described): Promise<string> {
  const { info } = described;
  const load = DESCRIBERS[info.group === "" ? info.resource : `${info.resource}.${info.group}`];
  const describer = load ? await load() : (await import("./generic.ts")).describeGeneric;
  return describer(described);
}
