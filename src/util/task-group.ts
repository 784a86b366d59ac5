import { setMaxListeners } from "node:events";

/** Owns loops: every background task belongs to a group, and stopping the group aborts and joins them all. */
export class TaskGroup {
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #onFailure: (name: string, error: unknown) => void;

  /** @param onFailure is told of a task that rejected for any reason but the group's own stop. */
  constructor(onFailure: (name: string, error: unknown) => void) {
    this.#onFailure = onFailure;
    // Every loop of the group listens to the one signal: many listeners are no leak here.
    setMaxListeners(0, this.#abort.signal);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  run(name: string, task: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return;
    const running = task(this.signal)
      .catch((error: unknown) => {
        if (!this.signal.aborted) this.#onFailure(name, error);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error("stopped"));
    await Promise.all(this.#running);
  }
}
