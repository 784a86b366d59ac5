import type { Container, Pod, ResourceRequirements } from "../api/generated/core-v1.ts";
import { isSidecar, sameResources } from "../api/pod-facts.ts";

/** What the kubelet has set aside for a pod's containers, by name: those whose resources can change. */
export type Allocation = ReadonlyMap<string, ResourceRequirements>;

/** All that the spec asks for. Upstream: pkg/kubelet/allocation/allocation_manager.go allocationFromPod */
export function allocationOf({ spec }: Pod): Allocation {
  return new Map(resizable(spec.containers, spec.initContainers).map(({ name, resources = {} }) => [name, resources]));
}

/** What was set aside before the node was restarted: the status tells. Upstream keeps it in a file. */
export function adoptedAllocation(pod: Pod): Allocation {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status;
  const statuses = new Map([...containerStatuses, ...initContainerStatuses].map((status) => [status.name, status]));
  return new Map(
    [...allocationOf(pod)].map(([name, wanted]) => {
      const { resources, allocatedResources } = statuses.get(name) ?? {};
      if (!resources) return [name, wanted];
      const requests = allocatedResources ?? resources.requests;
      const { requests: _requests, ...rest } = resources;
      return [name, requests ? { ...rest, requests } : rest];
    }),
  );
}

/** The pod with what it was given in place of what it asks for: the very pod where both are the same. Upstream: UpdatePodFromAllocation */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  const { containers, initContainers } = pod.spec;
  if (resizable(containers, initContainers).every(({ name, resources }) => isAllocated(allocation.get(name), resources))) return pod;
  const given = (list: readonly Container[]) =>
    list.map((container) => {
      const resources = allocation.get(container.name);
      return isAllocated(resources, container.resources) ? container : { ...container, resources: resources ?? {} };
    });
  return {
    ...pod,
    spec: { ...pod.spec, containers: given(containers), ...(initContainers ? { initContainers: given(initContainers) } : {}) },
  };
}

const isAllocated = (given: ResourceRequirements | undefined, wanted: ResourceRequirements | undefined) =>
  given === undefined || sameResources(given, wanted);

/** Upstream: IsResizableContainer */
function resizable(containers: readonly Container[], initContainers: readonly Container[] = []): Container[] {
  return [...initContainers.filter(isSidecar), ...containers];
}
