/** Walks through what was typed before; what is being typed waits at the end. */
export class HistoryWalk {
  readonly #entries: readonly string[];
  #at: number;
  #draft = "";

  /** @param entries oldest first */
  constructor(entries: readonly string[]) {
    this.#entries = entries;
    this.#at = entries.length;
  }

  older(current: string): string | undefined {
    if (this.#at === 0) return undefined;
    if (this.#at === this.#entries.length) this.#draft = current;
    return this.#entries[--this.#at];
  }

  newer(): string | undefined {
    if (this.#at === this.#entries.length) return undefined;
    return this.#entries[++this.#at] ?? this.#draft;
  }
}

/** Ctrl-R: the newest entry that has what is typed in it. */
export class HistorySearch {
  readonly #entries: readonly string[];
  /** What was in the line before. */
  readonly original: string;
  #query = "";
  #at: number;
  #failed = false;

  constructor(entries: readonly string[], original: string) {
    this.#entries = entries;
    this.original = original;
    this.#at = entries.length;
  }

  get found(): string {
    return this.#entries[this.#at] ?? this.original;
  }
  get prompt(): string {
    return `(${this.#failed ? "failed " : ""}reverse-i-search)'${this.#query}': `;
  }

  type(text: string): void {
    this.#query += text;
    this.#find(Math.min(this.#at, this.#entries.length - 1));
  }
  erase(): void {
    this.#query = this.#query.slice(0, -1);
    this.#at = this.#entries.length;
    if (this.#query === "") this.#failed = false;
    else this.#find(this.#entries.length - 1);
  }
  older(): void {
    if (this.#query !== "") this.#find(this.#at - 1, this.found);
  }

  /** @param seen not shown once more, however often it was typed */
  #find(from: number, seen?: string): void {
    for (let at = from; at >= 0; at--) {
      const entry = this.#entries[at] ?? "";
      if (!entry.includes(this.#query) || entry === seen) continue;
      this.#at = at;
      this.#failed = false;
      return;
    }
    this.#failed = true;
  }
}
