import type { Pod } from "../../api/generated/core-v1.ts";
import { normalizeByMax, type Plugin } from "../framework.ts";
import { matchesRequiredNodeAffinity, matchesTerm } from "../support/node-affinity.ts";

/** nodeSelector and node affinity, required and preferred. */
export const nodeAffinity: Plugin = {
  name: "NodeAffinity",
  weight: 2,
  preFilter(pod) {
    const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    return required === undefined && pod.spec.nodeSelector === undefined ? { skip: true } : { state: undefined, nodeNames: pinnedTo(pod) };
  },
  filter: (pod, node) =>
    matchesRequiredNodeAffinity(pod, node.node)
      ? undefined
      : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true },
  preScore: (pod) =>
    pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.length ? { state: undefined } : { skip: true },
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

/** The nodes that every term names, where all do: a DaemonSet's pod must not be tried on thousands. */
function pinnedTo(pod: Pod): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const term of pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []) {
    const fields = (term.matchFields ?? []).filter((field) => field.key === "metadata.name" && field.operator === "In");
    if (fields.length === 0) return undefined;
    // Several of them must all hold: the filter sees to that.
    for (const name of fields[0]?.values ?? []) names.add(name);
  }
  return names.size > 0 ? names : undefined;
}
