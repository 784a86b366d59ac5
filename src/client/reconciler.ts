import type { Clock, Timer } from "../util/clock.ts";
import type { ComponentContext } from "./component.ts";
import type { TaskGroup } from "../util/task-group.ts";

/** What a reconcile asks for; nothing: done until the next event. */
export interface Result {
  /** Reconcile this key again after so many ms of simulated time. */
  readonly requeueAfterMs?: number;
}

export interface ReconcilerOptions {
  /** For the journal and error reports. */
  readonly name: string;
  readonly clock: Clock;
  readonly tasks: TaskGroup;
  /** Driven by the state found, never by the event; safe to run twice. */
  reconcile(key: string, signal: AbortSignal): Promise<Result | void>;
  /** Told of every failed reconcile, under the reconciler's name; the key is retried with back-off whatever this does. */
  readonly log?: ComponentContext["log"];
  /** How many keys may be worked on at once. Default 5, as kube-controller-manager's. */
  readonly workers?: number;
}

// Upstream: client-go DefaultTypedControllerRateLimiter: 5 ms doubling up to 1000 s.
const BASE_BACKOFF_MS = 5;
const MAX_BACKOFF_MS = 1_000_000;

/** Keyed work queue and workers: a key is never worked on twice at once, and events meanwhile make it run once more. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #queue = new Set<string>();
  readonly #active = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delayed = new Map<string, { readonly dueMs: number; readonly timer: Timer }>();
  #running = 0;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    options.tasks.signal.addEventListener("abort", () => {
      for (const { timer } of this.#delayed.values()) timer.cancel();
    });
  }

  /** Keys waiting or being worked on. */
  get depth(): number {
    return this.#queue.size + this.#active.size;
  }

  add(key: string): void {
    if (this.#options.tasks.signal.aborted) return;
    if (this.#active.has(key)) {
      this.#dirty.add(key);
      return;
    }
    this.#queue.add(key);
    this.#pump();
  }

  /** Adds the key later; an earlier pending time wins. */
  addAfter(key: string, delayMs: number): void {
    const dueMs = this.#options.clock.now() + delayMs;
    const pending = this.#delayed.get(key);
    if (pending && pending.dueMs <= dueMs) return;
    pending?.timer.cancel();
    const timer = this.#options.clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, timer });
  }

  #pump(): void {
    while (this.#running < (this.#options.workers ?? 5) && this.#queue.size > 0) {
      this.#running++;
      this.#options.tasks.run(this.#options.name, (signal) => this.#work(signal));
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    // Before the first key too: whoever adds keys in a row fills the queue before work starts.
    for (await this.#options.clock.share(); !signal.aborted; await this.#options.clock.share()) {
      const next = this.#queue.values().next();
      if (next.done) break;
      const key = next.value;
      this.#queue.delete(key);
      this.#active.add(key);
      await this.#reconcileOne(key, signal);
      this.#active.delete(key);
      if (this.#dirty.delete(key)) this.#queue.add(key);
    }
    // In the same turn as the look into the empty queue: a key that comes after it needs another worker.
    this.#running--;
  }

  async #reconcileOne(key: string, signal: AbortSignal): Promise<void> {
    try {
      const result = await this.#options.reconcile(key, signal);
      this.#failures.delete(key);
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      if (signal.aborted) return;
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      this.#options.log?.(this.#options.name, key, error);
      this.addAfter(key, Math.min(BASE_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS));
    }
  }
}
