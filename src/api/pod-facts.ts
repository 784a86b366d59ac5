import type { Container, ContainerStatus, Pod, PodSpec, ResourceRequirements } from "./generated/core-v1.ts";
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

export const isSidecar = (container: Pick<Container, "restartPolicy">) => container.restartPolicy === "Always";

const requestsOf = new WeakMap<PodSpec, ResourceAmounts>();

/** Effective requests: containers and sidecars together, or the greatest init container, plus overhead. Upstream: component-helpers/resource PodRequests */
export function podRequests(pod: Pod): ResourceAmounts {
  const known = requestsOf.get(pod.spec);
  if (known) return known;
  const amounts = effective(pod, "requests", (container) => container.resources?.requests);
  if (Object.isFrozen(pod.spec)) requestsOf.set(pod.spec, amounts);
  return amounts;
}

export function podLimits(pod: Pod): ResourceAmounts {
  return effective(pod, "limits", (container) => container.resources?.limits);
}

/** What the pod takes on its node while it is resized: the most of what it asks for, what is set aside for it and what it runs with. Upstream: PodRequests with UseStatusResources */
export function occupiedRequests(pod: Pod): ResourceAmounts {
  if (!isResizing(pod)) return podRequests(pod);
  const infeasible = isResizeInfeasible(pod);
  const wanted = (container: Container) => (infeasible ? undefined : container.resources?.requests);
  return greatestOf([
    ...(infeasible ? [] : [podRequests(pod)]),
    effective(pod, "requests", (container, status) => status?.allocatedResources ?? wanted(container)),
    effective(pod, "requests", (container, status) => status?.resources?.requests ?? status?.allocatedResources ?? wanted(container)),
  ]);
}

/** Upstream: PodLimits with UseStatusResources */
export function occupiedLimits(pod: Pod): ResourceAmounts {
  if (!isResizing(pod)) return podLimits(pod);
  const infeasible = isResizeInfeasible(pod);
  return greatestOf([
    ...(infeasible ? [] : [podLimits(pod)]),
    effective(pod, "limits", (container, status) => status?.resources?.limits ?? (infeasible ? undefined : container.resources?.limits)),
  ]);
}

const isResizeInfeasible = (pod: Pod) => podCondition(pod, "PodResizePending")?.reason === "Infeasible";

/** Whether its kubelet has not caught up yet with what the spec asks for. */
export function isResizing({ spec, status }: Pod): boolean {
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].some(
    ({ name, resources, allocatedResources }) => {
      const wanted = all.find((container) => container.name === name)?.resources;
      return (
        (allocatedResources !== undefined && !sameAmounts(allocatedResources, wanted?.requests)) ||
        (resources !== undefined && !(sameAmounts(resources.requests, wanted?.requests) && sameAmounts(resources.limits, wanted?.limits)))
      );
    },
  );
}

function sameAmounts(a: Readonly<Record<string, string>> | undefined = {}, b: Readonly<Record<string, string>> | undefined = {}): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

export function sameResources(a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): boolean {
  return sameAmounts(a?.requests, b?.requests) && sameAmounts(a?.limits, b?.limits);
}

function greatestOf(all: readonly ResourceAmounts[]): ResourceAmounts {
  const greatest: ResourceAmounts = new Map();
  for (const amounts of all) for (const [name, amount] of amounts) greatest.set(name, Math.max(greatest.get(name) ?? 0, amount));
  return greatest;
}

type Source = (container: Container, status: ContainerStatus | undefined) => Readonly<Record<string, string>> | undefined;

function effective(pod: Pod, side: "requests" | "limits", source: Source): ResourceAmounts {
  const statusOf = ({ name }: Container) =>
    pod.status?.containerStatuses?.find((status) => status.name === name) ??
    pod.status?.initContainerStatuses?.find((status) => status.name === name);
  const total: ResourceAmounts = new Map();
  for (const container of pod.spec.containers ?? []) addTo(total, amountsOf(source(container, statusOf(container))));
  const sidecars: ResourceAmounts = new Map();
  const greatest: ResourceAmounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    const own = amountsOf(source(container, statusOf(container)));
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
