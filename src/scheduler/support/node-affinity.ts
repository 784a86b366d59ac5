import type { Node, NodeSelectorRequirement, NodeSelectorTerm, PersistentVolume, Pod } from "../../api/generated/core-v1.ts";

/** Whether a node satisfies the pod's nodeSelector and required node affinity. Upstream: component-helpers/scheduling/corev1/nodeaffinity */
export function matchesRequiredNodeAffinity(pod: Pod, node: Node): boolean {
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) if (node.metadata.labels?.[key] !== value) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

/** Whether the volume can be reached from the node. Upstream: volume.CheckNodeAffinity */
export function volumeFitsNode(volume: PersistentVolume, node: Node): boolean {
  const required = volume.spec.nodeAffinity?.required;
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

export function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  // An empty term matches nothing.
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((requirement) => matchesRequirement(requirement, node.metadata.labels?.[requirement.key])) &&
    fields.every((requirement) => requirement.key === "metadata.name" && matchesRequirement(requirement, node.metadata.name))
  );
}

function matchesRequirement({ operator, values = [] }: NodeSelectorRequirement, actual: string | undefined): boolean {
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
      return actual !== undefined && /^-?\d+$/.test(actual) && Number(actual) > Number(values[0]);
    case "Lt":
      return actual !== undefined && /^-?\d+$/.test(actual) && Number(actual) < Number(values[0]);
    default:
      return false;
  }
}
