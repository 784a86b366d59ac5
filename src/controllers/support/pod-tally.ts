import type { Pod } from "../../api/generated/core-v1.ts";
import type { Selector } from "../../api/labels.ts";
import { isPodActive, isPodAvailable, isPodReady, isPodTerminal } from "../../api/pod-facts.ts";
import type { ReplicaOwner } from "./replica-manager.ts";

export interface PodCounts {
  readonly active: number;
  readonly labelled: number;
  readonly ready: number;
  readonly available: number;
  readonly terminating: number;
}

/** What one version of a pod counts for one version of a set's spec. */
export interface PodFacts {
  readonly selected: boolean;
  readonly active: boolean;
  readonly labelled: boolean;
  readonly ready: boolean;
  readonly terminating: boolean;
}

/** A set is looked at whenever one of its pods changes: the others are the very objects of last time, and are not looked into again. */
export class PodTally<T extends ReplicaOwner> {
  readonly #selectorOf: (owner: T) => Selector;
  /** By the spec: a change of the set's status leaves it as it is. */
  readonly #known = new WeakMap<T["spec"], WeakMap<Pod, PodFacts>>();

  constructor(selectorOf: (owner: T) => Selector) {
    this.#selectorOf = selectorOf;
  }

  factsFor(owner: T): (pod: Pod) => PodFacts {
    const known = this.#known.get(owner.spec) ?? new WeakMap<Pod, PodFacts>();
    this.#known.set(owner.spec, known);
    const selector = this.#selectorOf(owner);
    const labels = Object.entries(owner.spec.template?.metadata?.labels ?? {});
    return (pod) => {
      let facts = known.get(pod);
      if (!facts) known.set(pod, (facts = lookInto(pod, selector, labels)));
      return facts;
    };
  }
}

/** The counts of a set's own pods, put together one by one. */
export class PodCounting {
  readonly counts: { -readonly [count in keyof PodCounts]: number } = { active: 0, labelled: 0, ready: 0, available: 0, terminating: 0 };
  readonly #minReadySeconds: number;
  readonly #nowMs: number;

  constructor(minReadySeconds: number, nowMs: number) {
    this.#minReadySeconds = minReadySeconds;
    this.#nowMs = nowMs;
  }

  add(pod: Pod, { active, labelled, ready, terminating }: PodFacts): void {
    const { counts } = this;
    if (terminating) counts.terminating++;
    if (!active) return;
    counts.active++;
    if (labelled) counts.labelled++;
    if (!ready) return;
    counts.ready++;
    if (this.#minReadySeconds === 0 || isPodAvailable(pod, this.#minReadySeconds, this.#nowMs)) counts.available++;
  }
}

function lookInto(pod: Pod, selector: Selector, labels: readonly [string, string][]): PodFacts {
  return {
    selected: selector.matches(pod.metadata.labels),
    active: isPodActive(pod),
    labelled: labels.every(([label, value]) => pod.metadata.labels?.[label] === value),
    ready: isPodReady(pod),
    terminating: pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod),
  };
}
