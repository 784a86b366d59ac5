import { type FieldError, forbidden, invalid } from "../../field-errors.ts";
import type { Container, Pod, ResourceRequirements } from "../../generated/core-v1.ts";
import { sameJson } from "../../merge-patch.ts";
import { isSidecar, qosClass } from "../../pod-facts.ts";
import { keepAllOf, plain } from "./pod-update-validation.ts";

type Amounts = Readonly<Record<string, string>>;

const RESIZABLE = ["cpu", "memory"] as const;
const ONLY_CPU_AND_MEMORY = "only cpu and memory resources are mutable";

/** The resize subresource writes nothing but containers' resources. Upstream: pkg/registry/core/pod/strategy.go dropNonResizeUpdates */
export function keepAllButResources(pod: Pod, old: Pod): void {
  const { containers, initContainers, resources } = pod.spec;
  keepAllOf(pod, old);
  pod.spec.containers = withResources(containers, pod.spec.containers);
  if (initContainers) pod.spec.initContainers = withResources(initContainers, pod.spec.initContainers ?? []);
  if (resources) pod.spec.resources = resources;
}

function withResources(next: readonly Container[], old: readonly Container[]): Container[] {
  // Containers that come, go or change their places are for validation to refuse.
  if (next.length !== old.length || next.some(({ name }, index) => name !== old[index]?.name)) return [...next];
  return next.map(({ resources, resizePolicy }, index) => {
    const { resources: _resources, resizePolicy: _policy, ...rest } = old[index] as Container;
    return { ...rest, ...(resources ? { resources } : {}), ...(resizePolicy ? { resizePolicy } : {}) };
  });
}

/** Upstream: pkg/apis/core/validation/validation.go ValidatePodResize */
export function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) return [forbidden("", "static pods cannot be resized")];
  if (old.spec.os?.name === "windows") return [forbidden("", "windows pods cannot be resized")];
  const errors: FieldError[] = [];
  if ((old.status.qosClass || qosClass(old)) !== qosClass(pod))
    errors.push(invalid("spec", pod.status.qosClass ?? "", "Pod QOS Class may not change as a result of resizing"));
  if (!isSupported(old)) errors.push(forbidden("spec", "Pod running on node without support for resize"));
  errors.push(...removals(pod.spec.initContainers ?? [], (old.spec.initContainers ?? []).map(onlySidecar), "spec.initContainers"));
  errors.push(...removals(pod.spec.containers, old.spec.containers, "spec.containers"));
  if (!sameButForCpuAndMemory(pod.spec.containers, old.spec.containers)) errors.push(forbidden("spec", ONLY_CPU_AND_MEMORY));
  errors.push(...initContainerChanges(pod.spec.initContainers ?? [], old.spec.initContainers ?? []));
  if (!sameJson(plain(withoutCpuAndMemory(pod.spec.resources)), plain(withoutCpuAndMemory(old.spec.resources))))
    errors.push(forbidden("spec.resources", ONLY_CPU_AND_MEMORY));
  return errors;
}

/** Upstream: isPodResizeRequestSupported */
function isSupported({ status }: Pod): boolean {
  const running = status.containerStatuses?.find(({ state }) => state?.running);
  return running === undefined || running.resources !== undefined;
}

const onlySidecar = (container: Container) => (isSidecar(container) ? container : undefined);

/** Upstream: validateContainerResize */
function removals(next: readonly Container[], old: readonly (Container | undefined)[], path: string): FieldError[] {
  return old.flatMap((before, index) => {
    if (!before) return [];
    const at = `${path}[${index}].resources`;
    const sides = [
      ["requests", "resource requests cannot be removed"],
      ["limits", "resource limits cannot be removed"],
    ] as const;
    return sides.flatMap(([side, problem]) =>
      isAnyMissing(next[index]?.resources?.[side] ?? {}, before.resources?.[side] ?? {}) ? [forbidden(`${at}.${side}`, problem)] : [],
    );
  });
}

const isAnyMissing = (next: Amounts, old: Amounts) => Object.keys(old).some((name) => next[name] === undefined);

function initContainerChanges(next: readonly Container[], old: readonly Container[]): FieldError[] {
  if (next.length !== old.length) return [forbidden("spec", ONLY_CPU_AND_MEMORY)];
  return next.flatMap((container, index) => {
    const before = old[index] as Container;
    if (isSidecar(container))
      return sameButForCpuAndMemory([container], [before])
        ? []
        : [forbidden("spec", "only cpu and memory resources for sidecar containers are mutable")];
    return sameJson(plain(container), plain(before)) ? [] : [forbidden("spec", "resources for non-sidecar init containers are immutable")];
  });
}

function sameButForCpuAndMemory(next: readonly Container[], old: readonly Container[]): boolean {
  const strip = (containers: readonly Container[]) =>
    containers.map((container) => ({ ...container, resources: withoutCpuAndMemory(container.resources) }));
  return sameJson(plain(strip(next)), plain(strip(old)));
}

function withoutCpuAndMemory(resources: ResourceRequirements | undefined): ResourceRequirements {
  const strip = (amounts: Amounts | undefined) =>
    Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => !RESIZABLE.some((resizable) => resizable === name)));
  return { ...resources, limits: strip(resources?.limits), requests: strip(resources?.requests) };
}
