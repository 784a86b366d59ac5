import { normalizeByMax, type Plugin } from "../framework.ts";
import { matchesRequiredNodeAffinity, matchesTerm } from "../support/node-affinity.ts";

/** nodeSelector and node affinity, required and preferred. */
export const nodeAffinity: Plugin = {
  name: "NodeAffinity",
  weight: 2,
  preFilter(pod) {
    const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    return required === undefined && pod.spec.nodeSelector === undefined ? { skip: true } : { state: undefined };
  },
  filter: (pod, node) => (matchesRequiredNodeAffinity(pod, node.node) ? undefined : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true }),
  preScore: (pod) => (pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.length ? { state: undefined } : { skip: true }),
  score(pod, node) {
    const terms = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return terms.reduce((sum, term) => sum + (matchesTerm(term.preference, node.node) ? term.weight : 0), 0);
  },
  normalize: (scores) => normalizeByMax(scores, false),
  mayHelp: (event, pod) => {
    if (event.type === "node-added") return matchesRequiredNodeAffinity(pod, event.node);
    return event.type === "node-updated" && !matchesRequiredNodeAffinity(pod, event.old) && matchesRequiredNodeAffinity(pod, event.node);
  },
};
