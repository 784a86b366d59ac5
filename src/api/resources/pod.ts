import { ageOf } from "../duration.ts";
import { type FieldError, forbidden, invalid } from "../field-errors.ts";
import type { ContainerStatus, Pod, PodSpec } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { isSidecar, qosClass } from "../pod-facts.ts";
import { renderYaml } from "../yaml.ts";
import { age, text } from "./support/columns.ts";
import { setPodOnlyDefaults, setPodSpecDefaults } from "./support/pod-defaults.ts";
import { validatePodSpec } from "./support/pod-validation.ts";

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
    if (pod.spec.serviceAccountName) pod.spec.serviceAccount ??= pod.spec.serviceAccountName;
    else if (pod.spec.serviceAccount) pod.spec.serviceAccountName = pod.spec.serviceAccount;
  },
  prepareForCreate(pod) {
    pod.status = { phase: "Pending", qosClass: qosClass(pod), ...(pod.spec.schedulingGates?.length ? { conditions: [gatedCondition()] } : {}) };
  },
  prepareForUpdate(pod, old, { subresource }) {
    if (subresource === undefined) pod.status = { ...old.status };
    if (old.status.qosClass) pod.status.qosClass = old.status.qosClass;
  },
  validate: (pod) => validatePodSpec(pod.spec, "spec"),
  validateUpdate: validatePodUpdate,
  gracePeriodSeconds(pod, requested) {
    let period = requested ?? pod.spec.terminationGracePeriodSeconds ?? 30;
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
    "status.podIP": pod.status.podIP ?? "",
    "status.nominatedNodeName": pod.status.nominatedNodeName ?? "",
  }),
  columns: [
    text("Ready", "Ready containers of all.", (pod) => {
      const shown = summary(pod);
      return `${shown.ready}/${shown.total}`;
    }),
    text("Status", "What the pod is doing.", (pod) => summary(pod).reason),
    text("Restarts", "Restarts of all containers, and how long ago the last was.", (pod, nowMs) => {
      const { restarts, lastRestart } = summary(pod);
      return restarts > 0 && lastRestart !== undefined ? `${restarts} (${ageOf(lastRestart, nowMs)} ago)` : String(restarts);
    }),
    age(),
    text("IP", "The pod's address.", (pod) => pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? "<none>", 1),
    text("Node", "The node that runs it.", (pod) => pod.spec.nodeName || "<none>", 1),
    text("Nominated Node", "The node that preemption makes room on.", (pod) => pod.status.nominatedNodeName || "<none>", 1),
    text("Readiness Gates", "Readiness gates that are met, of all.", readinessGates, 1),
  ],
};

function gatedCondition() {
  return { type: "PodScheduled", status: "False", reason: "SchedulingGated", message: "Scheduling is blocked due to non-empty scheduling gates" };
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const met = gates.filter((gate) => pod.status.conditions?.some((condition) => condition.type === gate.conditionType && condition.status === "True")).length;
  return `${met}/${gates.length}`;
}

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
}

const summaries = new WeakMap<Pod, Summary>();

/** READY, STATUS and RESTARTS. Upstream: pkg/printers/internalversion/printers.go printPod */
function summary(pod: Pod): Summary {
  let known = summaries.get(pod);
  if (!known) summaries.set(pod, (known = summarize(pod)));
  return known;
}

