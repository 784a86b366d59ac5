import type { Clock, Timer } from "../util/clock.ts";
import type { TaskGroup } from "../util/task-group.ts";

export interface SyncLoopOptions {
  /** For the task's name. */
  readonly name: string;
  readonly clock: Clock;
  readonly tasks: TaskGroup;
  /** Looks at all there is, once. */
  sync(): Promise<void>;
}

/** One look at a time, whenever something has changed; changes meanwhile make it look once more. Upstream: pkg/kubelet/pod_workers.go podWorkerLoop */
export class SyncLoop {
  readonly #options: SyncLoopOptions;
  #busy = false;
  #dirty = false;
  #stopped = false;
  #wake: { readonly dueMs: number; readonly timer: Timer } | undefined;

  constructor(options: SyncLoopOptions) {
    this.#options = options;
  }

  trigger(): void {
    if (this.#stopped) return;
    this.#dirty = true;
    if (this.#busy) return;
    this.#busy = true;
    this.#options.tasks.run(this.#options.name, () => this.#run());
  }

  wakeAfter(delayMs: number): void {
    this.wakeAt(this.#options.clock.now() + delayMs);
  }

  /** An earlier time that is set already wins. */
  wakeAt(dueMs: number): void {
    if (this.#wake && this.#wake.dueMs <= dueMs) return;
    this.#wake?.timer.cancel();
    const timer = this.#options.clock.after(dueMs - this.#options.clock.now(), () => {
      this.#wake = undefined;
      this.trigger();
    });
    this.#wake = { dueMs, timer };
  }

  cancelWake(): void {
    this.#wake?.timer.cancel();
    this.#wake = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.cancelWake();
  }

  async #run(): Promise<void> {
    try {
      const { clock, sync } = this.#options;
      // Whoever triggers finishes first, so that several changes at once are looked at together; and a thousand pods do not start in one turn.
      for (await clock.share(); this.#dirty && !this.#stopped; await clock.share()) {
        this.#dirty = false;
        await sync();
      }
    } finally {
      this.#busy = false;
    }
  }
}
