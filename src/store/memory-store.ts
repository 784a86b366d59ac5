import type { Clock, Timer } from "../util/clock.ts";
import { SortedKeys } from "./sorted-keys.ts";
import {
  type BuildObject,
  CompactedError,
  type Entry,
  FutureRevisionError,
  type PutResult,
  type RangeOptions,
  type RangeResult,
  type Store,
  type StoredObject,
  type WatchEvent,
  type WatchHandle,
  type WatchOptions,
} from "./store.ts";
import { WatchHub } from "./watch-hub.ts";
import type { LogRecord, WriteAheadLog } from "./write-ahead-log.ts";

// How much history is kept for watches and consistent lists: as much as a relist after a short break needs.
const HISTORY_MAX_EVENTS = 20_000;
const HISTORY_CUT_EVENTS = 5_000;
// Upstream: storage/cacher: a bookmark about once a minute.
const PROGRESS_INTERVAL_MS = 60_000;

export interface MvccStoreOptions {
  /** Without a log the store forgets everything with the process: for tests. */
  readonly log?: WriteAheadLog;
  /** For progress notifications; without a clock there are none. */
  readonly clock?: Clock;
}

/** The store with everything in memory; the log is the truth, this index is derived from it. */
export class MvccStore implements Store {
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new SortedKeys();
  readonly #hub = new WatchHub();
  readonly #log: WriteAheadLog | undefined;
  readonly #clock: Clock | undefined;
  /** One event a revision: the event of revision r is #history[r - compactedRevision - 1]. */
  #history: WatchEvent[] = [];
  #revision = 1;
  #compactedRevision = 1;
  #progress: Timer | undefined;

