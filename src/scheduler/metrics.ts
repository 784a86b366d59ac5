import { Counter, exponentialBuckets, Gauge, Histogram, type Metric } from "../util/prometheus.ts";

const PROFILE = 'profile="default-scheduler"';
export type QueueName = "active" | "backoff" | "gated" | "unschedulable";
const QUEUES: readonly QueueName[] = ["active", "backoff", "gated", "unschedulable"];

/** What the scheduler counts. Upstream: pkg/scheduler/metrics/metrics.go */
export class SchedulerMetrics {
  readonly #attempts = new Counter({
    name: "scheduler_schedule_attempts_total",
    help: "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
    stability: "STABLE",
  });
  readonly #durations = new Histogram(
    {
      name: "scheduler_scheduling_attempt_duration_seconds",
      help: "Scheduling attempt latency in seconds (scheduling algorithm + binding)",
      stability: "STABLE",
    },
    exponentialBuckets(0.001, 2, 15),
  );
  readonly #attemptsOfPods = new Histogram(
    { name: "scheduler_pod_scheduling_attempts", help: "Number of attempts to successfully schedule a pod.", stability: "STABLE" },
    [1, 2, 4, 8, 16],
  );
  readonly #incoming = new Counter({
    name: "scheduler_queue_incoming_pods_total",
    help: "Number of pods added to scheduling queues by event and queue type.",
    stability: "STABLE",
  });
  readonly #preemptions = new Counter({
    name: "scheduler_preemption_attempts_total",
    help: "Total preemption attempts in the cluster till now",
    stability: "STABLE",
  });
  readonly #pending: Gauge;
  readonly #unschedulable: Gauge;

  /** @param waiting the pods of each queue, and for each plugin those that it holds up. */
  constructor(waiting: { counts(): Readonly<Record<QueueName, number>>; byPlugin(): ReadonlyMap<string, number> }) {
    this.#pending = new Gauge(
      {
        name: "scheduler_pending_pods",
        help: "Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
        stability: "STABLE",
      },
      () => QUEUES.map((name) => [`queue="${name}"`, waiting.counts()[name]] as const),
    );
    this.#unschedulable = new Gauge(
      {
        name: "scheduler_unschedulable_pods",
        help: "The number of unschedulable pods broken down by plugin name. A pod will increment the gauge for all plugins that caused it to not schedule and so this metric have meaning only when broken down by plugin.",
      },
      () => [...waiting.byPlugin()].sort().map(([plugin, count]) => [`plugin="${plugin}",${PROFILE}`, count] as const),
    );
  }

  get all(): readonly Metric[] {
    return [this.#attempts, this.#durations, this.#attemptsOfPods, this.#incoming, this.#preemptions, this.#pending, this.#unschedulable];
  }

  attempted(result: "scheduled" | "unschedulable" | "error", seconds: number): void {
    const labels = `${PROFILE},result="${result}"`;
    this.#attempts.add(labels);
    this.#durations.observe(labels, seconds);
  }

  placed(attempts: number): void {
    this.#attemptsOfPods.observe("", attempts);
  }

  queued(queue: QueueName, event: string): void {
    this.#incoming.add(`event="${event}",queue="${queue}"`);
  }

  preempts(): void {
    this.#preemptions.add("");
  }
}
