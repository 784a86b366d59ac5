import type { Container, ContainerStatus, EphemeralContainer, Pod, PodCondition, PodStatus } from "../../api/generated/core-v1.ts";
import { isSidecar, qosClass } from "../../api/pod-facts.ts";
import { rfc3339 } from "../../util/clock.ts";
import type { PodContainers } from "../pod-containers.ts";
import { RESIZE_CONDITIONS } from "../resize-conditions.ts";
import { containerStatus, type Waiting } from "./container-status.ts";
import { containersReady, initialized, mergeConditions, podReady } from "./pod-conditions.ts";

export interface StatusFacts {
  readonly containers: PodContainers;
  readonly startErrors: ReadonlyMap<string, Waiting>;
  /** The sandbox with its network is there. */
  readonly sandboxReady: boolean;
  readonly podIP: string;
  readonly hostIP: string;
  readonly startTime: string;
  readonly nowMs: number;
  /** All its containers are stopped for good: the phase may become final. */
  readonly finished: boolean;
  /** Being ended by the kubelet: by a deadline, an eviction. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
  readonly resize: readonly PodCondition[];
  ready(container: string): boolean;
  started(container: string): boolean;
}

export const KUBELET_CONDITIONS = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", ...RESIZE_CONDITIONS];

/** Upstream: pkg/kubelet/kubelet_pods.go generateAPIPodStatus */
export function generateStatus(pod: Pod, current: PodStatus, facts: StatusFacts): PodStatus {
  const initStatuses = (pod.spec.initContainers ?? []).map((container) => initStatus(pod, container, facts));
  const statuses = pod.spec.containers.map((container) => mainStatus(pod, container, facts));
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map((container) => ephemeralStatus(pod, container, facts));
  const phase = phaseOf(pod, current, initStatuses, statuses, facts);
  const anyStarted = statuses.some(({ state, lastState }) => state?.running ?? state?.terminated ?? lastState?.terminated);
  const ready = containersReady(pod, [...initStatuses, ...statuses], phase);
  const conditions = [
    { type: "PodReadyToStartContainers", status: facts.sandboxReady ? "True" : "False" },
    { type: "Initialized", ...initialized(pod, initStatuses, phase, anyStarted) },
    { type: "Ready", ...podReady(pod, current.conditions ?? [], ready) },
    { type: "ContainersReady", ...ready },
  ];
  const now = rfc3339(facts.nowMs);
  const before = (current.conditions ?? []).filter(({ type }) => !RESIZE_CONDITIONS.includes(type));
  const merged = [...facts.resize, ...mergeConditions(conditions, before, pod.metadata.generation, now)];
  const podIP = pod.spec.hostNetwork ? facts.hostIP : facts.podIP;
  const { failure } = facts;
  return {
    ...(pod.metadata.generation ? { observedGeneration: pod.metadata.generation } : {}),
    phase,
    conditions: withScheduled(merged, pod, now),
    ...(failure ? { message: failure.message, reason: failure.reason } : {}),
    hostIP: facts.hostIP,
    hostIPs: [{ ip: facts.hostIP }],
    ...(podIP ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    startTime: facts.startTime,
    ...(initStatuses.length > 0 ? { initContainerStatuses: initStatuses } : {}),
    containerStatuses: statuses,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: qosClass(pod),
  };
}

/** Pods that no scheduler placed (static ones) get the condition from the kubelet. */
function withScheduled(conditions: NonNullable<PodStatus["conditions"]>, pod: Pod, now: string): NonNullable<PodStatus["conditions"]> {
  if (conditions.some(({ type }) => type === "PodScheduled")) return conditions;
  return [
    ...conditions,
    {
      type: "PodScheduled",
      ...(pod.metadata.generation ? { observedGeneration: pod.metadata.generation } : {}),
      lastProbeTime: null as unknown as string,
      status: "True",
      lastTransitionTime: now,
    },
  ];
}

function mainStatus(pod: Pod, container: Container, facts: StatusFacts): ContainerStatus {
  const latest = facts.containers.latest(container.name);
  const running = latest?.state === "running";
  return containerStatus(pod, container, {
    latest,
    previous: facts.containers.previous(container.name),
    startError: facts.startErrors.get(container.name),
    defaultWaiting: { reason: (pod.spec.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating" },
    ready: running && facts.ready(container.name),
    started: running && facts.started(container.name),
    restarts: restartsAfter(pod, container, latest?.exitCode ?? 0) && !facts.finished,
  });
}

function initStatus(pod: Pod, container: Container, facts: StatusFacts): ContainerStatus {
  const latest = facts.containers.latest(container.name);
  const running = latest?.state === "running";
  const sidecar = isSidecar(container);
  return containerStatus(pod, container, {
    latest,
    previous: facts.containers.previous(container.name),
    startError: facts.startErrors.get(container.name),
    defaultWaiting: { reason: "PodInitializing" },
    ready: sidecar ? running && facts.ready(container.name) : latest?.state === "exited" && latest.exitCode === 0,
    started: running && (!sidecar || facts.started(container.name)),
    restarts: !facts.finished && (sidecar || initRestartsAfter(pod, container, latest?.exitCode ?? 0)),
  });
}

function ephemeralStatus(pod: Pod, container: EphemeralContainer, facts: StatusFacts): ContainerStatus {
  const latest = facts.containers.latest(container.name);
  const status = containerStatus(pod, container, {
    latest,
    previous: undefined,
    startError: facts.startErrors.get(container.name),
    defaultWaiting: { reason: "ContainerCreating" },
    ready: false,
    started: false,
    restarts: false,
  });
  const { started: _started, ...rest } = status;
  return rest;
}

/** A container's own rules and policy come before its pod's. Upstream: pkg/api/v1/pod/util.go ContainerShouldRestart */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  const rule = (container.restartPolicyRules ?? []).find(({ exitCodes }) => {
    const isListed = exitCodes?.values?.includes(exitCode) ?? false;
    return exitCodes !== undefined && isListed === (exitCodes.operator === "In");
  });
  if (rule?.action === "Restart") return true;
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? "Always";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

/** What has initialized is done; what has not is tried again, unless the policy forbids it. */
export function initRestartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  if (exitCode === 0) return false;
  return restartsAfter(pod, container, exitCode);
}

/** Upstream: pkg/kubelet/kubelet_pods.go getPhase */
function phaseOf(
  pod: Pod,
  current: PodStatus,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  facts: StatusFacts,
): string {
  if (current.phase === "Succeeded" || current.phase === "Failed") return current.phase;
  const phase = rawPhase(pod, init, main, facts);
  const final = phase === "Succeeded" || phase === "Failed";
  // A final phase is told only when nothing of the pod runs any more.
  if (final && !facts.finished) return current.phase ?? "Pending";
  return facts.failure && facts.finished ? "Failed" : phase;
}

export function rawPhase(
  pod: Pod,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  facts: Pick<StatusFacts, "finished">,
): string {
  let waiting = 0;
  let running = 0;
  let stopped = 0;
  let succeeded = 0;
  for (const { state, lastState } of main) {
    if (state?.running) running++;
    else if (state?.terminated) {
      stopped++;
      if (state.terminated.exitCode === 0) succeeded++;
    } else if (lastState?.terminated) stopped++;
    else waiting++;
  }
  const anyStarted = running + stopped > 0;
  const pendingInit = (pod.spec.initContainers ?? []).some((container, index) => {
    const status = init[index];
    if (isSidecar(container)) return !anyStarted && status?.started !== true;
    const ended = status?.state?.terminated;
    return ended ? initRestartsAfter(pod, container, ended.exitCode) : true;
  });
  const failedInit = (pod.spec.initContainers ?? []).some((container, index) => {
    const ended = init[index]?.state?.terminated;
    return !isSidecar(container) && ended !== undefined && ended.exitCode !== 0 && !initRestartsAfter(pod, container, ended.exitCode);
  });
  if (failedInit) return "Failed";
  if (facts.finished && running === 0) return stopped > 0 && stopped === succeeded && waiting === 0 ? "Succeeded" : "Failed";
  if (pendingInit && !anyStarted) return "Pending";
  if (waiting > 0) return "Pending";
  if (running > 0) return "Running";
  const goesOn = main.some(({ name, state }) => {
    const container = pod.spec.containers.find((one) => one.name === name);
    return container && (!state?.terminated || restartsAfter(pod, container, state.terminated.exitCode));
  });
  if (goesOn) return "Running";
  return stopped === succeeded ? "Succeeded" : "Failed";
}

/** Our own last words count for our conditions, the object's for everybody else's. */
export function mergedTimes(
  object: NonNullable<PodStatus["conditions"]>,
  own: NonNullable<PodStatus["conditions"]>,
): NonNullable<PodStatus["conditions"]> {
  const ours = new Map(own.map((condition) => [condition.type, condition]));
  const types = new Set(object.map(({ type }) => type));
  return [
    ...object.map((condition) => (KUBELET_CONDITIONS.includes(condition.type) ? (ours.get(condition.type) ?? condition) : condition)),
    ...own.filter(({ type }) => !types.has(type) && KUBELET_CONDITIONS.includes(type)),
  ];
}