  constructor(options: MvccStoreOptions = {}) {
    this.#log = options.log;
    this.#clock = options.clock;
    for (const record of options.log?.takeRecovered() ?? []) this.#load(record);
    // Recovered bytes are slices of whole files: copied, so that the files' memory can go.
    for (const [key, entry] of this.#entries) if (entry instanceof RecoveredEntry) this.#entries.set(key, entry.withOwnBytes());
    this.#compactedRevision = this.#revision;
    options.log?.provideLive(() => ({ revision: this.#revision, entries: [...this.#entries.values()] }));
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  get watchers(): number {
    return this.#hub.size;
  }

  find(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  count(prefix: string): number {
    return this.#keys.count(prefix);
  }

  range(prefix: string, options: RangeOptions = {}): RangeResult {
    const revision = options.revision ?? this.#revision;
    this.#checkRevision(revision);
    return revision === this.#revision ? this.#rangeNow(prefix, options) : this.#rangeAt(prefix, options, revision);
  }

  put(key: string, expectedModRevision: number, build: BuildObject): PutResult {
    const previous = this.#entries.get(key);
    if ((previous?.modRevision ?? 0) !== expectedModRevision) return { ok: false, current: previous };
    this.#log?.assertWritable();
    const revision = this.#revision + 1;
    const entry = new FreshEntry(key, deepFreeze(build(revision)), previous?.createRevision ?? revision, revision);
    this.#revision = revision;
    this.#entries.set(key, entry);
    if (!previous) this.#keys.add(key);
    this.#log?.append({ type: "put", revision, createRevision: entry.createRevision, key, bytes: entry.bytes });
    this.#publish({ type: "PUT", revision, key, entry, previous });
    return { ok: true, entry };
  }

  delete(key: string, expectedModRevision: number, build: BuildObject): PutResult {
    const previous = this.#entries.get(key);
    if (!previous || previous.modRevision !== expectedModRevision) return { ok: false, current: previous };
    this.#log?.assertWritable();
    const revision = this.#revision + 1;
    const entry = new FreshEntry(key, deepFreeze(build(revision)), previous.createRevision, revision);
    this.#revision = revision;
    this.#entries.delete(key);
    this.#keys.delete(key);
    this.#log?.append({ type: "delete", revision, createRevision: 0, key, bytes: EMPTY });
    this.#publish({ type: "DELETE", revision, key, entry, previous });
    return { ok: true, entry };
  }

  watch(prefix: string, options: WatchOptions): WatchHandle {
    if (options.after < this.#compactedRevision) throw new CompactedError(this.#compactedRevision);
    // What is in the history now is replayed; what comes from here on is published: an event is in exactly one of the two.
    const history = this.#history.slice(options.after - this.#compactedRevision).filter((event) => event.key.startsWith(prefix));
    const handle = this.#hub.add(prefix, options, history, this.#revision);
    if (options.onProgress) this.#armProgress();
    return handle;
  }

  compact(revision: number): void {
    if (revision <= this.#compactedRevision) return;
    this.#checkRevision(revision);
    this.#history = this.#history.slice(revision - this.#compactedRevision);
    this.#compactedRevision = revision;
  }

  durable(): Promise<void> {
    return this.#log?.durable() ?? Promise.resolve();
  }

  async close(): Promise<void> {
    this.#progress?.cancel();
    await this.#log?.close();
  }

  #checkRevision(revision: number): void {
    if (revision > this.#revision) throw new FutureRevisionError(this.#revision);
    if (revision < this.#compactedRevision) throw new CompactedError(this.#compactedRevision);
  }

  #rangeNow(prefix: string, options: RangeOptions): RangeResult {
    const limit = options.limit && options.limit > 0 ? options.limit : Infinity;
    const entries: Entry[] = [];
    let last = options.after ?? "";
    let more = false;
    for (const key of this.#keys.scan(prefix, options.after)) {
      if (entries.length === limit) {
        more = true;
        break;
      }
      entries.push(this.#entries.get(key) as Entry);
      last = key;
    }
    return { entries, revision: this.#revision, more, remaining: more ? this.#keys.count(prefix, last) : 0 };
  }

  /** The past is the present with the later events undone. */
  #rangeAt(prefix: string, options: RangeOptions, revision: number): RangeResult {
    const state = new Map<string, Entry>();
    for (const key of this.#keys.scan(prefix)) state.set(key, this.#entries.get(key) as Entry);
    for (let index = this.#history.length - 1; index >= revision - this.#compactedRevision; index--) {
      const event = this.#history[index] as WatchEvent;
      if (!event.key.startsWith(prefix)) continue;
      if (event.previous) state.set(event.key, event.previous);
      else state.delete(event.key);
    }
    const keys = [...state.keys()].filter((key) => key > (options.after ?? "")).sort();
    const limit = options.limit && options.limit > 0 ? options.limit : Infinity;
    const taken = limit < keys.length ? keys.slice(0, limit) : keys;
    return {
      entries: taken.map((key) => state.get(key) as Entry),
      revision,
      more: taken.length < keys.length,
      remaining: keys.length - taken.length,
    };
  }

  #publish(event: WatchEvent): void {
    this.#history.push(event);
    if (this.#history.length > HISTORY_MAX_EVENTS) this.compact(this.#compactedRevision + HISTORY_CUT_EVENTS);
    this.#hub.publish(event);
  }

  #armProgress(): void {
    if (this.#progress || !this.#clock) return;
    this.#progress = this.#clock.after(PROGRESS_INTERVAL_MS, () => {
      this.#progress = undefined;
      this.#hub.progress(this.#revision);
      if (this.#hub.size > 0) this.#armProgress();
    });
  }

  #load(record: LogRecord): void {
    this.#revision = Math.max(this.#revision, record.revision);
    if (record.type === "delete") {
      this.#entries.delete(record.key);
      this.#keys.delete(record.key);
      return;
    }
    if (!this.#entries.has(record.key)) this.#keys.add(record.key);
    this.#entries.set(record.key, new RecoveredEntry(record));
  }
}

const EMPTY = Buffer.alloc(0);

class FreshEntry implements Entry {
  readonly key: string;
  readonly object: StoredObject;
  readonly bytes: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;

  constructor(key: string, object: StoredObject, createRevision: number, modRevision: number) {
    this.key = key;
    this.object = object;
    this.bytes = Buffer.from(JSON.stringify(object));
    this.createRevision = createRevision;
    this.modRevision = modRevision;
  }
}

/** What came from disk is parsed when somebody first looks at it. */
class RecoveredEntry implements Entry {
  readonly key: string;
  readonly bytes: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  #object: StoredObject | undefined;

  constructor(record: LogRecord) {
    this.key = record.key;
    this.bytes = record.bytes;
    this.createRevision = record.createRevision;
    this.modRevision = record.revision;
  }

  withOwnBytes(): RecoveredEntry {
    return new RecoveredEntry({
      type: "put",
      key: this.key,
      bytes: Buffer.from(this.bytes),
      createRevision: this.createRevision,
      revision: this.modRevision,
    });
  }

  get object(): StoredObject {
    this.#object ??= deepFreeze(JSON.parse(this.bytes.toString()) as StoredObject);
    return this.#object;
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}
