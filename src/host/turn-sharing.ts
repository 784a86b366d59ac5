/**
 * Turns of the event loop for those of whom there are many: each goes on in a later turn, in order, as many in one turn as there is time for.
 * Promises alone would keep the loop until the last of a thousand pods is done, and all that wait with setImmediate go on in the same turn.
 * Whatever happens in a turn is looked at once in the next: a ReplicaSet not for each of its pods.
 */
export class TurnSharing {
  readonly #sliceMs: number;
  readonly #waiting: (() => void)[] = [];
  #serving = false;

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  share(): Promise<void> {
    if (!this.#serving) void this.#serve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    do {
      await new Promise(setImmediate);
      const endMs = performance.now() + this.#sliceMs;
      while (this.#waiting.length > 0 && performance.now() < endMs) {
        this.#waiting.shift()?.();
        // Node comes to this when there are no promises left to go on with: the one above is done or waits for something.
        await new Promise<void>((resolve) => process.nextTick(resolve));
      }
    } while (this.#waiting.length > 0);
    this.#serving = false;
  }
}
