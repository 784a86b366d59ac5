import type { Clock } from "../util/clock.ts";

/** Figures are taken over windows of so long, as metrics-server's --metric-resolution. */
export const CPU_WINDOW_MS = 15_000;
/** What fork, exec and the little work of a simple program cost. */
export const SPAWN_CPU_MS = 1.5;
/** What a server's answer from memory or from a file costs. */
export const REQUEST_CPU_MS = 0.4;
/** Cores of a machine, where no limit is set. */
const UNLIMITED_CORES = 4;

/**
 * The CPU time that a container's processes took: what is charged, not what the simulation needs. Counters only; whoever reads gets the last whole window.
 */
export class CpuMeter {
  readonly #clock: Clock;
  #limitMillis: number;
  #totalMs = 0;
  /** Which window the current sum is of. */
  #window = 0;
  #currentMs = 0;
  #previousMs = 0;
  #busyUntilMs = 0;

  constructor(clock: Clock, limitMillis: number) {
    this.#clock = clock;
    this.#limitMillis = limitMillis;
    this.#window = windowOf(clock.now());
  }

  /** 0: none. */
  get limitMillis(): number {
    return this.#limitMillis;
  }

  setLimit(millis: number): void {
    this.#limitMillis = millis;
  }

  get #cores(): number {
    return this.#limitMillis > 0 ? this.#limitMillis / 1000 : UNLIMITED_CORES;
  }

  /** CPU time since the container began. */
  get totalMs(): number {
    return this.#totalMs;
  }

  /** Time that was taken just now, or evenly since `sinceMs`. */
  charge(cpuMs: number, sinceMs = this.#clock.now()): void {
    const nowMs = this.#clock.now();
    this.#roll(nowMs);
    this.#totalMs += cpuMs;
    const begunMs = this.#window * CPU_WINDOW_MS;
    if (sinceMs >= begunMs || nowMs <= sinceMs) {
      this.#currentMs += cpuMs;
      return;
    }
    const perMs = cpuMs / (nowMs - sinceMs);
    this.#currentMs += perMs * (nowMs - begunMs);
    this.#previousMs += perMs * (begunMs - Math.max(sinceMs, begunMs - CPU_WINDOW_MS));
  }

  /** How long a piece of work takes that comes now, behind what came before it: the limit is shared by all. */
  queue(cpuMs: number): number {
    const nowMs = this.#clock.now();
    this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs) + cpuMs / this.#cores;
    return Math.max(cpuMs, this.#busyUntilMs - nowMs);
  }

  /** Thousandths of a core over the last whole window; the kernel lets nobody have more than the limit. */
  usedMillis(): number {
    this.#roll(this.#clock.now());
    return Math.min(this.#previousMs / CPU_WINDOW_MS, this.#cores) * 1000;
  }

  #roll(nowMs: number): void {
    const window = windowOf(nowMs);
    if (window === this.#window) return;
    this.#previousMs = window === this.#window + 1 ? this.#currentMs : 0;
    this.#currentMs = 0;
    this.#window = window;
  }
}

const windowOf = (nowMs: number) => Math.floor(nowMs / CPU_WINDOW_MS);
