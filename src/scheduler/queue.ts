import type { Pod } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import type { Clock, Timer } from "../util/clock.ts";
import { Heap } from "../util/heap.ts";
import type { ClusterEvent, Plugin } from "./framework.ts";
import type { QueueName } from "./metrics.ts";

// Upstream: pkg/scheduler/backend/queue/scheduling_queue.go
const INITIAL_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 10_000;
const UNSCHEDULABLE_FLUSH_MS = 5 * 60_000;
const FLUSH_INTERVAL_MS = 30_000;

// As upstream names them in scheduler_queue_incoming_pods_total.
const EVENT_NAMES: Readonly<Record<ClusterEvent["type"], string>> = {
  "node-added": "NodeAdd",
  "node-updated": "NodeUpdate",
  "pod-assigned": "AssignedPodAdd",
  "pod-updated": "AssignedPodUpdate",
  "pod-gone": "AssignedPodDelete",
  "pod-scaled-down": "UpdatePodScaleDown",
  "volume-changed": "PvcAdd",
};

/** A pod that waits for a node, and what happened to it so far. */
export interface QueuedPod {
  pod: Pod;
  readonly key: string;
  readonly sequence: number;
  attempts: number;
  /** Failures in a row that count for the back-off. */
  failures: number;
  lastAttemptMs: number;
  rejectedBy: ReadonlySet<string>;
  /** How many cluster events were known when it was last taken. */
  eventsSeen: number;
  place: "active" | "backoff" | "unschedulable" | "gated" | "scheduling";
}