function summarize(pod: Pod): Summary {
  const { status, spec } = pod;
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map((container) => container.name));
  let total = spec.containers.length + sidecars.size;
  let ready = 0;
  let restarts = 0;
  let sidecarRestarts = 0;
  let last: string | undefined;
  const noteRestart = (container: ContainerStatus) => {
    const finished = container.lastState?.terminated?.finishedAt;
    if (finished && (last === undefined || finished > last)) last = finished;
  };
  let reason = status.reason || status.phase || "";
  const gated = status.conditions?.some((condition) => condition.type === "PodScheduled" && condition.reason === "SchedulingGated");
  if (gated) reason = "SchedulingGated";

  let initializing = false;
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    restarts += container.restartCount;
    if (sidecars.has(container.name)) sidecarRestarts += container.restartCount;
    noteRestart(container);
    if (container.state?.terminated?.exitCode === 0) continue;
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) ready++;
      continue;
    }
    const { terminated, waiting } = container.state ?? {};
    if (terminated) {
      reason = terminated.reason ? `Init:${terminated.reason}` : terminated.signal ? `Init:Signal:${terminated.signal}` : `Init:ExitCode:${terminated.exitCode}`;
    } else if (waiting?.reason && waiting.reason !== "PodInitializing") reason = `Init:${waiting.reason}`;
    else reason = `Init:${index}/${spec.initContainers?.length ?? 0}`;
    initializing = true;
    break;
  }

  const initialized = status.conditions?.some((condition) => condition.type === "Initialized" && condition.status === "True") ?? false;
  if (!initializing || initialized) {
    restarts = sidecarRestarts;
    let running = false;
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      restarts += container.restartCount;
      noteRestart(container);
      const { waiting, terminated } = container.state ?? {};
      if (waiting?.reason) reason = waiting.reason;
      else if (terminated?.reason) reason = terminated.reason;
      else if (terminated) reason = terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
      else if (container.ready && container.state?.running) {
        running = true;
        ready++;
      }
    }
    if (reason === "Completed" && running) reason = status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ? "Running" : "NotReady";
  }
  if (pod.metadata.deletionTimestamp && status.reason === "NodeLost") reason = "Unknown";
  else if (pod.metadata.deletionTimestamp && status.phase !== "Failed" && status.phase !== "Succeeded") reason = "Terminating";
  if (status.phase === "Succeeded" || status.phase === "Failed") total = Math.max(total, spec.containers.length);
  return { ready, total, reason, restarts, lastRestart: last };
}

const MUTABLE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** Upstream: ValidatePodUpdate */
function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if (pod.spec.containers.length !== old.spec.containers.length) return [forbidden("spec.containers", "pod updates may not add or remove containers")];
  const { activeDeadlineSeconds: deadline } = pod.spec;
  const oldDeadline = old.spec.activeDeadlineSeconds;
  if (oldDeadline !== undefined && deadline === undefined) errors.push(invalid("spec.activeDeadlineSeconds", undefined, "must not update from a positive integer to nil value"));
  else if (oldDeadline !== undefined && deadline !== undefined && deadline > oldDeadline) errors.push(invalid("spec.activeDeadlineSeconds", deadline, "must be less than or equal to previous value"));
  const oldTolerations = old.spec.tolerations ?? [];
  if (!oldTolerations.every((toleration) => pod.spec.tolerations?.some((other) => sameJson({ ...other, tolerationSeconds: 0 }, { ...toleration, tolerationSeconds: 0 })))) {
    errors.push(forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"));
  }
  const comparable = withMutableFieldsOf(pod.spec, old.spec);
  if (!sameJson(normal(comparable), normal(old.spec))) errors.push(forbidden("spec", `${MUTABLE}\n${specDiff(old.spec, comparable)}`));
  return errors;
}

/** The new spec as if nothing that may change had changed. */
function withMutableFieldsOf(spec: PodSpec, old: PodSpec): PodSpec {
  const images = (containers: PodSpec["containers"], olds: PodSpec["containers"]) => containers.map((container, index) => ({ ...container, image: olds[index]?.image ?? container.image }));
  const { schedulingGates: _gates, ...rest } = spec;
  return {
    ...rest,
    ...(old.schedulingGates ? { schedulingGates: old.schedulingGates } : {}),
    // While gates hold the pod back, its node selection may still be narrowed.
    ...(old.schedulingGates?.length ? { nodeSelector: old.nodeSelector, affinity: old.affinity } : {}),
    containers: images(spec.containers, old.containers),
    ...(spec.initContainers ? { initContainers: images(spec.initContainers, old.initContainers ?? []) } : {}),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    ephemeralContainers: old.ephemeralContainers,
    nodeName: old.nodeName,
    ...(old.terminationGracePeriodSeconds !== undefined && old.terminationGracePeriodSeconds < 0 && spec.terminationGracePeriodSeconds === 1 ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds } : {}),
  };
}

const normal = (spec: PodSpec) => JSON.parse(JSON.stringify(spec)) as unknown;

/** The lines that differ, as a diff of the two. Upstream prints Go structs; the fields and values are the same. */
function specDiff(old: PodSpec, next: PodSpec): string {
  const before = renderYaml(normal(old)).split("\n");
  const after = renderYaml(normal(next)).split("\n");
  const removed = before.filter((line) => !after.includes(line)).map((line) => `- \t${line}`);
  const added = after.filter((line) => !before.includes(line)).map((line) => `+ \t${line}`);
  return [...removed, ...added, ""].join("\n");
}
