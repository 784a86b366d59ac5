import type { Pod } from "../api/generated/core-v1.ts";
import type { PodDisruptionBudget } from "../api/generated/policy-v1.ts";
import { selectorFromLabelSelector } from "../api/labels.ts";
import { countReasons } from "./fit-error.ts";
import type { Rejection } from "./framework.ts";
import type { NodeInfo, PodInfo } from "./node-info.ts";

export interface PreemptionRequest {
  readonly pod: Pod;
  /** The node where the pod has made room before. */
  readonly nominated: string | undefined;
  readonly nodes: readonly NodeInfo[];
  /** Nodes that no preemption can help with, besides `nodes`. */
  readonly unlooked: number;
  readonly rejections: ReadonlyMap<string, { readonly plugin: string; readonly rejection: Rejection }>;
  readonly budgets: readonly PodDisruptionBudget[];
  readonly nowMs: number;
  /** Why the pod would not fit the node as it is counted now. */
  problem(node: NodeInfo): Rejection | undefined;
}

export type PreemptionOutcome =
  | { readonly nodeName: string; readonly victims: readonly Pod[] }
  | { readonly message: string; readonly keepsNomination?: boolean };

const NOT_HELPFUL = "Preemption is not helpful for scheduling";

/** Finds the node where the least important pods would have to go. Upstream: pkg/scheduler/framework/preemption */
export function preempt(request: PreemptionRequest): PreemptionOutcome {
  const { pod, nodes, rejections } = request;
  const head = `preemption: 0/${nodes.length + request.unlooked} nodes are available: `;
  if (pod.spec.preemptionPolicy === "Never")
    return { message: "preemption: not eligible due to preemptionPolicy=Never.", keepsNomination: true };
  if (victimsAreLeaving(request))
    return { message: "preemption: not eligible due to a terminating pod on the nominated node.", keepsNomination: true };
  const reasons: string[] = [];
  let best: Candidate | undefined;
  for (const node of nodes) {
    const rejected = rejections.get(node.name);
    if (!rejected) continue;
    if (rejected.rejection.unresolvable) {
      reasons.push(NOT_HELPFUL);
      continue;
    }
    const found = selectVictims(node, request);
    if (!("victims" in found)) reasons.push(...found);
    else if (!best || compareCandidates(found, best, request.nowMs) < 0) best = found;
  }
  return best ?? { message: `${head}${countReasons(reasons, new Map(request.unlooked > 0 ? [[NOT_HELPFUL, request.unlooked]] : []))}.` };
}

/** Whether the pods that were taken away for this one are still on their way out: no more have to go then. */
function victimsAreLeaving({ pod, nominated, nodes, rejections }: PreemptionRequest): boolean {
  if (nominated === undefined || rejections.get(nominated)?.rejection.unresolvable) return false;
  const node = nodes.find((candidate) => candidate.name === nominated);
  return [...(node?.pods.values() ?? [])].some(
    (info) =>
      info.pod.metadata.deletionTimestamp !== undefined &&
      (info.pod.spec.priority ?? 0) < (pod.spec.priority ?? 0) &&
      info.pod.status.conditions?.some(
        (condition) => condition.type === "DisruptionTarget" && condition.status === "True" && condition.reason === "PreemptionByScheduler",
      ),
  );
}

interface Candidate {
  readonly nodeName: string;
  /** The most important first. */
  readonly victims: readonly Pod[];
  /** Of them, those whose budgets do not allow it. */
  readonly violations: number;
}

/** Who has to go from a node; a text: why that would not help. Upstream: defaultpreemption SelectVictimsOnNode */
function selectVictims(node: NodeInfo, { pod, budgets, nowMs, problem }: PreemptionRequest): Candidate | readonly string[] {
  const priority = pod.spec.priority ?? 0;
  const lower = [...node.pods.values()].filter((info) => (info.pod.spec.priority ?? 0) < priority);
  if (lower.length === 0) return ["No preemption victims found for incoming pod"];
  for (const info of lower) node.remove(info.pod.metadata.uid);
  const stillWrong = problem(node);
  const victims: PodInfo[] = [];
  const reprieve = (info: PodInfo): boolean => {
    node.add(info);
    if (stillWrong || !problem(node)) return true;
    node.remove(info.pod.metadata.uid);
    victims.push(info);
    return false;
  };
  const byImportance = (a: PodInfo, b: PodInfo) => moreImportant(a.pod, b.pod, nowMs);
  // Give back as many as possible: first whose budgets would be violated, and of each the most important first.
  const { violating, others } = splitByBudgets(lower.sort(byImportance), budgets);
  let violations = 0;
  for (const info of violating) if (!reprieve(info)) violations++;
  for (const info of others) reprieve(info);
  for (const info of victims) node.add(info);
  if (stillWrong) return stillWrong.reasons;
  return { nodeName: node.name, victims: victims.sort(byImportance).map((info) => info.pod), violations };
}

/** Upstream: filterPodsWithPDBViolation */
function splitByBudgets(
  sorted: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): { readonly violating: readonly PodInfo[]; readonly others: readonly PodInfo[] } {
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  const counted = budgets.map((budget) => ({
    budget,
    selector: selectorFromLabelSelector(budget.spec.selector),
    allowed: budget.status?.disruptionsAllowed ?? 0,
  }));
  for (const info of sorted) {
    const { name, namespace, labels } = info.pod.metadata;
    let isViolated = false;
    for (const each of counted) {
      if (each.budget.metadata.namespace !== namespace || Object.keys(labels ?? {}).length === 0) continue;
      // An empty selector selects nothing here; who is in DisruptedPods has been counted already.
      if (each.selector.empty || !each.selector.matches(labels)) continue;
      if (Object.hasOwn(each.budget.status?.disruptedPods ?? {}, name)) continue;
      if (--each.allowed < 0) isViolated = true;
    }
    (isViolated ? violating : others).push(info);
  }
  return { violating, others };
}

const priorityOf = (pod: Pod) => pod.spec.priority ?? 0;
const startedMs = (pod: Pod, nowMs: number) => (pod.status.startTime === undefined ? nowMs : Date.parse(pod.status.startTime));

/** Higher priority, then who has run longer. Upstream: pkg/scheduler/util MoreImportantPod */
function moreImportant(a: Pod, b: Pod, nowMs: number): number {
  return priorityOf(b) - priorityOf(a) || startedMs(a, nowMs) - startedMs(b, nowMs);
}

/** Makes every priority count as more than none. */
const PRIORITY_OFFSET = 2 ** 31;

/** Negative: `a` is the lesser evil. Upstream: pickOneNodeForPreemption */
function compareCandidates(a: Candidate, b: Candidate, nowMs: number): number {
  const highest = ({ victims }: Candidate) => (victims[0] ? priorityOf(victims[0]) : -PRIORITY_OFFSET);
  const sum = ({ victims }: Candidate) => victims.reduce((total, pod) => total + priorityOf(pod) + PRIORITY_OFFSET, 0);
  const earliest = (candidate: Candidate) =>
    Math.min(...candidate.victims.filter((pod) => priorityOf(pod) === highest(candidate)).map((pod) => startedMs(pod, nowMs)));
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    // Whose most important pods have run for the shortest time.
    earliest(b) - earliest(a)
  );
}
