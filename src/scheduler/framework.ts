import type { Node, Pod } from "../api/generated/core-v1.ts";
import type { NodeInfo } from "./node-info.ts";
import type { Snapshot } from "./snapshot.ts";

export const SCHEDULER_NAME = "default-scheduler";

/** Why a node cannot take a pod. Unresolvable: taking other pods away would not help either. */
export interface Rejection {
  readonly reasons: readonly string[];
  readonly unresolvable?: boolean;
}

/** A change in the cluster that may make a waiting pod fit. */
export type ClusterEvent =
  | { readonly type: "node-added"; readonly node: Node }
  | { readonly type: "node-updated"; readonly node: Node; readonly old: Node }
  | { readonly type: "pod-assigned"; readonly pod: Pod }
  | { readonly type: "pod-updated"; readonly pod: Pod }
  | { readonly type: "pod-gone"; readonly pod: Pod }
  | { readonly type: "pod-scaled-down"; readonly pod: Pod }
  | { readonly type: "volume-changed" };

/**
 * What `preFilter` found out about a pod, given to every `filter` of the same cycle.
 * `nodeNames`: no other node needs to be looked at. Upstream: framework.PreFilterResult
 */
export type PreFilterOutcome =
  | { readonly state: unknown; readonly nodeNames?: ReadonlySet<string> | undefined }
  | { readonly skip: true }
  | { readonly rejected: Rejection };

/** A scheduling plugin; all methods are pure but for the state they hand to each other. Upstream: pkg/scheduler/framework/interface.go */
export interface Plugin {
  readonly name: string;
  /** Weight of the score in the default profile; undefined: does not score. */
  readonly weight?: number;
  /** Keeps a pod out of the queue; the message why. */
  preEnqueue?(pod: Pod): string | undefined;
  preFilter?(pod: Pod, snapshot: Snapshot): PreFilterOutcome;
  filter?(pod: Pod, node: NodeInfo, state: unknown): Rejection | undefined;
  preScore?(pod: Pod, nodes: readonly NodeInfo[], snapshot: Snapshot): { readonly state: unknown } | { readonly skip: true };
  /** Any number; `normalize` brings all nodes' scores to 0..100. */
  score?(pod: Pod, node: NodeInfo, state: unknown): number;
  normalize?(scores: number[], state: unknown, nodes: readonly NodeInfo[]): void;
  /** Whether an event may help a pod that this plugin rejected. Upstream: queueing hints. */
  mayHelp?(event: ClusterEvent, pod: Pod): boolean;
}

export const MAX_NODE_SCORE = 100;

/** Scales to 0..100 by the greatest. Upstream: plugins/helper/normalize_score.go */
export function normalizeByMax(scores: number[], reverse: boolean): void {
  const max = Math.max(0, ...scores);
  for (let index = 0; index < scores.length; index++) {
    if (max === 0) {
      if (reverse) scores[index] = MAX_NODE_SCORE;
      continue;
    }
    const score = Math.floor((MAX_NODE_SCORE * (scores[index] as number)) / max);
    scores[index] = reverse ? MAX_NODE_SCORE - score : score;
  }
}
