import { apiVersionOf, type Kind } from "../kind.ts";
import { apiServices } from "./api-service.ts";
import { bindings } from "./binding.ts";
import { certificateSigningRequests } from "./certificate-signing-request.ts";
import { clusterRoles } from "./cluster-role.ts";
import { clusterRoleBindings } from "./cluster-role-binding.ts";
import { configMaps } from "./config-map.ts";
import { controllerRevisions } from "./controller-revision.ts";
import { cronJobs } from "./cron-job.ts";
import { csiDrivers } from "./csi-driver.ts";
import { csiNodes } from "./csi-node.ts";
import { csiStorageCapacities } from "./csi-storage-capacity.ts";
import { customResourceDefinitions } from "./custom-resource-definition.ts";
import { daemonSets } from "./daemon-set.ts";
import { deployments } from "./deployment.ts";
import { deviceClasses } from "./device-class.ts";
import { endpointSlices } from "./endpoint-slice.ts";
import { endpoints } from "./endpoints.ts";
import { events, eventsV1 } from "./event.ts";
import { flowSchemas } from "./flow-schema.ts";
import { horizontalPodAutoscalers, horizontalPodAutoscalersV1 } from "./horizontal-pod-autoscaler.ts";
import { ingresses } from "./ingress.ts";
import { ingressClasses } from "./ingress-class.ts";
import { ipAddresses } from "./ip-address.ts";
import { jobs } from "./job.ts";
import { leases } from "./lease.ts";
import { limitRanges } from "./limit-range.ts";
import { mutatingAdmissionPolicies } from "./mutating-admission-policy.ts";
import { mutatingAdmissionPolicyBindings } from "./mutating-admission-policy-binding.ts";
import { mutatingWebhookConfigurations } from "./mutating-webhook-configuration.ts";
import { namespaces } from "./namespace.ts";
import { networkPolicies } from "./network-policy.ts";
import { nodes } from "./node.ts";
import { persistentVolumes } from "./persistent-volume.ts";
import { persistentVolumeClaims } from "./persistent-volume-claim.ts";
import { pods } from "./pod.ts";
import { podDisruptionBudgets } from "./pod-disruption-budget.ts";
import { podTemplates } from "./pod-template-kind.ts";
import { priorityClasses } from "./priority-class.ts";
import { priorityLevelConfigurations } from "./priority-level-configuration.ts";
import { replicaSets } from "./replica-set.ts";
import { replicationControllers } from "./replication-controller.ts";
import { resourceClaims } from "./resource-claim.ts";
import { resourceClaimTemplates } from "./resource-claim-template.ts";
import { resourceQuotas } from "./resource-quota.ts";
import { resourceSlices } from "./resource-slice.ts";
import { roles } from "./role.ts";
import { roleBindings } from "./role-binding.ts";
import { runtimeClasses } from "./runtime-class.ts";
import { secrets } from "./secret.ts";
import { services } from "./service.ts";
import { serviceAccounts } from "./service-account.ts";
import { serviceCidrs } from "./service-cidr.ts";
import { statefulSets } from "./stateful-set.ts";
import { storageClasses } from "./storage-class.ts";
import { validatingAdmissionPolicies } from "./validating-admission-policy.ts";
import { validatingAdmissionPolicyBindings } from "./validating-admission-policy-binding.ts";
import { validatingWebhookConfigurations } from "./validating-webhook-configuration.ts";
import { volumeAttachments } from "./volume-attachment.ts";
import { volumeAttributesClasses } from "./volume-attributes-class.ts";

/** Every built-in kind, in the order in which the discovery of a real cluster lists groups and resources. */
export const KINDS: readonly Kind[] = [
  bindings,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  apiServices,
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  eventsV1,
  horizontalPodAutoscalers,
  horizontalPodAutoscalersV1,
  cronJobs,
  jobs,
  certificateSigningRequests,
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCidrs,
  podDisruptionBudgets,
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  mutatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  customResourceDefinitions,
  priorityClasses,
  leases,
  runtimeClasses,
  endpointSlices,
  flowSchemas,
  priorityLevelConfigurations,
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
] as readonly unknown[] as readonly Kind[];

export function findKind(group: string, version: string, plural: string): Kind | undefined {
  return KINDS.find((kind) => kind.group === group && kind.version === version && kind.plural === plural);
}

/** By `apps/v1` and `Deployment`. */
export function kindByName(apiVersion: string, name: string): Kind | undefined {
  return KINDS.find((kind) => kind.kind === name && apiVersionOf(kind) === apiVersion);
}
