/**
 * The contract of the store: a small etcd. Revisions, ranges, compare-and-swap, watch from a
 * revision, compaction. Synchronous at its core: a call contains no await, so it needs no mutex;
 * `durable` tells when what was acknowledged is on disk.
 */

/** One key at one revision. The object is frozen and its bytes are its JSON, encoded once. */
export interface Entry {
  readonly key: string;
  /** Frozen, with metadata.resourceVersion set to modRevision. Parsed on first use after a restart. */
  readonly object: StoredObject;
  /** UTF-8 JSON of `object`. GET, LIST and every watcher write these very bytes. */
  readonly bytes: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** What the store must know of an object: nothing but that it is one. */
export type StoredObject = Readonly<Record<string, unknown>>;

export interface WatchEvent {
  readonly type: "PUT" | "DELETE";
  readonly revision: number;
  readonly key: string;
  /** The entry after a PUT; for a DELETE the last one, with its resourceVersion at the deletion's revision. */
  readonly entry: Entry;
  /** What stood there before; undefined for a creation. */
  readonly previous: Entry | undefined;
}

export interface RangeOptions {
  /** At most so many entries; 0 or undefined: all. */
  readonly limit?: number;
  /** Start after this key (a continue token's). */
  readonly after?: string;
  /** Read as of this revision; undefined: now. Throws Compacted or FutureRevision. */
  readonly revision?: number;
}

export interface RangeResult {
  readonly entries: readonly Entry[];
  /** The revision that was read. */
  readonly revision: number;
  /** Whether more entries follow. */
  readonly more: boolean;
  /** How many entries follow after the last one. */
  readonly remaining: number;
}

export interface WatchOptions {
  /** Events with a revision greater than this one. Throws Compacted. */
  readonly after: number;
  /** Called in revision order, never from within the write itself. A slow consumer buffers on its side. */
  onEvents(events: readonly WatchEvent[]): void;
  /** Called when `progress()` is asked for or on the store's own rhythm: nothing more up to this revision. */
  onProgress?(revision: number): void;
}

export interface WatchHandle {
  close(): void;
}

/** What a write stores: given the revision that it will have. */
export type BuildObject = (revision: number) => StoredObject;

export interface Store {
  /** The newest revision. */
  readonly revision: number;
  /** The oldest revision that can still be read or watched from. */
  readonly compactedRevision: number;
  find(key: string): Entry | undefined;
  range(prefix: string, options?: RangeOptions): RangeResult;
  /** How many keys have this prefix, without reading them. */
  count(prefix: string): number;
  /**
   * Writes if the key stands at `expectedModRevision` (0: does not exist); otherwise returns the
   * entry that stands there (undefined where there is none) as a conflict.
   */
  put(key: string, expectedModRevision: number, build: BuildObject): PutResult;
  /** Deletes if the key stands at `expectedModRevision`. The DELETE event carries `build`'s object. */
  delete(key: string, expectedModRevision: number, build: BuildObject): PutResult;
  watch(prefix: string, options: WatchOptions): WatchHandle;
  /** Forgets history before `revision`. */
  compact(revision: number): void;
  /** Resolves when every write made before this call is on disk; rejects when the disk failed. */
  durable(): Promise<void>;
  /** Flushes and closes. */
  close(): Promise<void>;
}

export type PutResult = { readonly ok: true; readonly entry: Entry } | { readonly ok: false; readonly current: Entry | undefined };

/** The asked revision is no longer kept. API: 410 Expired. */
export class CompactedError extends Error {
  override readonly name = "CompactedError";
  readonly compactedRevision: number;
  constructor(compactedRevision: number) {
    super("mvcc: required revision has been compacted");
    this.compactedRevision = compactedRevision;
  }
}

/** The asked revision is yet to come. API: 504 Timeout "Too large resource version". */
export class FutureRevisionError extends Error {
  override readonly name = "FutureRevisionError";
  readonly revision: number;
  constructor(revision: number) {
    super("mvcc: required revision is a future revision");
    this.revision = revision;
  }
}
