import { ageOf } from "../../duration.ts";
import type { ContainerStatus, Pod } from "../../generated/core-v1.ts";
import type { Column } from "../../kind.ts";
import { isPodReady, isPodTerminal, isSidecar, podCondition } from "../../pod-facts.ts";
import { age, text } from "./columns.ts";

// Upstream: pkg/printers/internalversion/printers.go printPod

export const podColumns: readonly Column<Pod>[] = [
  text("Ready", "Ready containers of all.", (pod) => {
    const { ready, total } = summary(pod);
    return `${ready}/${total}`;
  }),
  text("Status", "What the pod is doing.", (pod) => summary(pod).reason),
  text("Restarts", "Restarts of all containers, and how long ago the last was.", (pod, nowMs) => {
    const { restarts, lastRestart } = summary(pod);
    return restarts !== 0 && lastRestart !== "" ? `${restarts} (${ageOf(lastRestart, nowMs)} ago)` : String(restarts);
  }),
  age(),
  text("IP", "The pod's address.", (pod) => pod.status.podIPs?.[0]?.ip || "<none>", 1),
  text("Node", "The node that runs it.", (pod) => pod.spec.nodeName || "<none>", 1),
  text("Nominated Node", "The node that preemption makes room on.", (pod) => pod.status.nominatedNodeName || "<none>", 1),
  text("Readiness Gates", "Readiness gates that are met, of all.", readinessGates, 1),
];

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  return `${gates.filter((gate) => podCondition(pod, gate.conditionType)?.status === "True").length}/${gates.length}`;
}

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** "" for none. */
  readonly lastRestart: string;
}

// Three columns ask for the same; stored pods are frozen, so the answer holds.
const summaries = new WeakMap<Pod, Summary>();

function summary(pod: Pod): Summary {
  let known = summaries.get(pod);
  if (!known) {
    known = summarize(pod);
    if (Object.isFrozen(pod)) summaries.set(pod, known);
  }
  return known;
}

function summarize(pod: Pod): Summary {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map((container) => container.name));
  const initial =
    podCondition(pod, "PodScheduled")?.reason === "SchedulingGated" ? "SchedulingGated" : pod.status.reason || pod.status.phase || "";
  const init = initSummary(pod, sidecars);
  let { restarts, lastRestart, ready } = init;
  let reason = init.reason ?? initial;
  if (init.reason === undefined || podCondition(pod, "Initialized")?.status === "True") {
    const main = mainSummary(pod, reason);
    restarts = init.sidecarRestarts + main.restarts;
    lastRestart = later(init.lastSidecarRestart, main.lastRestart);
    ready += main.ready;
    reason = main.reason;
  }
  if (pod.metadata.deletionTimestamp) {
    if (pod.status.reason === "NodeLost") reason = "Unknown";
    else if (!isPodTerminal(pod)) reason = "Terminating";
  }
  return { ready, total: pod.spec.containers.length + sidecars.size, reason, restarts, lastRestart };
}

const later = (a: string, b: string | undefined) => (b !== undefined && b > a ? b : a);

/** Init containers; the reason is undefined when none of them holds the pod up. */
function initSummary(pod: Pod, sidecars: ReadonlySet<string>) {
  const result = {
    restarts: 0,
    sidecarRestarts: 0,
    lastRestart: "",
    lastSidecarRestart: "",
    ready: 0,
    reason: undefined as string | undefined,
  };
  for (const [index, container] of (pod.status.initContainerStatuses ?? []).entries()) {
    const sidecar = sidecars.has(container.name);
    const finished = container.lastState?.terminated?.finishedAt;
    result.restarts += container.restartCount;
    result.lastRestart = later(result.lastRestart, finished);
    if (sidecar) {
      result.sidecarRestarts += container.restartCount;
      result.lastSidecarRestart = later(result.lastSidecarRestart, finished);
    }
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && container.started) {
      if (container.ready) result.ready++;
      continue;
    }
    if (terminated) result.reason = `Init:${endedAs(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing") result.reason = `Init:${waiting.reason}`;
    else result.reason = `Init:${index}/${pod.spec.initContainers?.length ?? 0}`;
    break;
  }
  return result;
}

function endedAs(terminated: { reason?: string; signal?: number; exitCode: number }): string {
  return terminated.reason || (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`);
}

/** The main containers: the first that is not well names the state. */
function mainSummary(pod: Pod, before: string): { restarts: number; lastRestart: string; ready: number; reason: string } {
  let [restarts, ready, lastRestart, reason, running] = [0, 0, "", before, false];
  for (const container of [...(pod.status.containerStatuses ?? [])].reverse() as ContainerStatus[]) {
    restarts += container.restartCount;
    lastRestart = later(lastRestart, container.lastState?.terminated?.finishedAt);
    const { waiting, terminated, running: runs } = container.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated) reason = endedAs(terminated);
    else if (container.ready && runs) {
      running = true;
      ready++;
    }
  }
  // One container that is done does not make the pod done.
  if (reason === "Completed" && running) reason = isPodReady(pod) ? "Running" : "NotReady";
  return { restarts, lastRestart, ready, reason };
}
