import type { Pod } from "../api/generated/core-v1.ts";
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
  /** Whether the pod would fit the node as it is counted now. */
  fits(node: NodeInfo): boolean;
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
  let best: { readonly nodeName: string; readonly victims: readonly Pod[] } | undefined;
  for (const node of nodes) {
    const rejected = rejections.get(node.name);
    if (!rejected) continue;
    if (rejected.rejection.unresolvable) {
      reasons.push(NOT_HELPFUL);
      continue;
    }
    const victims = selectVictims(node, request);
    if (typeof victims === "string") reasons.push(victims);
    else if (!best || compareVictims(victims, best.victims) < 0) best = { nodeName: node.name, victims };
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

function selectVictims(node: NodeInfo, { pod, fits }: PreemptionRequest): readonly Pod[] | string {
  const priority = pod.spec.priority ?? 0;
  const lower = [...node.pods.values()].filter((info) => (info.pod.spec.priority ?? 0) < priority);
  if (lower.length === 0) return "No preemption victims found for incoming pod";
  for (const info of lower) node.remove(info.pod.metadata.uid);
  const victims: PodInfo[] = [];
  const possible = fits(node);
  // Give back as many as possible, the most important first.
  for (const info of lower.sort(byImportance)) {
    node.add(info);
    if (possible && !fits(node)) {
      node.remove(info.pod.metadata.uid);
      victims.push(info);
    }
  }
  for (const info of victims) node.add(info);
  return possible ? victims.map((info) => info.pod) : "No preemption victims found for incoming pod";
}

function byImportance(a: PodInfo, b: PodInfo): number {
  return (
    (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) ||
    Date.parse(a.pod.status.startTime ?? "") - Date.parse(b.pod.status.startTime ?? "")
  );
}

/** Lowest highest priority first, then lowest sum, then fewest. Upstream: pickOneNodeForPreemption */
function compareVictims(a: readonly Pod[], b: readonly Pod[]): number {
  const priorities = (pods: readonly Pod[]) => pods.map((pod) => pod.spec.priority ?? 0);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return Math.max(...priorities(a)) - Math.max(...priorities(b)) || sum(priorities(a)) - sum(priorities(b)) || a.length - b.length;
}
