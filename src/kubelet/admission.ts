import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod } from "../api/generated/core-v1.ts";
import { amountOf, occupiedRequests, podRequests } from "../api/pod-facts.ts";

export interface AdmissionRefusal {
  readonly reason: string;
  readonly message: string;
}

/** Whether the node takes a pod that was placed on it; undefined: it does. Upstream: pkg/kubelet/lifecycle/predicate.go */
export function admitPod(
  pod: Pod,
  node: Pick<Node, "metadata"> | undefined,
  allocatable: Readonly<Record<string, string>>,
  others: Iterable<Pod>,
): AdmissionRefusal | undefined {
  if (node && !matchesNode(pod, node))
    return { reason: "NodeAffinity", message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" };
  return insufficientResource(pod, allocatable, [...others].map(occupiedRequests));
}

/** @param others what else is on the node. */
export function insufficientResource(
  pod: Pod,
  allocatable: Readonly<Record<string, string>>,
  others: readonly ReadonlyMap<string, number>[],
): AdmissionRefusal | undefined {
  const used = new Map<string, number>();
  const count = others.length;
  for (const amounts of others) for (const [name, amount] of amounts) used.set(name, (used.get(name) ?? 0) + amount);
  const capacityOf = (name: string) => amountOf(name, allocatable[name] ?? "0");
  if (count + 1 > capacityOf("pods")) return outOf("pods", 1, count, capacityOf("pods"));
  for (const [name, requested] of podRequests(pod)) {
    if (requested === 0) continue;
    const capacity = capacityOf(name);
    if (requested + (used.get(name) ?? 0) > capacity) return outOf(name, requested, used.get(name) ?? 0, capacity);
  }
  return undefined;
}

/** Why the pod would not fit if the node were empty. */
export function insufficientCapacity(pod: Pod, allocatable: Readonly<Record<string, string>>): string | undefined {
  const requests = podRequests(pod);
  const name = ["memory", "cpu"].find((resource) => (requests.get(resource) ?? 0) > amountOf(resource, allocatable[resource] ?? "0"));
  return (
    name &&
    `Node didn't have enough capacity: ${name}, requested: ${requests.get(name)}, capacity: ${amountOf(name, allocatable[name] ?? "0")}`
  );
}

function outOf(name: string, requested: number, used: number, capacity: number): AdmissionRefusal {
  return {
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}

function matchesNode(pod: Pod, { metadata }: Pick<Node, "metadata">): boolean {
  const labels = metadata.labels ?? {};
  if (Object.entries(pod.spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) return false;
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => matchesTerm(term, labels, metadata.name));
}

function matchesTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  labels: Readonly<Record<string, string>>,
  name: string,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => satisfies(requirement, labels[requirement.key])) &&
    matchFields.every((requirement) => requirement.key === "metadata.name" && satisfies(requirement, name))
  );
}

function satisfies({ operator, values = [] }: NodeSelectorRequirement, actual: string | undefined): boolean {
  switch (operator) {
    case "In":
      return actual !== undefined && values.includes(actual);
    case "NotIn":
      return actual === undefined || !values.includes(actual);
    case "Exists":
      return actual !== undefined;
    case "DoesNotExist":
      return actual === undefined;
    case "Gt":
      return actual !== undefined && Number(actual) > Number(values[0]);
    case "Lt":
      return actual !== undefined && Number(actual) < Number(values[0]);
    default:
      return false;
  }
}
