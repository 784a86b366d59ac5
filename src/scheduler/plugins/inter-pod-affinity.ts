import type { Pod, PodAffinityTerm } from "../../api/generated/core-v1.ts";
import { selectorFromLabelSelector } from "../../api/labels.ts";
import { MAX_NODE_SCORE, type Plugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { Snapshot } from "../snapshot.ts";

/** `topologyKey=value` → how many pods there match. */
type TopologyCounts = Map<string, number>;

interface FilterState {
  readonly affinity: readonly { readonly term: PodAffinityTerm; readonly counts: TopologyCounts }[];
  readonly antiAffinity: readonly { readonly term: PodAffinityTerm; readonly counts: TopologyCounts }[];
  /** Domains where a pod stands whose own anti-affinity forbids this one. */
  readonly forbidden: TopologyCounts;
  /** The first pod of a group that wants to be together may start it anywhere. */
  readonly startsGroup: boolean;
}

/** Pods that must, must not, or would rather stand with other pods. */
export const interPodAffinity: Plugin = {
  name: "InterPodAffinity",
  weight: 2,
  preFilter(pod, snapshot) {
    const affinity = requiredTerms(pod, "podAffinity").map((term) => ({ term, counts: countMatching(pod, term, snapshot) }));
    const antiAffinity = requiredTerms(pod, "podAntiAffinity").map((term) => ({ term, counts: countMatching(pod, term, snapshot) }));
    const forbidden: TopologyCounts = new Map();
    for (const { info, nodeName } of snapshot.placedWithPodAffinity) {
      for (const term of requiredTerms(info.pod, "podAntiAffinity")) {
        if (!termMatches(term, info.pod, pod)) continue;
        const domain = domainOf(term, snapshot.find(nodeName));
        if (domain) forbidden.set(domain, (forbidden.get(domain) ?? 0) + 1);
      }
    }
    if (affinity.length === 0 && antiAffinity.length === 0 && forbidden.size === 0) return { skip: true };
    const startsGroup = affinity.every(({ term, counts }) => counts.size === 0 && termMatches(term, pod, pod));
    return { state: { affinity, antiAffinity, forbidden, startsGroup } satisfies FilterState };
  },
  filter(_pod, node, state) {
    const { affinity, antiAffinity, forbidden, startsGroup } = state as FilterState;
    for (const { term, counts } of affinity) {
      const domain = domainOf(term, node);
      if (!domain || (!startsGroup && !counts.has(domain)))
        return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true };
    }
    for (const { term, counts } of antiAffinity) {
      const domain = domainOf(term, node);
      if (domain && counts.has(domain)) return { reasons: ["node(s) didn't match pod anti-affinity rules"] };
    }
    for (const domain of forbidden.keys())
      if (inDomain(node, domain)) return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] };
    return undefined;
  },
  preScore(pod, _nodes, snapshot) {
    const weights: TopologyCounts = new Map();
    const add = (term: PodAffinityTerm, node: NodeInfo | undefined, weight: number) => {
      const domain = domainOf(term, node);
      if (domain) weights.set(domain, (weights.get(domain) ?? 0) + weight);
    };
    const own = preferredTerms(pod);
    if (own.length > 0) {
      for (const { info, nodeName } of snapshot.allPlaced())
        for (const { term, weight } of own) if (termMatches(term, pod, info.pod)) add(term, snapshot.find(nodeName), weight);
    }
    for (const { info, nodeName } of snapshot.placedWithPodAffinity) {
      for (const { term, weight } of preferredTerms(info.pod))
        if (termMatches(term, info.pod, pod)) add(term, snapshot.find(nodeName), weight);
      // Upstream: hardPodAffinityWeight 1.
      for (const term of requiredTerms(info.pod, "podAffinity"))
        if (termMatches(term, info.pod, pod)) add(term, snapshot.find(nodeName), 1);
    }
    return weights.size === 0 ? { skip: true } : { state: weights };
  },
  score(_pod, node, state) {
    let sum = 0;
    for (const [domain, weight] of state as TopologyCounts) if (inDomain(node, domain)) sum += weight;
    return sum;
  },
  normalize(scores) {
    const max = Math.max(...scores);
    const min = Math.min(...scores);
    scores.forEach((score, index) => {
      scores[index] = max === min ? 0 : Math.floor((MAX_NODE_SCORE * (score - min)) / (max - min));
    });
  },
  mayHelp(event, pod) {
    switch (event.type) {
      case "node-added":
      case "node-updated":
        return true;
      case "pod-gone":
        return (
          requiredTerms(pod, "podAntiAffinity").some((term) => termMatches(term, pod, event.pod)) ||
          requiredTerms(event.pod, "podAntiAffinity").some((term) => termMatches(term, event.pod, pod))
        );
      case "pod-assigned":
        return requiredTerms(pod, "podAffinity").some((term) => termMatches(term, pod, event.pod));
      case "pod-updated":
        return true;
      default:
        return false;
    }
  },
};

function requiredTerms(pod: Pod, side: "podAffinity" | "podAntiAffinity"): readonly PodAffinityTerm[] {
  return pod.spec.affinity?.[side]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function preferredTerms(pod: Pod): { readonly term: PodAffinityTerm; readonly weight: number }[] {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  return [
    ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((entry) => ({
      term: entry.podAffinityTerm,
      weight: entry.weight,
    })),
    ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((entry) => ({
      term: entry.podAffinityTerm,
      weight: -entry.weight,
    })),
  ];
}

/** Whether the term of `owner` speaks of `other`. */
function termMatches(term: PodAffinityTerm, owner: Pod, other: Pod): boolean {
  const namespaces = term.namespaces?.length ? term.namespaces : term.namespaceSelector ? undefined : [owner.metadata.namespace];
  if (namespaces && !namespaces.includes(other.metadata.namespace ?? "")) return false;
  return term.labelSelector !== undefined && selectorFromLabelSelector(term.labelSelector).matches(other.metadata.labels ?? {});
}

function countMatching(pod: Pod, term: PodAffinityTerm, snapshot: Snapshot): TopologyCounts {
  const counts: TopologyCounts = new Map();
  const candidates =
    term.namespaces?.length || term.namespaceSelector ? snapshot.allPlaced() : snapshot.inNamespace(pod.metadata.namespace ?? "");
  for (const { info, nodeName } of candidates) {
    if (!termMatches(term, pod, info.pod)) continue;
    const domain = domainOf(term, snapshot.find(nodeName));
    if (domain) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
  return counts;
}

function domainOf(term: PodAffinityTerm, node: NodeInfo | undefined): string | undefined {
  const value = node?.node.metadata.labels?.[term.topologyKey];
  return value === undefined ? undefined : `${term.topologyKey}=${value}`;
}

function inDomain(node: NodeInfo, domain: string): boolean {
  const equals = domain.indexOf("=");
  return node.node.metadata.labels?.[domain.slice(0, equals)] === domain.slice(equals + 1);
}
