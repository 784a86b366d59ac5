import { Heap } from "./heap.ts";
import type { Timer } from "./clock.ts";

interface Entry extends Timer {
  readonly dueMs: number;
  readonly sequence: number;
  callback: (() => void) | undefined;
}

/** Callbacks ordered by (due time, registration): what every clock keeps its timers in. */
export class TimerQueue {
  readonly #heap = new Heap<Entry>((a, b) => a.dueMs - b.dueMs || a.sequence - b.sequence);
  #sequence = 0;
  #cancelled = 0;

  add(dueMs: number, callback: () => void): Timer {
    const entry: Entry = {
      dueMs,
      sequence: this.#sequence++,
      callback,
      cancel: () => {
        if (entry.callback === undefined) return;
        entry.callback = undefined;
        this.#cancelled++;
        this.#sweep();
      },
    };
    this.#heap.push(entry);
    return entry;
  }

  /** When the next live timer is due, in simulated ms. */
  nextDueMs(): number | undefined {
    for (;;) {
      const top = this.#heap.peek();
      if (top === undefined) return undefined;
      if (top.callback !== undefined) return top.dueMs;
      this.#heap.pop();
      this.#cancelled--;
    }
  }

  /** Takes out the next callback due at or before `nowMs`. */
  takeDue(nowMs: number): (() => void) | undefined {
    const due = this.nextDueMs();
    if (due === undefined || due > nowMs) return undefined;
    const entry = this.#heap.pop() as Entry;
    const callback = entry.callback;
    entry.callback = undefined;
    return callback;
  }

  /** Cancelled timers that are far in the future must not pile up. */
  #sweep(): void {
    if (this.#cancelled < 1024 || this.#cancelled * 2 < this.#heap.size) return;
    const live: Entry[] = [];
    for (let entry = this.#heap.pop(); entry !== undefined; entry = this.#heap.pop()) if (entry.callback !== undefined) live.push(entry);
    for (const entry of live) this.#heap.push(entry);
    this.#cancelled = 0;
  }
}

/** `sleep` for a clock that has `after`. */
export function sleepOn(after: (delayMs: number, callback: () => void) => Timer, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return void reject(signal.reason as Error);
    const abort = () => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    const timer = after(delayMs, () => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
    signal.addEventListener("abort", abort, { once: true });
  });
}
