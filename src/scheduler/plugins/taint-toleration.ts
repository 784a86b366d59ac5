import type { Node, Pod } from "../../api/generated/core-v1.ts";
import { normalizeByMax, type Plugin } from "../framework.ts";
import { tolerates } from "../support/tolerations.ts";

/** Rejects nodes with taints that the pod does not tolerate; prefers nodes with fewer PreferNoSchedule ones. */
export const taintToleration: Plugin = {
  name: "TaintToleration",
  weight: 3,
  filter(pod, node) {
    return hasUntolerated(pod, node.node) ? { reasons: ["node(s) had untolerated taint(s)"], unresolvable: true } : undefined;
  },
  preScore(_pod, nodes) {
    return nodes.some((node) => node.node.spec.taints?.some((taint) => taint.effect === "PreferNoSchedule"))
      ? { state: undefined }
      : { skip: true };
  },
  score(pod, node) {
    const tolerations = pod.spec.tolerations?.filter((toleration) => !toleration.effect || toleration.effect === "PreferNoSchedule");
    return (node.node.spec.taints ?? []).filter((taint) => taint.effect === "PreferNoSchedule" && !tolerates(tolerations, taint)).length;
  },
  normalize: (scores) => normalizeByMax(scores, true),
  mayHelp(event, pod) {
    if (event.type === "node-added") return !hasUntolerated(pod, event.node);
    if (event.type === "node-updated") return hasUntolerated(pod, event.old) && !hasUntolerated(pod, event.node);
    return event.type === "pod-updated" && event.pod.metadata.uid === pod.metadata.uid;
  },
};

function hasUntolerated(pod: Pod, node: Node): boolean {
  return node.spec.taints?.some((taint) => taint.effect !== "PreferNoSchedule" && !tolerates(pod.spec.tolerations, taint)) ?? false;
}
