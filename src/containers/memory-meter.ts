/**
 * The memory that a container's programs say they take. Going over the limit is the end of all of them.
 * Upstream: Linux cgroup v2 memory.max, with memory.oom.group as kubelets set it.
 */
export class MemoryMeter {
  #limitBytes: number;
  readonly #onExceeded: () => void;
  readonly #taken = new Map<object, number>();

  /** @param limitBytes 0: none. */
  constructor(limitBytes: number, onExceeded: () => void = () => undefined) {
    this.#limitBytes = limitBytes;
    this.#onExceeded = onExceeded;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** A container that has more than its new limit already is at its end. */
  setLimit(bytes: number): void {
    this.#limitBytes = bytes;
    this.#check();
  }

  get usedBytes(): number {
    return [...this.#taken.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** What one of them has from now on, in all. */
  take(holder: object, bytes: number): void {
    if (bytes > 0) this.#taken.set(holder, bytes);
    else this.#taken.delete(holder);
    this.#check();
  }

  #check(): void {
    if (this.#limitBytes > 0 && this.usedBytes > this.#limitBytes) this.#onExceeded();
  }
}
