import type { Rejection } from "./framework.ts";

/** Why no node took a pod. */
export interface FitDiagnosis {
  readonly nodeCount: number;
  /** What stopped the pod before any node was looked at. */
  readonly preFilterMessage: string | undefined;
  /** The first plugin that rejected each node, and its reasons. */
  readonly byNode: ReadonlyMap<string, { readonly plugin: string; readonly rejection: Rejection }>;
  /** Nodes that were never looked at, because these plugins named the only ones that may do. */
  readonly unlooked: { readonly count: number; readonly plugins: readonly string[] };
  /** What the plugins that run after a failure said (preemption). */
  readonly postFilterMessage: string;
}

/** The text of a FailedScheduling event. Upstream: pkg/scheduler/framework/types.go FitError.Error */
export function fitErrorMessage(diagnosis: FitDiagnosis): string {
  const head = `0/${diagnosis.nodeCount} nodes are available`;
  let message: string;
  if (diagnosis.preFilterMessage !== undefined) message = `${head}: ${diagnosis.preFilterMessage}.`;
  else {
    const { unlooked } = diagnosis;
    const counts = new Map(
      unlooked.count > 0 ? [[`node(s) didn't satisfy plugin(s) [${[...unlooked.plugins].sort().join(" ")}]`, unlooked.count]] : [],
    );
    const reasons = countReasons(
      [...diagnosis.byNode.values()].flatMap(({ rejection }) => rejection.reasons),
      counts,
    );
    message = reasons === "" ? `${head}:` : `${head}: ${reasons}.`;
  }
  return diagnosis.postFilterMessage === "" ? message : `${message} ${diagnosis.postFilterMessage}`;
}

/** `2 Insufficient cpu, 1 node(s) were unschedulable`, sorted as text; added to what `counts` has. */
export function countReasons(reasons: readonly string[], counts = new Map<string, number>()): string {
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(", ");
}
