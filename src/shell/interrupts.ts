import * as host from "../host/cli-host.ts";

/** Ctrl-C, whether the host's terminal makes a signal of it or a line discipline of ours. */
export class Interrupts {
  #listener: (() => void) | undefined;
  #ours = false;

  /** Whether the one that listeners are told of came from our line discipline: the host knows nothing of it. */
  get areOurs(): boolean {
    return this.#ours;
  }

  fire(): void {
    this.#ours = true;
    this.#listener?.();
    this.#ours = false;
  }

  /** Calls `listener` at each one, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listener = listener;
    const stop = host.onInterrupt(listener);
    return () => {
      this.#listener = undefined;
      stop();
    };
  }
}
