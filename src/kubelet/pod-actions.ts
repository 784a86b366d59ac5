import type { Container, EphemeralContainer, Pod, Probe } from "../api/generated/core-v1.ts";
import { isSidecar } from "../api/pod-facts.ts";
import { type ContainerRun, hashOf, type PodContainers } from "./pod-containers.ts";
import { type ContainerUpdate, resizeNeeded } from "./pod-resizer.ts";
import { initRestartsAfter, restartsAfter } from "./status/pod-status.ts";

export interface PodActions {
  readonly kill: readonly {
    readonly run: ContainerRun;
    readonly container: Container;
    readonly message: string;
    readonly probe: Probe | undefined;
  }[];
  /** Running containers that are to have other resources. */
  readonly update: readonly ContainerUpdate[];
  readonly start: readonly (Container | EphemeralContainer)[];
  /** Nothing will run any more. */
  readonly ended: boolean;
}

export interface ProbeVerdicts {
  failed(container: string): "liveness" | "startup" | undefined;
  started(container: string): boolean;
}

type Draft = { kill: PodActions["kill"][number][]; update: ContainerUpdate[]; start: (Container | EphemeralContainer)[] };

/** What is to be done for the pod to be as its spec says. Upstream: pkg/kubelet/kuberuntime computePodActions */
export function computeActions(pod: Pod, containers: PodContainers, probes: ProbeVerdicts, hasSandbox: boolean): PodActions {
  const draft: Draft = { kill: [], update: [], start: [] };
  const runs = pod.spec.containers.map((container) => containers.latest(container.name));
  const over = pod.spec.containers.every((container, index) => {
    const run = runs[index];
    return run?.state === "exited" && !restartsAfter(pod, container, run.exitCode);
  });
  if (over) return { ...draft, ended: true };
  if (hasSandbox) {
    for (const container of pod.spec.ephemeralContainers ?? []) if (!containers.latest(container.name)) draft.start.push(container);
  }
  const anyMainStarted = runs.some((run) => run?.inRuntime);
  const init = initActions(pod, containers, probes, anyMainStarted, draft);
  if (init === "failed") return { ...draft, ended: true };
  if (init === "done")
    for (const container of pod.spec.containers) mainAction(pod, container, containers.latest(container.name), probes, draft);
  return { ...draft, ended: false };
}

function initActions(
  pod: Pod,
  containers: PodContainers,
  probes: ProbeVerdicts,
  anyMainStarted: boolean,
  draft: Draft,
): "done" | "waiting" | "failed" {
  for (const container of pod.spec.initContainers ?? []) {
    const latest = containers.latest(container.name);
    // What ran in a sandbox that is gone has to run again in the new one.
    const run = latest?.inRuntime ? latest : undefined;
    if (isSidecar(container)) {
      if (!run || run.state === "exited") draft.start.push(container);
      else if (
        !killUnhealthy(container, run, probes, draft, true) &&
        !resize(container, run, draft) &&
        (anyMainStarted || probes.started(container.name))
      )
        continue;
      if (!anyMainStarted) return "waiting";
      continue;
    }
    if (anyMainStarted || (run?.state === "exited" && run.exitCode === 0)) continue;
    if (run?.state === "exited" && !initRestartsAfter(pod, container, run.exitCode)) return "failed";
    if (!run || run.state === "exited") draft.start.push(container);
    return "waiting";
  }
  return "done";
}

function mainAction(pod: Pod, container: Container, run: ContainerRun | undefined, probes: ProbeVerdicts, draft: Draft): void {
  if (!run || run.state === "exited") {
    if (!run || restartsAfter(pod, container, run.exitCode)) draft.start.push(container);
    return;
  }
  if (run.hash !== hashOf(container)) {
    draft.kill.push({ run, container, message: `Container ${container.name} definition changed, will be restarted`, probe: undefined });
    draft.start.push(container);
    return;
  }
  if (!killUnhealthy(container, run, probes, draft, (container.restartPolicy ?? pod.spec.restartPolicy) !== "Never"))
    resize(container, run, draft);
}

/** Whether it is restarted for it. */
function resize(container: Container, run: ContainerRun, draft: Draft): boolean {
  const needed = run.state === "running" ? resizeNeeded(container, run) : undefined;
  if (needed === "update") draft.update.push({ run, container });
  if (needed !== "restart") return false;
  draft.kill.push({ run, container, message: `Container ${container.name} resize requires restart`, probe: undefined });
  draft.start.push(container);
  return true;
}

function killUnhealthy(container: Container, run: ContainerRun, probes: ProbeVerdicts, draft: Draft, restart: boolean): boolean {
  const failed = run.state === "running" ? probes.failed(container.name) : undefined;
  if (!failed) return false;
  const message = `Container ${container.name} failed ${failed} probe${restart ? ", will be restarted" : ""}`;
  draft.kill.push({ run, container, message, probe: failed === "liveness" ? container.livenessProbe : container.startupProbe });
  if (restart) draft.start.push(container);
  return true;
}
