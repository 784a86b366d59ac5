import type { Node, Pod } from "../api/generated/core-v1.ts";
import { keyOf, splitKey } from "../api/meta.ts";
import { isResizing, occupiedRequests } from "../api/pod-facts.ts";
import { nodes } from "../api/resources/node.ts";
import { persistentVolumeClaims } from "../api/resources/persistent-volume-claim.ts";
import { persistentVolumes } from "../api/resources/persistent-volume.ts";
import { podDisruptionBudgets } from "../api/resources/pod-disruption-budget.ts";
import { pods } from "../api/resources/pod.ts";
import { storageClasses } from "../api/resources/storage-class.ts";
import { isNotFound, messageOf } from "../api/status.ts";
import type { Metric } from "../util/prometheus.ts";
import type { ComponentContext } from "../client/component.ts";
import type { EventRecorder } from "../client/event-recorder.ts";
import { rfc3339 } from "../util/clock.ts";
import { type FitDiagnosis, fitErrorMessage } from "./fit-error.ts";
import { SCHEDULER_NAME, type Plugin } from "./framework.ts";
import { type FailedAttempt, NodeFinder, type Placement } from "./node-finder.ts";
import { DEFAULT_PROFILE } from "./plugins/index.ts";
import { Preemptor } from "./preemptor.ts";
import { preempt } from "./preemption.ts";
import { SchedulerMetrics } from "./metrics.ts";
import { type QueuedPod, SchedulingQueue } from "./queue.ts";
import { Snapshot } from "./snapshot.ts";
import { VolumeBinder, volumeLookups } from "./volume-binder.ts";

const EXPLANATIONS_KEPT = 500;

/** What the last attempt to place a pod found, for `kubesim sim why`. */
export interface Explanation {
  readonly timeMs: number;
  readonly attempts: number;
  readonly outcome: "Scheduled" | "Unschedulable" | "SchedulingGated" | "Error";
  readonly node?: string;
  readonly message: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly plugin: string;
    readonly reasons: readonly string[];
    readonly score?: number;
  }[];
}

export interface Scheduler {
  /** By `namespace/name`; undefined when the scheduler never looked at the pod, or long ago. */
  explain(podKey: string): Explanation | undefined;
  readonly pending: number;
  readonly metrics: readonly Metric[];
}

/** Starts the scheduler: every pod without a node that names it gets the best one there is. */
export function startScheduler(context: ComponentContext): Scheduler {
  const scheduler = new DefaultScheduler(context, DEFAULT_PROFILE);
  scheduler.start();
  return scheduler;
}

class DefaultScheduler implements Scheduler {
  readonly #context: ComponentContext;
  readonly #finder: NodeFinder;
  readonly #events: EventRecorder;
  readonly #snapshot = new Snapshot();
  readonly #queue: SchedulingQueue;
  readonly #metrics: SchedulerMetrics;
  readonly #preemptor: Preemptor;
  readonly #volumes: VolumeBinder;
  readonly #explanations = new Map<string, Explanation>();
  #running = false;

