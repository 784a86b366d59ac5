import type { Container, Pod, ResourceRequirements } from "../api/generated/core-v1.ts";
import { parseQuantity } from "../api/quantity.ts";

/** `Pod resize started: {"containers":[…],"generation":2}`. Upstream: pkg/kubelet/events/resize.go */
export function resizeMessage(what: string, { spec }: Pod, generation: number, error = ""): string {
  const summary = {
    ...(spec.initContainers?.length ? { initContainers: spec.initContainers.map(summaryOf) } : {}),
    containers: spec.containers.map(summaryOf),
    generation,
    ...(error ? { error } : {}),
  };
  return `Pod resize ${what}: ${JSON.stringify(summary)}`;
}

function summaryOf({ name, resources = {} }: Container) {
  return { name, resources: inGoOrder(resources) };
}

function inGoOrder({ limits, requests, claims }: ResourceRequirements) {
  const sorted = (amounts: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.keys(amounts)
        .sort()
        .map((name) => [name, parseQuantity(amounts[name] ?? "0").toString()]),
    );
  return {
    ...(limits && Object.keys(limits).length > 0 ? { limits: sorted(limits) } : {}),
    ...(requests && Object.keys(requests).length > 0 ? { requests: sorted(requests) } : {}),
    ...(claims?.length ? { claims } : {}),
  };
}
