import type { Container, Pod, ResourceRequirements } from "../api/generated/core-v1.ts";
import { amountOf, isSidecar, podLimits, sameResources } from "../api/pod-facts.ts";
import type { ContainerResources, ContainerRuntime } from "../containers/runtime.ts";
import type { ContainerRun, PodContainers } from "./pod-containers.ts";

export interface ContainerUpdate {
  readonly run: ContainerRun;
  readonly container: Container;
}

/** What a running container has other than it was given; undefined: nothing. Upstream: kuberuntime_manager.go computePodResizeAction */
export function resizeNeeded(container: Container, run: ContainerRun): "update" | "restart" | undefined {
  const { resources = {} } = container;
  if (sameResources(resources, run.resources)) return undefined;
  const restarts = (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) => restartPolicy === "RestartContainer" && isChanged(resourceName, resources, run.resources),
  );
  return restarts ? "restart" : "update";
}

/** Upstream: IsPodResizeInProgress */
export function isResizeInProgress({ spec }: Pod, containers: PodContainers): boolean {
  return [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers].some((container) => {
    const run = containers.latest(container.name);
    return run?.state === "running" && resizeNeeded(container, run) !== undefined;
  });
}

/** Gives running containers what their pod was given, or tells why it cannot. Upstream: doPodResizeAction */
export function actuateResize(
  pod: Pod,
  updates: readonly ContainerUpdate[],
  containers: PodContainers,
  runtime: ContainerRuntime,
): string | undefined {
  const problem = memoryProblem(pod, updates, containers, runtime);
  if (problem !== undefined) return problem;
  for (const { run, container } of updates) {
    runtime.updateContainerResources(run.id, runtimeResources(container));
    containers.setResources(run.id, container.resources ?? {});
  }
  return undefined;
}

export function runtimeResources({ resources }: Pick<Container, "resources">): ContainerResources {
  const { cpu, memory } = resources?.limits ?? {};
  return { memoryLimitBytes: memory ? amountOf("memory", memory) : 0, cpuLimitMillis: cpu ? amountOf("cpu", cpu) : 0 };
}

function isChanged(name: string, next: ResourceRequirements, before: ResourceRequirements): boolean {
  return next.limits?.[name] !== before.limits?.[name] || next.requests?.[name] !== before.requests?.[name];
}

const memoryLimitOf = (resources: ResourceRequirements | undefined) =>
  resources?.limits?.["memory"] ? amountOf("memory", resources.limits["memory"]) : undefined;

/** What has more already than it may have is left as it is. Upstream: validateMemoryResizeAction */
function memoryProblem(
  pod: Pod,
  updates: readonly ContainerUpdate[],
  containers: PodContainers,
  runtime: ContainerRuntime,
): string | undefined {
  const usageOf = (run: ContainerRun) => (run.state === "running" ? runtime.usage(run.id).memoryBytes : 0);
  const lower = updates.filter(({ run, container }) => {
    const limit = memoryLimitOf(container.resources);
    return limit !== undefined && limit < (memoryLimitOf(run.resources) ?? Infinity);
  });
  if (lower.length === 0) return undefined;
  const problems: string[] = [];
  const podLimit = pod.spec.containers.every(({ resources }) => memoryLimitOf(resources) !== undefined)
    ? podLimits(pod).get("memory")
    : undefined;
  const podUsage = containers.running().reduce((sum, run) => sum + usageOf(run), 0);
  if (podLimit !== undefined && podUsage > podLimit)
    problems.push(`attempting to set pod memory limit (${podLimit}) below current usage (${podUsage})`);
  for (const { run, container } of lower) {
    const limit = memoryLimitOf(container.resources) ?? 0;
    const usage = usageOf(run);
    if (usage > limit)
      problems.push(`attempting to set container ${JSON.stringify(container.name)} memory limit (${limit}) below current usage (${usage})`);
  }
  if (problems.length === 0) return undefined;
  return `cannot decrease memory limits: ${problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`}`;
}
