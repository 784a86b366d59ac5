import type { Clock } from "./clock.ts";

/** One thing that happened to one object: what `kubesim sim trace` tells. */
export interface JournalEntry {
  readonly sequence: number;
  readonly timeMs: number;
  /** Who did it: `kubectl`, `kube-apiserver`, `etcd`, `default-scheduler`, `replicaset-controller`, `kubelet`, `containerd` … */
  readonly component: string;
  /** `plural/namespace/name`, `plural//name` for cluster-scoped objects: `pods/default/kubia`. */
  readonly object: string;
  /** One line in the present tense: `binds the pod to worker1`. */
  readonly action: string;
  /** The store's revision that the step wrote, where it wrote one. */
  readonly revision?: number | undefined;
}

/** A bounded record of what happened: a ring that costs one array slot an entry. */
export class Journal {
  readonly #ring: JournalEntry[] = [];
  #sequence = 0;
  readonly #clock: Clock;
  readonly #capacity: number;

  constructor(clock: Clock, capacity = 20_000) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  record(component: string, object: string, action: string, revision?: number): void {
    const sequence = this.#sequence++;
    this.#ring[sequence % this.#capacity] = { sequence, timeMs: this.#clock.now(), component, object, action, revision };
  }

  /** The entries of one object, oldest first. */
  of(object: string): JournalEntry[] {
    return this.#ring.filter((entry) => entry.object === object).sort((a, b) => a.sequence - b.sequence);
  }
}
