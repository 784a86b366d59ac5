import { MAX_NODE_SCORE, type Plugin } from "../framework.ts";
import { type Amounts, type NodeInfo } from "../node-info.ts";
import { podRequests } from "../../api/pod-facts.ts";

/** Prefers nodes where cpu and memory would be used in equal parts. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  // Best-effort pods change no balance. Upstream skips them since v1.32.
  preScore(pod) {
    const requests = podRequests(pod);
    return (requests.get("cpu") ?? 0) === 0 && (requests.get("memory") ?? 0) === 0 ? { skip: true } : { state: requests };
  },
  score(_pod, node, state) {
    const cpu = fraction(node, "cpu", state as Amounts);
    const memory = fraction(node, "memory", state as Amounts);
    return Math.floor((1 - Math.abs(cpu - memory) / 2) * MAX_NODE_SCORE);
  },
};

function fraction(node: NodeInfo, resource: string, requests: Amounts): number {
  const capacity = node.allocatable.get(resource) ?? 0;
  return capacity === 0 ? 1 : Math.min(1, ((node.requested.get(resource) ?? 0) + (requests.get(resource) ?? 0)) / capacity);
}
