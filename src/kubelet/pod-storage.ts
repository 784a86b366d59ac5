import type { Pod } from "../api/generated/core-v1.ts";
import { amountOf, podLimits } from "../api/pod-facts.ts";
import { parseQuantity, Quantity } from "../api/quantity.ts";
import type { ContainerRuntime } from "../containers/runtime.ts";
import type { Clock, Timer } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";
import type { PodContainers } from "./pod-containers.ts";
import type { PodVolumes } from "./volumes/pod-volumes.ts";

// Upstream: monitoringInterval of the eviction manager; volumeStatsAggPeriod, with up to as much again at random.
const MONITORING_MS = 10_000;
const VOLUME_STATS_MS = 60_000;
const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000;
const STORAGE = "ephemeral-storage";

export interface PodStorageOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly runtime: ContainerRuntime;
  readonly containers: PodContainers;
  readonly volumes: PodVolumes;
  podNow(): Pod;
  evict(message: string): void;
}

/**
 * Evicts a pod that has written more to its node's disk than it may. Looks when something was written, and no more often than upstream does.
 * Upstream: pkg/kubelet/eviction/eviction_manager.go localStorageEviction
 */
export class PodStorage {
  readonly #options: PodStorageOptions;
  readonly #watched = new Map<string, () => void>();
  /** Of emptyDir volumes, as they were last measured. */
  readonly #volumeBytes = new Map<string, number>();
  #look: Timer | undefined;
  #measuring: Timer | undefined;
  #stopped = false;

  constructor(options: PodStorageOptions) {
    this.#options = options;
  }

  /** Volumes or containers have come: those that are limited are watched from here on. */
  watch(): void {
    const { containers, runtime, volumes, podNow } = this.#options;
    const pod = podNow();
    if (this.#stopped || isCritical(pod) || !isLimited(pod)) return;
    for (const { name, files } of volumes.emptyDirs(pod))
      this.#once(`volume ${name}`, () => {
        this.#wrote(true);
        return files.onChange(() => this.#wrote(true));
      });
    for (const run of containers.running())
      this.#once(run.id, () => {
        this.#wrote(false);
        return runtime.watchStorage(run.id, () => this.#wrote(false));
      });
  }

  stop(): void {
    this.#stopped = true;
    this.#look?.cancel();
    this.#measuring?.cancel();
    for (const unwatch of this.#watched.values()) unwatch();
    this.#watched.clear();
  }

  #once(key: string, start: () => () => void): void {
    if (!this.#watched.has(key)) this.#watched.set(key, start());
  }

  #wrote(toVolume: boolean): void {
    const { clock, rng } = this.#options;
    if (this.#stopped) return;
    // Where in its period the last measurement was, nobody can tell.
    if (toVolume)
      this.#measuring ??= clock.after(rng.next() * VOLUME_STATS_MS * (1 + rng.next()), () => {
        this.#measuring = undefined;
        this.#measureVolumes();
        this.#lookLater();
      });
    else this.#lookLater();
  }

  #lookLater(): void {
    const { clock } = this.#options;
    this.#look ??= clock.after(MONITORING_MS - (clock.now() % MONITORING_MS), () => {
      this.#look = undefined;
      const problem = this.#problem();
      if (problem !== undefined) this.#options.evict(problem);
    });
  }

  #measureVolumes(): void {
    const { volumes, podNow } = this.#options;
    for (const { name, files } of volumes.emptyDirs(podNow())) this.#volumeBytes.set(name, files.usedBytes());
  }

  #problem(): string | undefined {
    const pod = this.#options.podNow();
    return this.#volumeProblem(pod) ?? this.#podProblem(pod) ?? this.#containerProblem(pod);
  }

  #volumeProblem({ spec }: Pod): string | undefined {
    for (const { name, emptyDir } of spec.volumes ?? []) {
      const limit = emptyDir?.sizeLimit;
      if (limit === undefined || amountOf(STORAGE, limit) <= 0) continue;
      if ((this.#volumeBytes.get(name) ?? 0) > amountOf(STORAGE, limit))
        return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(shown(limit))}. `;
    }
    return undefined;
  }

  #podProblem(pod: Pod): string | undefined {
    const limit = podLimits(pod).get(STORAGE);
    if (limit === undefined) return undefined;
    const { containers } = this.#options;
    const written = containers.running().reduce((sum, run) => sum + this.#writtenBy(run.id), 0);
    const inVolumes = [...this.#volumeBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (written + inVolumes <= limit) return undefined;
    const format = pod.spec.containers.find(({ resources }) => resources?.limits?.[STORAGE] !== undefined)?.resources?.limits?.[STORAGE];
    const total = new Quantity(BigInt(limit) * 1_000_000_000n, parseQuantity(format ?? "0Mi").format);
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${total.toString()}. `;
  }

  #containerProblem({ spec }: Pod): string | undefined {
    for (const { name, resources } of spec.containers) {
      const limit = resources?.limits?.[STORAGE];
      const run = this.#options.containers.latest(name);
      if (limit === undefined || run?.state !== "running" || amountOf(STORAGE, limit) === 0) continue;
      if (this.#writtenBy(run.id) > amountOf(STORAGE, limit))
        return `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(shown(limit))}. `;
    }
    return undefined;
  }

  #writtenBy(id: string): number {
    return this.#options.runtime.writtenBytes(id);
  }
}

const shown = (amount: string) => parseQuantity(amount).toString();

function isLimited({ spec }: Pod): boolean {
  return (
    (spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) ||
    [...spec.containers, ...(spec.initContainers ?? [])].some(({ resources }) => resources?.limits?.[STORAGE] !== undefined)
  );
}

/** Upstream: kubelettypes.IsCriticalPod */
const isCritical = ({ spec, metadata }: Pod) =>
  (spec.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY || metadata.annotations?.["kubernetes.io/config.source"] === "file";
