import type { Container, EphemeralContainer, Pod } from "../api/generated/core-v1.ts";
import { isSidecar } from "../api/pod-facts.ts";
import type { ContainerEvent } from "./container-starter.ts";
import { runHook } from "./hooks.ts";
import type { NodeParts } from "./node-parts.ts";
import { type ContainerRun, type PodContainers, specOf } from "./pod-containers.ts";

// Upstream: minimumGracePeriodInSeconds: what is left for the process after a slow preStop hook.
const MINIMUM_GRACE_SECONDS = 2;

export interface KillRequest {
  readonly pod: Pod;
  readonly podIP: string;
  readonly run: ContainerRun;
  readonly message: string;
  readonly graceSeconds: number;
  readonly emit: ContainerEvent;
  /** Aborted when the grace period is cut short. */
  readonly hurry: AbortSignal;
}

/** preStop, the stop signal, and SIGKILL when the grace period is over. Upstream: kuberuntime_container.go killContainer */
export async function killContainer(request: KillRequest, parts: NodeParts): Promise<void> {
  const { pod, run, emit, hurry } = request;
  const container = specOf(pod, run.name);
  emit(run.name, "Normal", "Killing", request.message);
  let graceSeconds = request.graceSeconds;
  const handler = container?.lifecycle?.preStop;
  if (container && handler && graceSeconds > 0 && run.state === "running")
    graceSeconds -= await preStop(request, container, handler, graceSeconds, parts);
  if (hurry.aborted) graceSeconds = 1;
  await parts.runtime.stopContainer(
    run.id,
    Math.max(graceSeconds, request.graceSeconds > 0 ? Math.min(MINIMUM_GRACE_SECONDS, request.graceSeconds) : 0) * 1000,
  );
}

/** Seconds that the hook took: at most the grace period. */
async function preStop(
  request: KillRequest,
  container: Container | EphemeralContainer,
  handler: NonNullable<NonNullable<Container["lifecycle"]>["preStop"]>,
  graceSeconds: number,
  parts: NodeParts,
): Promise<number> {
  const startMs = parts.clock.now();
  const abort = new AbortController();
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  const stop = () => {
    abort.abort(new Error("grace period over"));
    give();
  };
  const timer = parts.clock.after(graceSeconds * 1000, stop);
  request.hurry.addEventListener("abort", stop);
  const hook = runHook(
    handler,
    container,
    request.run.id,
    { ...parts, from: parts.nodeNetwork(), podIP: request.podIP },
    abort.signal,
  ).catch(() => {
    if (!abort.signal.aborted) request.emit(request.run.name, "Warning", "FailedPreStopHook", "PreStopHook failed");
  });
  await Promise.race([hook, given]);
  timer.cancel();
  request.hurry.removeEventListener("abort", stop);
  return Math.floor((parts.clock.now() - startMs) / 1000);
}

/** All of a pod: together, but sidecars after the others, the last one first. Upstream: killContainersWithSyncResult and its termination ordering */
export async function killAll(
  pod: Pod,
  containers: PodContainers,
  graceSeconds: number,
  parts: NodeParts,
  kill: (run: ContainerRun, graceSeconds: number) => Promise<void>,
): Promise<void> {
  const running = containers.running();
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map((container) => container.name);
  const startMs = parts.clock.now();
  const left = () =>
    Math.max(graceSeconds > 0 ? MINIMUM_GRACE_SECONDS : 0, graceSeconds - Math.floor((parts.clock.now() - startMs) / 1000));
  await Promise.all(running.filter((run) => !sidecars.includes(run.name)).map((run) => kill(run, graceSeconds)));
  for (const name of sidecars.reverse()) for (const run of running) if (run.name === name) await kill(run, left());
}
