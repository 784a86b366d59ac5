/** The signals that a shell has traps for, from their arrival to when the shell gets to them. */
export class PendingSignals {
  #pending: number[] = [];
  #waiters: (() => void)[] = [];
  #interrupted = false;

  get interrupted(): boolean {
    return this.#interrupted;
  }

  get any(): boolean {
    return this.#pending.length > 0;
  }

  /** A signal that a trap waits for. */
  add(signal: number): void {
    this.#pending.push(signal);
    this.#wake();
  }

  take(): number | undefined {
    return this.#pending.shift();
  }

  interrupt(): void {
    this.#interrupted = true;
    this.#wake();
  }

  clearInterrupt(): void {
    this.#interrupted = false;
  }

  /** Resolves at the next trapped signal, to the exit code that it makes. */
  next(): Promise<number> {
    const before = this.#pending.length;
    return new Promise((resolve) => {
      if (before > 0) resolve(128 + (this.#pending[0] ?? 0));
      else this.#waiters.push(() => resolve(this.#interrupted ? 130 : 128 + (this.#pending[0] ?? 0)));
    });
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
