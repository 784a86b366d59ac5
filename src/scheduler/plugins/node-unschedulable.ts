import type { Plugin } from "../framework.ts";
import { tolerates } from "../support/tolerations.ts";

const TAINT = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** Rejects cordoned nodes. */
export const nodeUnschedulable: Plugin = {
  name: "NodeUnschedulable",
  filter(pod, node) {
    if (!node.node.spec.unschedulable || tolerates(pod.spec.tolerations, TAINT)) return undefined;
    return { reasons: ["node(s) were unschedulable"], unresolvable: true };
  },
  mayHelp: (event) =>
    (event.type === "node-added" && !event.node.spec.unschedulable) ||
    (event.type === "node-updated" && event.old.spec.unschedulable === true && !event.node.spec.unschedulable),
};
