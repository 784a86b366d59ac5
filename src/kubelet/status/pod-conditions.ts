import type { ContainerStatus, Pod, PodCondition } from "../../api/generated/core-v1.ts";
import { isSidecar } from "../../api/pod-facts.ts";

export type ConditionFacts = Pick<PodCondition, "status" | "reason" | "message">;

const TRUE: ConditionFacts = { status: "True" };

/** Upstream: pkg/kubelet/status/generate.go GenerateContainersReadyCondition */
export function containersReady(pod: Pod, statuses: readonly ContainerStatus[], phase: string): ConditionFacts {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const counted = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const unknown = counted.filter(({ name }) => !byName.has(name)).map(({ name }) => name);
  const unready = counted.filter(({ name }) => byName.get(name)?.ready === false).map(({ name }) => name);
  const messages = [
    ...(unknown.length > 0 ? [`containers with unknown status: [${unknown.join(" ")}]`] : []),
    ...(unready.length > 0 ? [`containers with unready status: [${unready.join(" ")}]`] : []),
  ];
  return messages.length > 0 ? { status: "False", reason: "ContainersNotReady", message: messages.join(", ") } : TRUE;
}

/** Upstream: GeneratePodReadyCondition */
export function podReady(pod: Pod, current: readonly PodCondition[], containers: ConditionFacts): ConditionFacts {
  if (containers.status !== "True") return containers;
  const messages: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const condition = current.find(({ type }) => type === conditionType);
    if (!condition) messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (condition.status !== "True")
      messages.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`);
  }
  return messages.length > 0 ? { status: "False", reason: "ReadinessGatesNotReady", message: messages.join(", ") } : TRUE;
}

/** Upstream: GeneratePodInitializedCondition */
export function initialized(pod: Pod, initStatuses: readonly ContainerStatus[], phase: string, anyStarted: boolean): ConditionFacts {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  if (anyStarted) return TRUE;
  const byName = new Map(initStatuses.map((status) => [status.name, status]));
  const incomplete = (pod.spec.initContainers ?? []).filter((container) => {
    const status = byName.get(container.name);
    return isSidecar(container) ? status?.started !== true : status?.ready !== true;
  });
  if (incomplete.length === 0) return TRUE;
  return {
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${incomplete.map(({ name }) => name).join(" ")}]`,
  };
}

/** Our conditions with their times kept where the status is the same, then everybody else's as they are. */
export function mergeConditions(
  wanted: readonly (ConditionFacts & { readonly type: string })[],
  current: readonly PodCondition[],
  generation: number | undefined,
  now: string,
): PodCondition[] {
  const ours = wanted.map((facts): PodCondition => {
    const old = current.find(({ type }) => type === facts.type);
    return {
      type: facts.type,
      ...(generation ? { observedGeneration: generation } : {}),
      lastProbeTime: null as unknown as string,
      status: facts.status,
      lastTransitionTime: old && old.status === facts.status ? (old.lastTransitionTime ?? now) : now,
      ...(facts.reason ? { reason: facts.reason } : {}),
      ...(facts.message ? { message: facts.message } : {}),
    };
  });
  const names = new Set(wanted.map(({ type }) => type));
  return [...ours, ...current.filter(({ type }) => !names.has(type))];
}
