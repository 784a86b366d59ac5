import { occupiedRequests, podRequests, qosClass } from "../api/pod-facts.ts";
import type { Clock, Timer } from "../util/clock.ts";
import { insufficientCapacity, insufficientResource } from "./admission.ts";
import type { PodWorker } from "./pod-worker.ts";
import type { ResizeReason } from "./resize-conditions.ts";

// Upstream: retryDelay of the allocation manager
const RETRY_MS = 180_000;

export interface PendingResizesOptions {
  readonly clock: Clock;
  allocatable(): Readonly<Record<string, string>>;
  /** All that takes room on the node. */
  workers(): readonly PodWorker[];
}

/** Pods of a node that ask for other resources than they have; looked at again whenever room may have come free. Upstream: pkg/kubelet/allocation/allocation_manager.go */
export class PendingResizes {
  readonly #options: PendingResizesOptions;
  #waiting: PodWorker[] = [];
  #timer: Timer | undefined;

  constructor(options: PendingResizesOptions) {
    this.#options = options;
  }

  push(worker: PodWorker): void {
    if (!this.#waiting.includes(worker)) this.#waiting.push(worker);
    this.#waiting.sort(compare);
    this.retry();
  }

  forget(worker: PodWorker): void {
    this.#waiting = this.#waiting.filter((other) => other !== worker);
  }

  retry(): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter((worker) => this.#consider(worker) === "Deferred");
    this.#timer?.cancel();
    this.#timer = this.#waiting.length > 0 ? this.#options.clock.after(RETRY_MS, () => this.retry()) : undefined;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  /** Upstream: handlePodResourcesResize */
  #consider(worker: PodWorker): ResizeReason | "settled" {
    if (!worker.active || worker.resize.desired === worker.pod) {
      worker.resize.settle();
      return "settled";
    }
    const refusal = this.#refusal(worker);
    if (!refusal) {
      worker.resize.grant();
      return "settled";
    }
    worker.resize.refuse(refusal.reason, refusal.message);
    return refusal.reason;
  }

  #refusal(worker: PodWorker): { readonly reason: ResizeReason; readonly message: string } | undefined {
    const allocatable = this.#options.allocatable();
    const infeasible = insufficientCapacity(worker.resize.desired, allocatable);
    if (infeasible !== undefined) return { reason: "Infeasible", message: infeasible };
    const others = this.#options
      .workers()
      .filter((other) => other !== worker && other.active)
      .map((other) => occupiedRequests({ ...other.pod, status: other.status }));
    const refusal = insufficientResource(worker.resize.desired, allocatable, others);
    return refusal && { reason: "Deferred", message: refusal.message };
  }
}

/** Those that ask for no more come first, then by priority, class, and how long they wait. Upstream: sortPendingResizes */
function compare(a: PodWorker, b: PodWorker): number {
  const rank = (worker: PodWorker) => [
    asksForMore(worker) ? 1 : 0,
    -(worker.resize.desired.spec.priority ?? 0),
    qosClass(worker.resize.desired) === "Guaranteed" ? 0 : 1,
    Date.parse(worker.resize.conditions.pending?.lastTransitionTime ?? "") || Infinity,
  ];
  const [left, right] = [rank(a), rank(b)];
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

function asksForMore({ resize: { desired, given } }: PodWorker): boolean {
  const wanted = podRequests(desired);
  const had = podRequests(given);
  return ["cpu", "memory"].some((name) => (wanted.get(name) ?? 0) > (had.get(name) ?? 0));
}
