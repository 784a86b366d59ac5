import type { Container, ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from "../api/generated/core-v1.ts";
import { isSidecar } from "../api/pod-facts.ts";
import type { ContainerInfo } from "../containers/runtime.ts";
import { rfc3339 } from "../util/clock.ts";

/** What the worker knows of one container of the manifest. */
export interface ContainerView {
  readonly container: Container;
  /** The newest one the runtime has. */
  readonly current: ContainerInfo | undefined;
  /** How the one before ended. */
  readonly last: ContainerState | undefined;
  readonly restartCount: number;
  /** Why it is not running, when the runtime has nothing to say. */
  readonly waiting: { readonly reason: string; readonly message?: string } | undefined;
  readonly ready: boolean;
  readonly started: boolean;
  readonly terminationMessage: string | undefined;
}

export interface StatusInput {
  readonly pod: Pod;
  readonly views: readonly ContainerView[];
  readonly initViews: readonly ContainerView[];
  readonly ephemeralViews: readonly ContainerView[];
  readonly podIP: string | undefined;
  readonly hostIP: string;
  readonly sandboxReady: boolean;
  readonly startTimeMs: number;
  readonly nowMs: number;
  /** The pod is over for a reason of its own: evicted, rejected, past its deadline. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
  readonly runtimeScheme: string;
}

/** The status a kubelet reports. Upstream: pkg/kubelet/kubelet_pods.go generateAPIPodStatus, status/generate.go */
export function podStatus(input: StatusInput): PodStatus {
  const { pod, nowMs } = input;
  const phase = input.failure ? "Failed" : phaseOf(input);
  const containerStatuses = input.views.map((view) => containerStatus(view, input));
  const initContainerStatuses = input.initViews.map((view) => containerStatus(view, input));
  const status: PodStatus = {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: conditionsOf(input, phase, nowMs),
    ...(input.failure ? { reason: input.failure.reason, message: input.failure.message } : {}),
    hostIP: input.hostIP,
    hostIPs: [{ ip: input.hostIP }],
    ...(input.podIP ? { podIP: input.podIP, podIPs: [{ ip: input.podIP }] } : {}),
    startTime: rfc3339(input.startTimeMs),
    ...(initContainerStatuses.length > 0 ? { initContainerStatuses } : {}),
    containerStatuses,
    ...(input.ephemeralViews.length > 0 ? { ephemeralContainerStatuses: input.ephemeralViews.map((view) => containerStatus(view, input)) } : {}),
    qosClass: pod.status.qosClass ?? "BestEffort",
  };
  return status;
}

function containerStatus(view: ContainerView, { runtimeScheme, pod }: StatusInput): ContainerStatus {
  const { container, current } = view;
  const user = pod.spec.securityContext;
  const runs = current?.state === "running";
  const mounts = (container.volumeMounts ?? []).map((mount) => ({ mountPath: mount.mountPath, name: mount.name, ...(mount.readOnly ? { readOnly: true, recursiveReadOnly: "Disabled" } : {}) }));
  return {
    ...(container.resources?.requests ? { allocatedResources: container.resources.requests } : {}),
    ...(current ? { containerID: `${runtimeScheme}://${current.id}` } : {}),
    image: current?.image ?? container.image ?? "",
    imageID: current?.imageId ?? "",
    lastState: view.last ?? {},
    name: container.name,
    ready: view.ready,
    ...(runs || view.current ? { resources: container.resources ?? {} } : {}),
    restartCount: view.restartCount,
    started: view.started,
    state: stateOf(view, runtimeScheme),
    ...(runs ? { user: { linux: { gid: user?.runAsGroup ?? 0, supplementalGroups: [user?.runAsGroup ?? 0], uid: container.securityContext?.runAsUser ?? user?.runAsUser ?? 0 } } } : {}),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
  };
}

function stateOf(view: ContainerView, scheme: string): ContainerState {
  if (view.waiting) return { waiting: { reason: view.waiting.reason, ...(view.waiting.message ? { message: view.waiting.message } : {}) } };
  const { current } = view;
  if (!current) return { waiting: { reason: "ContainerCreating" } };
  if (current.state === "running") return { running: { startedAt: rfc3339(current.startedAtMs) } };
  if (current.state === "created") return { waiting: { reason: "ContainerCreating" } };
  return terminatedState(current, scheme, view.terminationMessage);
}

export function terminatedState(container: ContainerInfo, scheme: string, message: string | undefined): ContainerState {
  const text = message || container.message;
  return {
    terminated: {
      containerID: `${scheme}://${container.id}`,
      exitCode: container.exitCode,
      finishedAt: rfc3339(container.finishedAtMs),
      ...(text ? { message: text } : {}),
      reason: container.reason || (container.exitCode === 0 ? "Completed" : "Error"),
      startedAt: rfc3339(container.startedAtMs),
    },
  };
}

/** Upstream: getPhase */
function phaseOf({ pod, views, initViews }: StatusInput): "Pending" | "Running" | "Succeeded" | "Failed" {
  const policy = pod.spec.restartPolicy ?? "Always";
  const initialized = initViews.every((view) => (isSidecar(view.container) ? view.started || view.current !== undefined : view.current?.state === "exited" && view.current.exitCode === 0 && !view.waiting));
  if (!initialized) {
    const failed = initViews.some((view) => !isSidecar(view.container) && view.current?.state === "exited" && view.current.exitCode !== 0);
    return failed && policy === "Never" ? "Failed" : "Pending";
  }
  let running = 0;
  let waiting = 0;
  let succeeded = 0;
  let stopped = 0;
  for (const view of views) {
    if (view.waiting && view.last) stopped++;
    else if (view.waiting || !view.current || view.current.state === "created") waiting++;
    else if (view.current.state === "running") running++;
    else {
      stopped++;
      if (view.current.exitCode === 0) succeeded++;
    }
  }
  if (waiting > 0) return "Pending";
  if (running > 0) return "Running";
  if (stopped === 0) return "Pending";
  if (policy === "Always") return "Running";
  if (stopped === succeeded) return "Succeeded";
  return policy === "Never" ? "Failed" : "Running";
}

const KUBELET_CONDITIONS = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

function conditionsOf(input: StatusInput, phase: string, nowMs: number): PodCondition[] {
  const { pod, views, initViews } = input;
  const old = pod.status.conditions ?? [];
  const succeeded = phase === "Succeeded";
  const unready = views.filter((view) => !view.ready).map((view) => view.container.name);
  const uninitialized = initViews.filter((view) => !(isSidecar(view.container) ? view.started : view.current?.state === "exited" && view.current.exitCode === 0)).map((view) => view.container.name);
  const notReady = succeeded
    ? { status: "False", reason: "PodCompleted", message: "" }
    : phase === "Failed"
      ? { status: "False", reason: "PodFailed", message: "" }
      : unready.length > 0
        ? { status: "False", reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` }
        : undefined;
  const gates = (pod.spec.readinessGates ?? []).filter((gate) => !old.some((condition) => condition.type === gate.conditionType && condition.status === "True"));
  const gated = gates.length > 0 ? { status: "False", reason: "ReadinessGatesNotReady", message: gates.map((gate) => `corresponding condition of pod readiness gate ${JSON.stringify(gate.conditionType)} does not exist.`).join(", ") } : undefined;
  const initialized =
    succeeded || uninitialized.length === 0
      ? { status: "True", ...(succeeded ? { reason: "PodCompleted" } : {}) }
      : { status: "False", reason: "ContainersNotInitialized", message: `containers with incomplete status: [${uninitialized.join(" ")}]` };
  const wanted: Record<string, { status: string; reason?: string; message?: string }> = {
    PodReadyToStartContainers: { status: input.sandboxReady ? "True" : "False" },
    Initialized: initialized,
    Ready: notReady ?? gated ?? { status: "True" },
    ContainersReady: notReady ?? { status: "True" },
    PodScheduled: { status: "True" },
  };
  const own = KUBELET_CONDITIONS.map((type) => condition(type, wanted[type] as { status: string }, old, pod, nowMs));
  return [...own, ...old.filter((other) => !KUBELET_CONDITIONS.includes(other.type))];
}

function condition(type: string, wanted: { status: string; reason?: string; message?: string }, old: readonly PodCondition[], pod: Pod, nowMs: number): PodCondition {
  const before = old.find((candidate) => candidate.type === type);
  const sameStatus = before?.status === wanted.status;
  return {
    ...(wanted.message ? { message: wanted.message } : {}),
    ...(wanted.reason ? { reason: wanted.reason } : {}),
    lastProbeTime: null as unknown as undefined,
    lastTransitionTime: sameStatus && before.lastTransitionTime ? before.lastTransitionTime : rfc3339(nowMs),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    status: wanted.status,
    type,
  };
}
