import { apiVersionOf, type Kind } from "../kind.ts";
import { configMaps } from "./config-map.ts";
import { controllerRevisions } from "./controller-revision.ts";
import { daemonSets } from "./daemon-set.ts";
import { deployments } from "./deployment.ts";
import { endpointSlices } from "./endpoint-slice.ts";
import { endpoints } from "./endpoints.ts";
import { events, eventsV1 } from "./event.ts";
import { jobs } from "./job.ts";
import { leases } from "./lease.ts";
import { namespaces } from "./namespace.ts";
import { nodes } from "./node.ts";
import { persistentVolumeClaims } from "./persistent-volume-claim.ts";
import { pods } from "./pod.ts";
import { priorityClasses } from "./priority-class.ts";
import { replicaSets } from "./replica-set.ts";
import { replicationControllers } from "./replication-controller.ts";
import { secrets } from "./secret.ts";
import { serviceAccounts } from "./service-account.ts";
import { services } from "./service.ts";
import { statefulSets } from "./stateful-set.ts";

/** Every built-in kind, in the order in which discovery lists them: core first, then by group. */
export const KINDS: readonly Kind[] = [
  configMaps, endpoints, events, namespaces, nodes, persistentVolumeClaims, pods, replicationControllers, secrets, serviceAccounts, services,
  controllerRevisions, daemonSets, deployments, replicaSets, statefulSets,
  eventsV1,
  jobs,
  leases,
  endpointSlices,
  priorityClasses,
] as readonly unknown[] as readonly Kind[];

export function findKind(group: string, version: string, plural: string): Kind | undefined {
  return KINDS.find((kind) => kind.group === group && kind.version === version && kind.plural === plural);
}

/** By `apps/v1` and `Deployment`. */
export function kindByName(apiVersion: string, name: string): Kind | undefined {
  return KINDS.find((kind) => kind.kind === name && apiVersionOf(kind) === apiVersion);
}
