import type { Pod } from "../api/generated/core-v1.ts";
import type { Rng } from "../util/rng.ts";
import type { FitDiagnosis } from "./fit-error.ts";
import type { Plugin, Rejection } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { Snapshot } from "./snapshot.ts";

// Upstream: schedule_one.go numFeasibleNodesToFind.
const MIN_FEASIBLE_NODES = 100;
const MIN_FEASIBLE_PERCENT = 5;
// A pod that is stopped before any node was looked at has no state for DynamicResources' PostFilter, whose error is all that upstream then says.
const NO_CYCLE_STATE = "not found";
const NONE_UNLOOKED = { count: 0, plugins: [] };

export interface Placement {
  readonly node: NodeInfo;
  readonly considered: number;
  readonly scores: readonly { readonly name: string; readonly score: number }[];
}

type Rejected = { readonly plugin: string; readonly rejection: Rejection };

/** No node would do: what preemption may go by. */
export interface FailedAttempt {
  readonly nodes: readonly NodeInfo[];
  /** How many nodes were ruled out before any was looked at. */
  readonly unlooked: number;
  readonly rejections: ReadonlyMap<string, Rejected>;
  /** What would stand in the way on a node as it is now. */
  problem(node: NodeInfo): Rejection | undefined;
}

export interface NodeFinderOptions {
  readonly plugins: readonly Plugin[];
  readonly snapshot: Snapshot;
  readonly rng: Rng;
  /** Returns what it has to say. */
  postFilter(pod: Pod, attempt: FailedAttempt): string;
}

/** One pod's filters that have something to say about it, with what they worked out before the first node. */
interface Filters {
  readonly pod: Pod;
  readonly active: readonly Plugin[];
  readonly states: ReadonlyMap<Plugin, unknown>;
  readonly nodes: readonly NodeInfo[];
  /** The plugins that name the nodes; none: all are looked at. */
  readonly pinnedBy: readonly string[];
}

/** Finds the best node for a pod: the filters, then the scores. Upstream: schedule_one.go schedulePod */
export class NodeFinder {
  readonly #options: NodeFinderOptions;
  #nextStart = 0;

  constructor(options: NodeFinderOptions) {
    this.#options = options;
  }

  find(pod: Pod): Placement | FitDiagnosis {
    const filters = this.#preFilter(pod);
    if ("nodeCount" in filters) return filters;
    const { feasible, rejections, looked } = this.#filter(filters);
    if (feasible.length === 0) return this.#diagnose(filters, rejections);
    const scores = this.#score(pod, feasible);
    const best = Math.max(...scores);
    const winners = feasible.filter((_, index) => scores[index] === best);
    return {
      node: winners[winners.length === 1 ? 0 : this.#options.rng.int(0, winners.length - 1)] as NodeInfo,
      considered: looked,
      scores: feasible.map((candidate, index) => ({ name: candidate.name, score: scores[index] as number })),
    };
  }

  #preFilter(pod: Pod): Filters | FitDiagnosis {
    const { plugins, snapshot } = this.#options;
    let nodes: readonly NodeInfo[] = snapshot.nodes;
    const pinnedBy: string[] = [];
    const states = new Map<Plugin, unknown>();
    const active: Plugin[] = [];
    for (const plugin of plugins) {
      const outcome = plugin.preFilter?.(pod, snapshot);
      if (outcome && "rejected" in outcome) return this.#rejectedBefore(plugin, outcome.rejected);
      if (outcome && "skip" in outcome) continue;
      if (outcome) states.set(plugin, outcome.state);
      if (outcome?.nodeNames) {
        pinnedBy.push(plugin.name);
        nodes = [...outcome.nodeNames].flatMap((name) => snapshot.find(name) ?? []);
      }
      if (plugin.filter) active.push(plugin);
    }
    return { pod, active, states, nodes, pinnedBy };
  }

