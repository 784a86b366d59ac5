import type { SteerableClock, Timer } from "./clock.ts";
import { sleepOn, TimerQueue } from "./timer-queue.ts";

/**
 * A clock that moves only when told. Between two due times it lets every promise settle, so that
 * a test sees what a real cluster would have done in that time, at once and in the same order.
 */
export class SimClock implements SteerableClock {
  readonly speed = 0;
  #nowMs: number;
  readonly #timers = new TimerQueue();
  readonly #yieldToHost: () => Promise<void>;

  /** @param yieldToHost resolves on the host's next event-loop turn (`setImmediate`). */
  constructor(startMs: number, yieldToHost: () => Promise<void>) {
    this.#nowMs = startMs;
    this.#yieldToHost = yieldToHost;
  }

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#timers.add(this.#nowMs + Math.max(0, delayMs), callback);
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return sleepOn((ms, callback) => this.after(ms, callback), delayMs, signal);
  }

  yield(): Promise<void> {
    return this.#yieldToHost();
  }

  /** At once: simulated work takes no time, and its order must not depend on the host's. */
  share(): Promise<void> {
    return Promise.resolve();
  }

  setSpeed(): void {}
  pause(): void {}
  resume(): void {}

  async step(stepMs: number): Promise<void> {
    const untilMs = this.#nowMs + stepMs;
    await this.settle();
    for (;;) {
      const due = this.#timers.nextDueMs();
      if (due === undefined || due > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, due);
      for (let callback = this.#timers.takeDue(due); callback !== undefined; callback = this.#timers.takeDue(due)) callback();
      await this.settle();
    }
    this.#nowMs = untilMs;
    await this.settle();
  }

  /** Lets what is under way at this instant come to rest: a few turns of the host's event loop. */
  async settle(turns = 12): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await this.#yieldToHost();
  }

  /** Steps until `done` holds; throws when `limitMs` of simulated time were not enough. */
  async until(done: () => boolean | Promise<boolean>, limitMs = 120_000): Promise<void> {
    const endMs = this.#nowMs + limitMs;
    await this.settle();
    while (!(await done())) {
      if (this.#nowMs >= endMs) throw new Error(`not reached within ${limitMs} ms of simulated time`);
      const due = this.#timers.nextDueMs();
      await this.step(due === undefined ? 100 : Math.min(Math.max(0, due - this.#nowMs), endMs - this.#nowMs));
    }
  }
}