/** Active, backing off, unschedulable: a pod is in one of them. Order: priority, then time of arrival. */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #plugins: readonly Plugin[];
  readonly #onActive: () => void;
  readonly #onQueued: (queue: QueueName, event: string) => void;
  readonly #pods = new Map<string, QueuedPod>();
  readonly #active = new Heap<QueuedPod>((a, b) => (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) || a.sequence - b.sequence);
  readonly #timers = new Map<string, Timer>();
  /** Those that cluster events may help: never all pods are looked at. */
  readonly #unschedulable = new Set<QueuedPod>();
  #sequence = 0;
  /** Counts cluster events, so that one that comes while a pod is being tried is not missed. */
  #events: ClusterEvent[] = [];
  #inFlight = 0;
  #flush: Timer | undefined;

  /** @param onQueued told of every pod that comes into a queue, and why, in upstream's words. */
  constructor(clock: Clock, plugins: readonly Plugin[], onActive: () => void, onQueued: (queue: QueueName, event: string) => void) {
    this.#onQueued = onQueued;
    this.#clock = clock;
    this.#plugins = plugins;
    this.#onActive = onActive;
  }

  get size(): number {
    return this.#pods.size;
  }

  find(key: string): QueuedPod | undefined {
    return this.#pods.get(key);
  }

  /** A pod came or changed. Returns the message of the plugin that gates it, if one does. */
  set(pod: Pod): string | undefined {
    const key = keyOf(pod);
    const known = this.#pods.get(key);
    const gate = this.#gateOf(pod);
    if (!known) {
      const queued: QueuedPod = {
        pod,
        key,
        sequence: this.#sequence++,
        attempts: 0,
        failures: 0,
        lastAttemptMs: 0,
        rejectedBy: new Set(),
        eventsSeen: 0,
        place: gate === undefined ? "active" : "gated",
      };
      this.#pods.set(key, queued);
      if (gate === undefined) this.#activate(queued, "PodAdd");
      else this.#onQueued("gated", "PodAdd");
      return gate;
    }
    const changed = known.pod.metadata.generation !== pod.metadata.generation || known.pod.metadata.labels !== pod.metadata.labels;
    known.pod = pod;
    if (known.place === "gated" && gate === undefined) this.#activate(known, "PodUpdate");
    else if (known.place === "unschedulable" && changed && this.#helps({ type: "pod-updated", pod }, known))
      this.#requeue(known, "PodUpdate");
    return gate;
  }

  delete(key: string): void {
    const queued = this.#pods.get(key);
    if (!queued) return;
    this.#pods.delete(key);
    this.#unschedulable.delete(queued);
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
  }

  /** The next pod to try; undefined when none is active. */
  take(): QueuedPod | undefined {
    for (;;) {
      const queued = this.#active.pop();
      if (!queued) return undefined;
      if (this.#pods.get(queued.key) !== queued || queued.place !== "active") continue;
      queued.place = "scheduling";
      queued.attempts++;
      queued.lastAttemptMs = this.#clock.now();
      if (this.#inFlight++ === 0) this.#events = [];
      queued.eventsSeen = this.#events.length;
      return queued;
    }
  }

  /** The pod that was taken is placed, or gone. */
  done(queued: QueuedPod): void {
    this.#inFlight--;
    if (this.#pods.get(queued.key) === queued) this.delete(queued.key);
  }

  /** The pod that was taken found no node. */
  putBack(queued: QueuedPod, rejectedBy: ReadonlySet<string>): void {
    this.#inFlight--;
    if (this.#pods.get(queued.key) !== queued) return;
    queued.failures++;
    queued.rejectedBy = rejectedBy;
    queued.place = "unschedulable";
    const missed = rejectedBy.size === 0 || this.#events.slice(queued.eventsSeen).some((event) => this.#helps(event, queued));
    if (missed) return this.#requeue(queued, "ScheduleAttemptFailure");
    this.#unschedulable.add(queued);
    this.#onQueued("unschedulable", "ScheduleAttemptFailure");
    this.#armFlush();
  }

  /** Something changed: whoever it may help gets another try, after its back-off. */
  onEvent(event: ClusterEvent): void {
    if (this.#inFlight > 0) this.#events.push(event);
    for (const queued of this.#unschedulable) if (this.#helps(event, queued)) this.#requeue(queued, EVENT_NAMES[event.type]);
  }

  /** How many pods wait where. */
  counts(): Record<QueueName, number> {
    const counts = { active: 0, backoff: 0, gated: 0, unschedulable: 0 };
    for (const { place } of this.#pods.values()) if (place !== "scheduling") counts[place]++;
    return counts;
  }

  /** How many unschedulable pods each plugin holds up. */
  byPlugin(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { rejectedBy } of this.#unschedulable) for (const plugin of rejectedBy) counts.set(plugin, (counts.get(plugin) ?? 0) + 1);
    return counts;
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#flush?.cancel();
  }

  #gateOf(pod: Pod): string | undefined {
    for (const plugin of this.#plugins) {
      const message = plugin.preEnqueue?.(pod);
      if (message !== undefined) return message;
    }
    return undefined;
  }

  #helps(event: ClusterEvent, queued: QueuedPod): boolean {
    return this.#plugins.some((plugin) => queued.rejectedBy.has(plugin.name) && plugin.mayHelp?.(event, queued.pod) === true);
  }

  #activate(queued: QueuedPod, event: string): void {
    this.#onQueued("active", event);
    queued.place = "active";
    this.#active.push(queued);
    this.#onActive();
  }

  #requeue(queued: QueuedPod, event: string): void {
    this.#unschedulable.delete(queued);
    const backoffMs = Math.min(INITIAL_BACKOFF_MS * 2 ** Math.max(0, queued.failures - 1), MAX_BACKOFF_MS);
    const waitMs = queued.lastAttemptMs + backoffMs - this.#clock.now();
    if (waitMs <= 0) return this.#activate(queued, event);
    queued.place = "backoff";
    this.#onQueued("backoff", event);
    const timer = this.#clock.after(waitMs, () => {
      this.#timers.delete(queued.key);
      if (this.#pods.get(queued.key) === queued && queued.place === "backoff") this.#activate(queued, "BackoffComplete");
    });
    this.#timers.set(queued.key, timer);
  }

  /** Whatever hint was missed, no pod waits for ever. */
  #armFlush(): void {
    if (this.#flush) return;
    const oldestMs = Math.min(...[...this.#unschedulable].map((queued) => queued.lastAttemptMs));
    this.#flush = this.#clock.after(Math.max(FLUSH_INTERVAL_MS, oldestMs + UNSCHEDULABLE_FLUSH_MS - this.#clock.now()), () => {
      this.#flush = undefined;
      const nowMs = this.#clock.now();
      for (const queued of this.#unschedulable)
        if (queued.lastAttemptMs + UNSCHEDULABLE_FLUSH_MS <= nowMs) this.#requeue(queued, "UnschedulableTimeout");
      if (this.#unschedulable.size > 0) this.#armFlush();
    });
  }
}
