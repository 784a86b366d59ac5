import type { WatchEvent, WatchHandle, WatchOptions } from "./store.ts";

interface Watcher {
  readonly options: WatchOptions;
  /** Events up to this revision have been handed over. */
  seenRevision: number;
  batch: WatchEvent[];
  closed: boolean;
}

/** Hands each event to the watchers whose prefix its key has: once, in order, never inside the write. */
export class WatchHub {
  readonly #watchers = new Map<string, Set<Watcher>>();
  #pending: WatchEvent[] = [];
  #scheduled = false;

  publish(event: WatchEvent): void {
    this.#pending.push(event);
    this.#schedule();
  }

  /** @param history what happened after `options.after` and is already published. */
  add(prefix: string, options: WatchOptions, history: readonly WatchEvent[], revision: number): WatchHandle {
    const watcher: Watcher = { options, seenRevision: revision, batch: [...history], closed: false };
    let watchers = this.#watchers.get(prefix);
    if (!watchers) this.#watchers.set(prefix, (watchers = new Set()));
    watchers.add(watcher);
    if (history.length > 0) queueMicrotask(() => deliver(watcher));
    return {
      close: () => {
        watcher.closed = true;
        watchers.delete(watcher);
        if (watchers.size === 0 && this.#watchers.get(prefix) === watchers) this.#watchers.delete(prefix);
      },
    };
  }

  /** Tells every watcher that wants to know that it has seen all up to `revision`. */
  progress(revision: number): void {
    for (const watchers of this.#watchers.values()) for (const watcher of watchers) watcher.options.onProgress?.(revision);
  }

  get size(): number {
    let size = 0;
    for (const watchers of this.#watchers.values()) size += watchers.size;
    return size;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const events = this.#pending;
    this.#pending = [];
    const touched = new Set<Watcher>();
    for (const event of events) {
      for (const prefix of prefixesOf(event.key)) {
        for (const watcher of this.#watchers.get(prefix) ?? []) {
          if (event.revision <= watcher.seenRevision) continue;
          watcher.seenRevision = event.revision;
          watcher.batch.push(event);
          touched.add(watcher);
        }
      }
    }
    for (const watcher of touched) deliver(watcher);
  }
}

function deliver(watcher: Watcher): void {
  if (watcher.closed || watcher.batch.length === 0) return;
  const batch = watcher.batch;
  watcher.batch = [];
  watcher.options.onEvents(batch);
}

/** `/a/b/c` → `/`, `/a/`, `/a/b/`, `/a/b/c`: watches stand on whole path segments or whole keys. */
function* prefixesOf(key: string): Generator<string> {
  for (let slash = key.indexOf("/"); slash >= 0; slash = key.indexOf("/", slash + 1)) yield key.slice(0, slash + 1);
  yield key;
}