  #rejectedBefore(plugin: Plugin, rejection: Rejection): FitDiagnosis {
    const all = this.#options.snapshot.nodes;
    const byNode = new Map(all.map((node) => [node.name, { plugin: plugin.name, rejection }]));
    return {
      nodeCount: all.length,
      preFilterMessage: rejection.reasons.join(", "),
      byNode,
      unlooked: NONE_UNLOOKED,
      postFilterMessage: NO_CYCLE_STATE,
    };
  }

  #filter(filters: Filters) {
    const { nodes, pinnedBy } = filters;
    const rejections = new Map<string, Rejected>();
    const feasible: NodeInfo[] = [];
    const enough = feasibleNodesToFind(nodes.length);
    let looked = 0;
    // Round robin, so that on a large cluster every node gets its turn to be looked at.
    for (; looked < nodes.length && feasible.length < enough; looked++) {
      const node = nodes[(this.#nextStart + looked) % nodes.length] as NodeInfo;
      const rejected = this.#rejectionOf(filters, node);
      if (rejected) rejections.set(node.name, rejected);
      else feasible.push(node);
    }
    if (pinnedBy.length === 0 && nodes.length > 0) this.#nextStart = (this.#nextStart + looked) % nodes.length;
    return { feasible, rejections, looked };
  }

  /** What stands in the way on a node, counting the pods of at least this importance that wait there for their victims to go. Upstream: RunFilterPluginsWithNominatedPods */
  #rejectionOf(filters: Filters, node: NodeInfo): Rejected | undefined {
    const { pod } = filters;
    const rivals = this.#options.snapshot
      .nominatedOn(node.name)
      .filter((info) => info.pod.metadata.uid !== pod.metadata.uid && (info.pod.spec.priority ?? 0) >= (pod.spec.priority ?? 0));
    if (rivals.length > 0) {
      for (const info of rivals) node.add(info);
      const rejected = firstRejection(filters, node);
      for (const info of rivals) node.remove(info.pod.metadata.uid);
      if (rejected) return rejected;
    }
    return firstRejection(filters, node);
  }

  #diagnose(filters: Filters, rejections: ReadonlyMap<string, Rejected>): FitDiagnosis {
    const { snapshot, postFilter } = this.#options;
    const { pod, nodes, pinnedBy } = filters;
    const nodeCount = snapshot.nodes.length;
    const unlooked = nodeCount - nodes.length;
    const problem = (node: NodeInfo) => this.#rejectionOf(filters, node)?.rejection;
    return {
      nodeCount,
      preFilterMessage: undefined,
      byNode: rejections,
      unlooked: { count: unlooked, plugins: pinnedBy },
      postFilterMessage: postFilter(pod, { nodes, unlooked, rejections, problem }),
    };
  }

  #score(pod: Pod, feasible: readonly NodeInfo[]): number[] {
    const { plugins, snapshot } = this.#options;
    const totals = Array.from({ length: feasible.length }, () => 0);
    if (feasible.length === 1) return totals;
    for (const plugin of plugins) {
      if (!plugin.score) continue;
      const prepared = plugin.preScore?.(pod, feasible, snapshot);
      if (prepared && "skip" in prepared) continue;
      const score = plugin.score;
      const scores = feasible.map((node) => score.call(plugin, pod, node, prepared?.state));
      plugin.normalize?.(scores, prepared?.state, feasible);
      for (let index = 0; index < totals.length; index++)
        totals[index] = (totals[index] as number) + (scores[index] as number) * (plugin.weight ?? 1);
    }
    return totals;
  }
}

function firstRejection({ pod, active, states }: Filters, node: NodeInfo): Rejected | undefined {
  for (const plugin of active) {
    const rejection = plugin.filter?.(pod, node, states.get(plugin));
    if (rejection) return { plugin: plugin.name, rejection };
  }
  return undefined;
}

/** How many feasible nodes are enough: all on a small cluster, a falling share on a large one. */
function feasibleNodesToFind(nodeCount: number): number {
  if (nodeCount < MIN_FEASIBLE_NODES) return nodeCount;
  const percent = Math.max(MIN_FEASIBLE_PERCENT, 50 - Math.floor(nodeCount / 125));
  return Math.max(MIN_FEASIBLE_NODES, Math.floor((nodeCount * percent) / 100));
}
