import type { Container, Pod, PodSpec } from "./generated/core-v1.ts";
import { parseQuantity } from "./quantity.ts";

/** Facts about pods that the server, the scheduler, controllers and kubelets all go by. */

/** Amounts by resource: cpu in millicores, everything else in whole units. */
export type ResourceAmounts = Map<string, number>;

export function isPodTerminal(pod: Pod): boolean {
  return pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
}

/** Neither finished nor on its way out. Upstream: pkg/controller IsPodActive */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, "Ready")?.status === "True";
}

export function podCondition(pod: Pod, type: string) {
  return pod.status.conditions?.find((condition) => condition.type === type);
}

/** Ready for at least `minReadySeconds`. Upstream: pkg/api/v1/pod IsPodAvailable */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  const ready = podCondition(pod, "Ready");
  if (ready?.status !== "True") return false;
  return (
    minReadySeconds === 0 ||
    (ready.lastTransitionTime !== undefined && Date.parse(ready.lastTransitionTime) + minReadySeconds * 1000 <= nowMs)
  );
}

export const isSidecar = (container: Container) => container.restartPolicy === "Always";

const requestsOf = new WeakMap<PodSpec, ResourceAmounts>();

/** Effective requests: containers and sidecars together, or the greatest init container, plus overhead. Upstream: component-helpers/resource PodRequests */
export function podRequests(pod: Pod): ResourceAmounts {
  const known = requestsOf.get(pod.spec);
  if (known) return known;
  const amounts = effective(pod, "requests");
  if (Object.isFrozen(pod.spec)) requestsOf.set(pod.spec, amounts);
  return amounts;
}

export function podLimits(pod: Pod): ResourceAmounts {
  return effective(pod, "limits");
}

function effective(pod: Pod, side: "requests" | "limits"): ResourceAmounts {
  const total: ResourceAmounts = new Map();
  for (const container of pod.spec.containers ?? []) addTo(total, amountsOf(container.resources?.[side]));
  const sidecars: ResourceAmounts = new Map();
  const greatest: ResourceAmounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    const own = amountsOf(container.resources?.[side]);
    if (isSidecar(container)) addTo(sidecars, own);
    else addTo(own, sidecars);
    for (const [name, amount] of isSidecar(container) ? sidecars : own) greatest.set(name, Math.max(greatest.get(name) ?? 0, amount));
  }
  addTo(total, sidecars);
  for (const [name, amount] of greatest) total.set(name, Math.max(total.get(name) ?? 0, amount));
  for (const [name, text] of Object.entries(pod.spec.resources?.[side] ?? {})) total.set(name, amountOf(name, text));
  if (side === "requests" || total.size > 0) addTo(total, amountsOf(pod.spec.overhead));
  return total;
}

export function amountOf(name: string, text: string): number {
  return name === "cpu" ? parseQuantity(text).milliValue() : parseQuantity(text).value();
}

export function amountsOf(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, amountOf(name, text)]));
}

function addTo(total: ResourceAmounts, more: ReadonlyMap<string, number>): void {
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0) + amount);
}

/** Guaranteed, Burstable or BestEffort. Upstream: pkg/apis/core/v1/helper/qos */
export function qosClass(pod: { readonly spec: PodSpec }): "Guaranteed" | "Burstable" | "BestEffort" {
  const { resources: own } = pod.spec;
  // Resources of the pod as a whole decide alone. Upstream: resourcehelper.IsPodLevelResourcesSet
  const wholePod = Object.keys({ ...own?.requests, ...own?.limits }).some((name) => name === "cpu" || name === "memory");
  let any = false;
  let guaranteed = true;
  for (const { resources } of wholePod ? [{ resources: own }] : [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]) {
    for (const name of ["cpu", "memory"]) {
      const request = resources?.requests?.[name];
      const limit = resources?.limits?.[name];
      const hasRequest = request !== undefined && amountOf(name, request) > 0;
      const hasLimit = limit !== undefined && amountOf(name, limit) > 0;
      if (hasRequest || hasLimit) any = true;
      if (!hasLimit || (request !== undefined && parseQuantity(request).compare(parseQuantity(limit)) !== 0)) guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

/** The groups that a pod's processes are in besides their own. Upstream: pkg/kubelet/kuberuntime security_context.go */
export function supplementalGroups({ spec: { securityContext } }: Pod): number[] {
  const { fsGroup, supplementalGroups: more = [] } = securityContext ?? {};
  return [...new Set([...(fsGroup === undefined ? [] : [fsGroup]), ...more])];
}