  constructor(context: ComponentContext, plugins: readonly Plugin[]) {
    this.#context = { ...context, client: context.client.as("kube-scheduler") };
    this.#events = context.events.from(SCHEDULER_NAME);
    this.#volumes = new VolumeBinder(this.#context, this.#snapshot);
    this.#finder = new NodeFinder({
      plugins,
      snapshot: this.#snapshot,
      rng: context.rng,
      postFilter: (pod, attempt) => this.#tryPreemption(pod, attempt),
    });
    this.#preemptor = new Preemptor(this.#context, this.#snapshot, this.#events);
    this.#queue = new SchedulingQueue(
      context.clock,
      plugins,
      () => this.#wake(),
      (queue, event) => this.#metrics.queued(queue, event),
    );
    this.#metrics = new SchedulerMetrics(this.#queue);
  }

  get pending(): number {
    return this.#queue.size;
  }

  get metrics(): readonly Metric[] {
    return this.#metrics.all;
  }

  explain(podKey: string): Explanation | undefined {
    return this.#explanations.get(podKey);
  }

  start(): void {
    const { informers, tasks } = this.#context;
    const claims = informers.of(persistentVolumeClaims);
    this.#snapshot.volumes = volumeLookups(this.#context);
    const volumeChanged = () => this.#queue.onEvent({ type: "volume-changed" });
    claims.addHandler({ added: volumeChanged, updated: volumeChanged });
    informers.of(persistentVolumes).addHandler({ added: volumeChanged, updated: volumeChanged });
    informers.of(storageClasses).addHandler({ added: volumeChanged });
    informers.of(nodes).addHandler({
      added: (node) => {
        this.#snapshot.setNode(node);
        this.#queue.onEvent({ type: "node-added", node });
      },
      updated: (node, old) => {
        this.#snapshot.setNode(node);
        if (matters(node, old)) this.#queue.onEvent({ type: "node-updated", node, old });
      },
      deleted: (node) => this.#snapshot.removeNode(node.metadata.name),
    });
    informers.of(pods).addHandler({
      added: (pod) => this.#onPod(pod),
      updated: (pod, old) => this.#onPod(pod, old),
      deleted: (pod) => this.#onPodGone(pod),
    });
    tasks.signal.addEventListener("abort", () => this.#queue.stop());
  }

  #onPod(pod: Pod, old?: Pod): void {
    const finished = pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
    if (finished) return this.#onPodGone(pod);
    if (pod.spec.nodeName) {
      this.#queue.delete(keyOf(pod));
      const known = this.#snapshot.placeOf(pod.metadata.uid);
      const sameDemand =
        old !== undefined &&
        old.spec === pod.spec &&
        old.metadata.labels === pod.metadata.labels &&
        old.metadata.deletionTimestamp === pod.metadata.deletionTimestamp &&
        !isResizing(old) &&
        !isResizing(pod);
      if (known === pod.spec.nodeName && sameDemand) return;
      this.#snapshot.place(pod, pod.spec.nodeName);
      if (known === undefined) this.#queue.onEvent({ type: "pod-assigned", pod });
      else if (old) {
        this.#queue.onEvent({ type: "pod-updated", pod });
        if (takesLess(pod, old)) this.#queue.onEvent({ type: "pod-scaled-down", pod });
      }
      return;
    }
    if ((pod.spec.schedulerName ?? SCHEDULER_NAME) !== SCHEDULER_NAME || pod.metadata.deletionTimestamp)
      return this.#queue.delete(keyOf(pod));
    if (pod.status.nominatedNodeName && !old) this.#snapshot.nominate(pod, pod.status.nominatedNodeName);
    const gate = this.#queue.set(pod);
    if (gate !== undefined) void this.#reportGated(pod, gate);
  }

  #onPodGone(pod: Pod): void {
    this.#queue.delete(keyOf(pod));
    this.#snapshot.withdraw(pod.metadata.uid);
    if (this.#snapshot.placeOf(pod.metadata.uid) === undefined) return;
    this.#snapshot.unplace(pod.metadata.uid);
    this.#queue.onEvent({ type: "pod-gone", pod });
  }

  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    this.#context.tasks.run("scheduler", (signal) => this.#loop(signal));
  }

  async #loop(signal: AbortSignal): Promise<void> {
    // Let the burst that woke us arrive: priorities can only be compared among pods that are there.
    await Promise.resolve();
    while (!this.#synced && !signal.aborted) await this.#context.clock.yield();
    for (; !signal.aborted; await this.#context.clock.share()) {
      const queued = this.#queue.take();
      if (!queued) break;
      this.#scheduleOne(queued);
    }
    // In the same turn as the look into the empty queue: a pod that becomes active after it wakes a new loop.
    this.#running = false;
  }

  /** Nobody decides by a half-read cluster. Upstream: WaitForCacheSync */
  get #synced(): boolean {
    const { informers } = this.#context;
    return (
      informers.of(nodes).synced &&
      informers.of(pods).synced &&
      informers.of(persistentVolumeClaims).synced &&
      informers.of(persistentVolumes).synced &&
      informers.of(podDisruptionBudgets).synced &&
      informers.of(storageClasses).synced
    );
  }

  #scheduleOne(queued: QueuedPod): void {
    const { pod } = queued;
    try {
      const outcome = this.#finder.find(pod);
      if ("node" in outcome) this.#assumeAndBind(queued, outcome);
      else {
        this.#attempted(queued, "unschedulable");
        this.#fail(queued, outcome);
      }
    } catch (error) {
      this.#attempted(queued, "error");
      this.#context.log(SCHEDULER_NAME, `placing ${queued.key}`, error);
      this.#queue.putBack(queued, new Set());
    }
  }

  #attempted({ lastAttemptMs }: QueuedPod, result: "scheduled" | "unschedulable" | "error"): void {
    this.#metrics.attempted(result, (this.#context.clock.now() - lastAttemptMs) / 1000);
  }

  #tryPreemption(pod: Pod, attempt: FailedAttempt): string {
    if (this.#snapshot.nodes.length === 0) return "preemption: 0/0 nodes are available.";
    this.#metrics.preempts();
    const nominated = this.#snapshot.nominationOf(pod.metadata.uid);
    const outcome = preempt({
      pod,
      nominated,
      nodes: attempt.nodes,
      unlooked: attempt.unlooked,
      rejections: attempt.rejections,
      budgets: this.#context.informers.of(podDisruptionBudgets).list(),
      nowMs: this.#context.clock.now(),
      problem: attempt.problem,
    });
    if ("message" in outcome) {
      if (nominated !== undefined && !outcome.keepsNomination) this.#preemptor.withdraw(pod);
      // Upstream runs DynamicResources' PostFilter first, which has its own say.
      return `no new claims to deallocate, ${outcome.message}`;
    }
    this.#preemptor.evict(pod, outcome.nodeName, outcome.victims);
    return "";
  }

  #assumeAndBind(queued: QueuedPod, placement: Placement): void {
    const { pod, key } = queued;
    const nodeName = placement.node.name;
    this.#snapshot.place(pod, nodeName);
    this.#remember(key, {
      timeMs: this.#context.clock.now(),
      attempts: queued.attempts,
      outcome: "Scheduled",
      node: nodeName,
      message: `placed on ${nodeName}`,
      nodes: placement.scores.map(({ name, score }) => ({ name, plugin: "", reasons: [], score })),
    });
    this.#context.journal.record(
      SCHEDULER_NAME,
      `pods/${key}`,
      `considers ${placement.considered} nodes, ${placement.scores.length} feasible, and picks ${nodeName}`,
    );
    this.#context.tasks.run("bind", () => this.#bind(queued, nodeName));
  }

  async #bind(queued: QueuedPod, nodeName: string): Promise<void> {
    const { client, journal } = this.#context;
    const { pod, key } = queued;
    try {
      await this.#volumes.bind(pod, nodeName);
      await client.bind({ namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid }, nodeName);
      this.#queue.done(queued);
      this.#attempted(queued, "scheduled");
      this.#metrics.placed(queued.attempts);
      journal.record(SCHEDULER_NAME, `pods/${key}`, `binds the pod to ${nodeName}`);
      this.#events.event({ object: pod }, "Normal", "Scheduled", `Successfully assigned ${key} to ${nodeName}`);
    } catch (error) {
      this.#snapshot.unplace(pod.metadata.uid);
      if (isNotFound(error)) return this.#queue.done(queued);
      this.#events.event({ object: pod }, "Warning", "FailedScheduling", messageOf(error));
      this.#attempted(queued, "error");
      this.#queue.putBack(queued, new Set());
    }
  }

  #fail(queued: QueuedPod, diagnosis: FitDiagnosis): void {
    const { pod, key } = queued;
    const message = this.#snapshot.nodes.length === 0 ? "no nodes available to schedule pods" : fitErrorMessage(diagnosis);
    this.#remember(key, {
      timeMs: this.#context.clock.now(),
      attempts: queued.attempts,
      outcome: "Unschedulable",
      message,
      nodes: [...diagnosis.byNode].map(([name, { plugin, rejection }]) => ({ name, plugin, reasons: rejection.reasons })),
    });
    this.#context.journal.record(SCHEDULER_NAME, `pods/${key}`, `finds no node: ${message}`);
    this.#events.event({ object: pod }, "Warning", "FailedScheduling", message);
    const rejectedBy = new Set([...diagnosis.unlooked.plugins, ...[...diagnosis.byNode.values()].map(({ plugin }) => plugin)]);
    if (rejectedBy.size === 0) rejectedBy.add("NodeName");
    this.#context.tasks.run("pod-condition", () => this.#setCondition(pod, "Unschedulable", message));
    this.#queue.putBack(queued, rejectedBy);
  }

  async #reportGated(pod: Pod, message: string): Promise<void> {
    this.#remember(keyOf(pod), { timeMs: this.#context.clock.now(), attempts: 0, outcome: "SchedulingGated", message, nodes: [] });
    await this.#setCondition(pod, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates");
  }

  async #setCondition(pod: Pod, reason: string, message: string): Promise<void> {
    const name = splitKey(keyOf(pod));
    await this.#context.client.mutate(
      pods,
      name,
      (current) => {
        if (current.metadata.uid !== pod.metadata.uid || current.spec.nodeName) return current;
        const conditions = current.status.conditions ?? [];
        const old = conditions.find((condition) => condition.type === "PodScheduled");
        if (old?.status === "False" && old.reason === reason && old.message === message) return current;
        const condition = {
          type: "PodScheduled",
          status: "False",
          observedGeneration: current.metadata.generation,
          lastProbeTime: null as unknown as undefined,
          lastTransitionTime: old?.status === "False" ? old.lastTransitionTime : rfc3339(this.#context.clock.now()),
          reason,
          message,
        };
        return {
          ...current,
          status: { ...current.status, conditions: [...conditions.filter((other) => other.type !== "PodScheduled"), condition] },
        };
      },
      { subresource: "status" },
    );
  }

  #remember(key: string, explanation: Explanation): void {
    this.#explanations.delete(key);
    this.#explanations.set(key, explanation);
    if (this.#explanations.size > EXPLANATIONS_KEPT) this.#explanations.delete(this.#explanations.keys().next().value as string);
  }
}

/** Upstream: framework.PodSchedulingPropertiesChange, ScaleDown */
function takesLess(pod: Pod, old: Pod): boolean {
  const now = occupiedRequests(pod);
  return [...occupiedRequests(old)].some(([name, amount]) => (now.get(name) ?? 0) < amount);
}

/** Heartbeats change nodes all the time; only some changes let a pod in. */
function matters(node: Node, old: Node): boolean {
  return (
    node.spec.unschedulable !== old.spec.unschedulable ||
    JSON.stringify(node.spec.taints) !== JSON.stringify(old.spec.taints) ||
    JSON.stringify(node.metadata.labels) !== JSON.stringify(old.metadata.labels) ||
    JSON.stringify(node.status.allocatable) !== JSON.stringify(old.status.allocatable)
  );
}
