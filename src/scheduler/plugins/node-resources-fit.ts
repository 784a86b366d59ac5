import type { Node, Pod } from "../../api/generated/core-v1.ts";
import { MAX_NODE_SCORE, type Plugin } from "../framework.ts";
import { type Amounts, amountsOf, type NodeInfo, type PodInfo, podInfoOf } from "../node-info.ts";
import { podRequests } from "../../api/pod-facts.ts";

/** Rejects nodes without room for the pod's requests; prefers the least allocated. */
export const nodeResourcesFit: Plugin = {
  name: "NodeResourcesFit",
  weight: 1,
  preFilter: (pod) => ({ state: podRequests(pod) }),
  filter(_pod, node, state) {
    const reasons: string[] = [];
    let unresolvable = false;
    if (node.pods.size + 1 > (node.allocatable.get("pods") ?? 0)) reasons.push("Too many pods");
    for (const [name, amount] of state as Amounts) {
      if (amount === 0) continue;
      const allocatable = node.allocatable.get(name) ?? 0;
      if (amount > allocatable - (node.requested.get(name) ?? 0)) {
        reasons.push(`Insufficient ${name}`);
        if (amount > allocatable) unresolvable = true;
      }
    }
    return reasons.length > 0 ? { reasons, unresolvable } : undefined;
  },
  preScore: (pod) => ({ state: podInfoOf(pod) }),
  score(_pod, node, state) {
    const info = state as PodInfo;
    return Math.floor((free(node, "cpu", info) + free(node, "memory", info)) / 2);
  },
  mayHelp(event, pod) {
    if (event.type === "pod-gone" || event.type === "pod-scaled-down") return true;
    if (event.type === "node-added") return fitsEmpty(pod, event.node);
    if (event.type === "node-updated") return !sameAmounts(event.node, event.old) && fitsEmpty(pod, event.node);
    return event.type === "pod-updated" && event.pod.metadata.uid === pod.metadata.uid;
  },
};

/** Whether the node could take the pod if it stood empty. */
function fitsEmpty(pod: Pod, node: Node): boolean {
  const allocatable = amountsOf(node.status.allocatable ?? {});
  for (const [name, amount] of podRequests(pod)) if (amount > 0 && amount > (allocatable.get(name) ?? 0)) return false;
  return true;
}

function sameAmounts(a: Node, b: Node): boolean {
  return JSON.stringify(a.status.allocatable) === JSON.stringify(b.status.allocatable);
}

/** How much of the resource would be free, 0..100. */
function free(node: NodeInfo, resource: "cpu" | "memory", info: PodInfo): number {
  const capacity = node.allocatable.get(resource) ?? 0;
  const requested = resource === "cpu" ? node.nonZeroCpu + info.nonZeroCpu : node.nonZeroMemory + info.nonZeroMemory;
  return capacity === 0 || requested > capacity ? 0 : Math.floor(((capacity - requested) * MAX_NODE_SCORE) / capacity);
}
