import type { Clock } from "../util/clock.ts";

interface Entry {
  delayMs: number;
  lastUpdateMs: number;
}

/** Delays that double for every failure of a key. Upstream: client-go/util/flowcontrol/backoff.go */
export class BackOff {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #initialMs: number;
  readonly #maxMs: number;

  constructor(clock: Clock, initialMs: number, maxMs: number) {
    this.#clock = clock;
    this.#initialMs = initialMs;
    this.#maxMs = maxMs;
  }

  get(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** Notes a failure at `eventMs`: the delay doubles, or starts again after a long rest. */
  next(key: string, eventMs: number): void {
    const entry = this.#entries.get(key);
    const nowMs = this.#clock.now();
    if (!entry || this.#rested(eventMs, entry)) this.#entries.set(key, { delayMs: this.#initialMs, lastUpdateMs: nowMs });
    else {
      entry.delayMs = Math.min(entry.delayMs * 2, this.#maxMs);
      entry.lastUpdateMs = nowMs;
    }
  }

  /** When the delay that began at `eventMs` is over; undefined when it does not hold anything back. */
  dueSince(key: string, eventMs: number): number | undefined {
    const entry = this.#entries.get(key);
    if (!entry || this.#rested(eventMs, entry)) return undefined;
    const dueMs = eventMs + entry.delayMs;
    return dueMs > this.#clock.now() ? dueMs : undefined;
  }

  /** As dueSince, counted from the last failure itself. */
  dueSinceUpdate(key: string): number | undefined {
    const entry = this.#entries.get(key);
    if (!entry || this.#rested(this.#clock.now(), entry)) return undefined;
    const dueMs = entry.lastUpdateMs + entry.delayMs;
    return dueMs > this.#clock.now() ? dueMs : undefined;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  // Twice the greatest delay without a failure: 10 minutes.
  #rested(eventMs: number, entry: Entry): boolean {
    return eventMs - entry.lastUpdateMs > this.#maxMs * 2;
  }
}
