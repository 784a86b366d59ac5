import type { SteerableClock, Timer } from "../util/clock.ts";
import { sleepOn, TimerQueue } from "../util/timer-queue.ts";
import { TurnSharing } from "./turn-sharing.ts";

// Node's timers overflow beyond this and fire at once.
const LONGEST_HOST_TIMEOUT_MS = 2 ** 31 - 1;
/** Callbacks run in a row before the event loop gets a turn. */
const SLICE_MS = 10;
/** Turns of the event loop without anything that waits for one: then all that was under way has come to rest. */
const QUIET_TURNS = 12;
const MOST_TURNS = 10_000;

/** Simulated time driven by the host's: one host timer, armed for whatever is due next. */
export class HostClock implements SteerableClock {
  #speed = 1;
  #resumeSpeed = 1;
  /** Simulated time at `#anchorHostMs`. */
  #anchorSimMs: number;
  #anchorHostMs: number;
  readonly #timers = new TimerQueue();
  #armed: NodeJS.Timeout | undefined;
  #armedDueMs = Infinity;
  #running = false;
  readonly #turns = new TurnSharing(SLICE_MS);

  /** @param startMs simulated time to start at. */
  constructor(startMs = Date.now()) {
    this.#anchorHostMs = performance.now();
    this.#anchorSimMs = startMs;
  }

  get speed(): number {
    return this.#speed;
  }

  now(): number {
    return this.#anchorSimMs + (performance.now() - this.#anchorHostMs) * this.#speed;
  }

  after(delayMs: number, callback: () => void): Timer {
    const dueMs = this.now() + Math.max(0, delayMs);
    const timer = this.#timers.add(dueMs, callback);
    if (dueMs < this.#armedDueMs) this.#arm();
    return timer;
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return sleepOn((ms, callback) => this.after(ms, callback), delayMs, signal);
  }

  yield(): Promise<void> {
    return yieldToHost();
  }

  share(): Promise<void> {
    return this.#turns.share();
  }

  setSpeed(speed: number): void {
    this.#anchorSimMs = this.now();
    this.#anchorHostMs = performance.now();
    this.#speed = speed;
    this.#arm();
  }

  pause(): void {
    if (this.#speed === 0) return;
    this.#resumeSpeed = this.#speed;
    this.setSpeed(0);
  }

  resume(): void {
    if (this.#speed === 0) this.setSpeed(this.#resumeSpeed);
  }

  async step(stepMs: number): Promise<void> {
    const speed = this.#speed;
    this.setSpeed(0);
    const untilMs = this.#anchorSimMs + stepMs;
    await this.#settle();
    for (let due = this.#timers.nextDueMs(); due !== undefined && due <= untilMs; due = this.#timers.nextDueMs()) {
      this.#anchorSimMs = Math.max(this.#anchorSimMs, due);
      for (let callback = this.#timers.takeDue(due); callback; callback = this.#timers.takeDue(due)) callback();
      await this.#settle();
    }
    this.#anchorSimMs = untilMs;
    await this.#settle();
    this.setSpeed(speed);
  }

  stop(): void {
    clearTimeout(this.#armed);
    this.#running = true;
  }

  async #settle(): Promise<void> {
    for (let turn = 0, quiet = 0; quiet < QUIET_TURNS && turn < MOST_TURNS; turn++) {
      await yieldToHost();
      quiet = this.#turns.waiting > 0 ? 0 : quiet + 1;
    }
  }

  #arm(): void {
    if (this.#running) return;
    clearTimeout(this.#armed);
    this.#armed = undefined;
    const due = this.#timers.nextDueMs();
    this.#armedDueMs = due ?? Infinity;
    if (due === undefined || this.#speed === 0) return;
    const waitMs = Math.max(0, Math.ceil((due - this.now()) / this.#speed));
    this.#armed = setTimeout(() => this.#fire(), Math.min(waitMs, LONGEST_HOST_TIMEOUT_MS));
  }

  #fire(): void {
    const sliceEndMs = performance.now() + SLICE_MS;
    this.#running = true;
    try {
      for (;;) {
        const callback = this.#timers.takeDue(this.now());
        if (!callback) break;
        callback();
        if (performance.now() > sliceEndMs) break;
      }
    } finally {
      this.#running = false;
      this.#arm();
    }
  }
}

export function yieldToHost(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
