import type { Pod, TopologySpreadConstraint } from "../../api/generated/core-v1.ts";
import { selectorFromLabelSelector } from "../../api/labels.ts";
import { MAX_NODE_SCORE, type Plugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { ownerOf, type Snapshot } from "../snapshot.ts";
import { matchesRequiredNodeAffinity } from "../support/node-affinity.ts";
import { tolerates } from "../support/tolerations.ts";

/** A constraint with how many matching pods each topology domain has. */
interface Counted {
  readonly constraint: TopologySpreadConstraint;
  readonly domains: Map<string, number>;
  readonly selfMatches: boolean;
}

/** Spreads pods over zones and hosts: hard constraints filter, soft ones (and the default for controlled pods) score. */
export const podTopologySpread: Plugin = {
  name: "PodTopologySpread",
  weight: 2,
  preFilter(pod, snapshot) {
    const hard = (pod.spec.topologySpreadConstraints ?? []).filter((constraint) => constraint.whenUnsatisfiable === "DoNotSchedule");
    return hard.length === 0 ? { skip: true } : { state: hard.map((constraint) => count(pod, constraint, snapshot)) };
  },
  filter(_pod, node, state) {
    for (const { constraint, domains, selfMatches } of state as Counted[]) {
      const domain = node.node.metadata.labels?.[constraint.topologyKey];
      if (domain === undefined)
        return { reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"], unresolvable: true };
      const least = domains.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...domains.values());
      if ((domains.get(domain) ?? 0) + (selfMatches ? 1 : 0) - least > constraint.maxSkew)
        return { reasons: ["node(s) didn't match pod topology spread constraints"] };
    }
    return undefined;
  },
  preScore(pod, nodes, snapshot) {
    const soft = (pod.spec.topologySpreadConstraints ?? []).filter((constraint) => constraint.whenUnsatisfiable === "ScheduleAnyway");
    if (soft.length > 0)
      return { state: { counted: soft.map((constraint) => count(pod, constraint, snapshot)), byNode: undefined, nodeCount: nodes.length } };
    const owner = ownerOf(pod);
    if (pod.spec.topologySpreadConstraints?.length || !owner) return { skip: true };
    return { state: { counted: [], byNode: snapshot.podsByNodeOf(owner), nodeCount: nodes.length } };
  },
  score(_pod, node, state) {
    const { counted, byNode, nodeCount } = state as {
      counted: Counted[];
      byNode: ReadonlyMap<string, number> | undefined;
      nodeCount: number;
    };
    if (byNode) return (byNode.get(node.name) ?? 0) * Math.log(nodeCount + 2);
    return counted.reduce((sum, { constraint, domains }) => {
      const domain = node.node.metadata.labels?.[constraint.topologyKey];
      return domain === undefined ? Infinity : sum + (domains.get(domain) ?? 0) * Math.log(domains.size + 2) + (constraint.maxSkew - 1);
    }, 0);
  },
  normalize(scores) {
    const finite = scores.filter(Number.isFinite);
    const max = Math.max(0, ...finite);
    const min = Math.min(max, ...finite);
    scores.forEach((score, index) => {
      if (!Number.isFinite(score)) scores[index] = 0;
      else scores[index] = max === 0 ? MAX_NODE_SCORE : Math.floor((MAX_NODE_SCORE * (max + min - score)) / max);
    });
  },
  mayHelp(event, pod) {
    const hard = (pod.spec.topologySpreadConstraints ?? []).filter((constraint) => constraint.whenUnsatisfiable === "DoNotSchedule");
    if (event.type === "volume-changed") return false;
    if ("node" in event) return hard.every((constraint) => event.node.metadata.labels?.[constraint.topologyKey] !== undefined);
    if (event.pod.metadata.uid === pod.metadata.uid) return true;
    return (
      event.pod.metadata.namespace === pod.metadata.namespace &&
      hard.some((constraint) => selectorFromLabelSelector(constraint.labelSelector).matches(event.pod.metadata.labels ?? {}))
    );
  },
};

function count(pod: Pod, constraint: TopologySpreadConstraint, snapshot: Snapshot): Counted {
  const labels = pod.metadata.labels ?? {};
  const base = selectorFromLabelSelector(constraint.labelSelector);
  const sameKeys = (constraint.matchLabelKeys ?? []).filter((key) => labels[key] !== undefined);
  const matches = (other: Pod) =>
    base.matches(other.metadata.labels ?? {}) && sameKeys.every((key) => other.metadata.labels?.[key] === labels[key]);
  const domains = new Map<string, number>();
  const domainOf = (node: NodeInfo | undefined) =>
    node && counts(pod, constraint, node) ? node.node.metadata.labels?.[constraint.topologyKey] : undefined;
  for (const node of snapshot.nodes) {
    const domain = domainOf(node);
    if (domain !== undefined && !domains.has(domain)) domains.set(domain, 0);
  }
  for (const { info, nodeName } of snapshot.inNamespace(pod.metadata.namespace ?? "")) {
    if (info.pod.metadata.deletionTimestamp || !matches(info.pod)) continue;
    const domain = domainOf(snapshot.find(nodeName));
    if (domain !== undefined) domains.set(domain, (domains.get(domain) ?? 0) + 1);
  }
  return { constraint, domains, selfMatches: matches(pod) };
}

function counts(pod: Pod, constraint: TopologySpreadConstraint, node: NodeInfo): boolean {
  if ((constraint.nodeAffinityPolicy ?? "Honor") === "Honor" && !matchesRequiredNodeAffinity(pod, node.node)) return false;
  if (
    constraint.nodeTaintsPolicy === "Honor" &&
    node.node.spec.taints?.some((taint) => taint.effect !== "PreferNoSchedule" && !tolerates(pod.spec.tolerations, taint))
  )
    return false;
  return true;
}
