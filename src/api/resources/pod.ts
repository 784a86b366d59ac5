import { type FieldError, forbidden, invalid } from "../field-errors.ts";
import type { Pod } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { qosClass } from "../pod-facts.ts";
import { isDns1123Label } from "../validation/names.ts";
import { podColumns } from "./support/pod-columns.ts";
import { setPodOnlyDefaults, setPodSpecDefaults } from "./support/pod-defaults.ts";
import { keepAllButResources, validatePodResize } from "./support/pod-resize-validation.ts";
import { keepAllButEphemeralContainers, validateEphemeralContainersUpdate, validatePodUpdate } from "./support/pod-update-validation.ts";
import { validatePodSpec } from "./support/pod-validation.ts";
import { podSpecWarnings } from "./support/pod-warnings.ts";

const GET_UPDATE = ["get", "patch", "update"] as const;
const CONNECT = ["create", "get"] as const;

/** Upstream: pkg/registry/core/pod/strategy.go */
export const pods: Kind<Pod> = {
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  singular: "pod",
  shortNames: ["po"],
  categories: ["all"],
  namespaced: true,
  schema: { package: "core/v1", type: "Pod" },
  hasGeneration: true,
  subresources: {
    attach: { verbs: CONNECT, responseKind: { group: "", version: "v1", kind: "PodAttachOptions" } },
    binding: { verbs: ["create"], responseKind: { group: "", version: "v1", kind: "Binding" } },
    ephemeralcontainers: { verbs: GET_UPDATE },
    eviction: { verbs: ["create"], responseKind: { group: "policy", version: "v1", kind: "Eviction" } },
    exec: { verbs: CONNECT, responseKind: { group: "", version: "v1", kind: "PodExecOptions" } },
    log: { verbs: ["get"] },
    portforward: { verbs: CONNECT, responseKind: { group: "", version: "v1", kind: "PodPortForwardOptions" } },
    proxy: { verbs: ["create", "delete", "get", "patch", "update"], responseKind: { group: "", version: "v1", kind: "PodProxyOptions" } },
    resize: { verbs: GET_UPDATE },
    status: { verbs: GET_UPDATE },
  },
  setDefaults(pod) {
    setPodSpecDefaults(pod.spec);
    setPodOnlyDefaults(pod.spec);
  },
  prepareForCreate(pod) {
    pod.status = {
      phase: "Pending",
      qosClass: qosClass(pod),
      ...(pod.spec.schedulingGates?.length ? { conditions: [gatedCondition()] } : {}),
    };
  },
  prepareForUpdate(pod, old, { subresource }) {
    if (subresource === undefined) pod.status = { ...old.status };
    if (subresource === "ephemeralcontainers") keepAllButEphemeralContainers(pod, old);
    if (subresource === "resize") keepAllButResources(pod, old);
    if (old.status.qosClass) pod.status.qosClass = old.status.qosClass;
  },
  validate: (pod) => [...validateAnnotations(pod), ...validatePodSpec(pod.spec, "spec", { isPod: true })],
  validateCreate: (pod) => (pod.spec.ephemeralContainers?.length ? [forbidden("spec.ephemeralContainers", "cannot be set on create")] : []),
  validateUpdate(pod, old, subresource) {
    if (subresource === "ephemeralcontainers") return validateEphemeralContainersUpdate(pod, old);
    return subresource === "resize" ? validatePodResize(pod, old) : validatePodUpdate(pod, old);
  },
  warnings(pod, old) {
    // Most writes are the kubelet's and leave the spec as it is.
    if (old && old.metadata.generation === pod.metadata.generation) return [];
    const messages = old ? [] : isDns1123Label(pod.metadata.name);
    const name =
      messages.length > 0
        ? [
            `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${messages.join(" ")}]`,
          ]
        : [];
    return [...name, ...podSpecWarnings(pod.spec, pod.metadata, "")];
  },
  gracePeriodSeconds(pod, requested) {
    let period = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0;
    // Nothing runs that would have to be asked to stop.
    if (!pod.spec.nodeName || pod.status.phase === "Failed" || pod.status.phase === "Succeeded") period = 0;
    return period < 0 ? 1 : period;
  },
  selectableFields: (pod) => ({
    "spec.nodeName": pod.spec.nodeName ?? "",
    "spec.restartPolicy": pod.spec.restartPolicy ?? "",
    "spec.schedulerName": pod.spec.schedulerName ?? "",
    "spec.serviceAccountName": pod.spec.serviceAccountName ?? "",
    "spec.hostNetwork": String(pod.spec.hostNetwork ?? false),
    "status.phase": pod.status.phase ?? "",
    "status.podIP": pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? "",
    "status.nominatedNodeName": pod.status.nominatedNodeName ?? "",
  }),
  columns: podColumns,
};

function gatedCondition() {
  return {
    type: "PodScheduled",
    status: "False",
    lastProbeTime: null as unknown as string,
    lastTransitionTime: null as unknown as string,
    reason: "SchedulingGated",
    message: "Scheduling is blocked due to non-empty scheduling gates",
  };
}

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

/** Upstream: ValidatePodSpecificAnnotations */
function validateAnnotations({ metadata, spec }: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const mirror = metadata.annotations?.["kubernetes.io/config.mirror"];
  if (mirror !== undefined && !spec.nodeName)
    errors.push(
      invalid("metadata.annotations[kubernetes.io/config.mirror]", mirror, "must set spec.nodeName if mirror pod annotation is set"),
    );
  const cost = metadata.annotations?.[DELETION_COST];
  if (cost !== undefined && !(/^(-?[1-9]\d*|0)$/.test(cost) && Math.abs(Number(cost)) < 2 ** 31))
    errors.push(invalid(`metadata.annotations[${DELETION_COST}]`, cost, "must be a 32bit integer"));
  return errors;
}
