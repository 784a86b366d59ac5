import type { AppendFile, Disk } from "../util/disk.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./store.ts";

/**
 * The log on disk: segments `log-<first revision>` of frames, one frame a flush (group commit), and
 * snapshots `snapshot-<revision>` that make older segments superfluous.
 *
 *   frame   = length u32 | crc32 u32 | records
 *   record  = type u8 | revision f64 | createRevision f64 | key length u16 | value length u32 | key | value
 *
 * A frame is one write and one sync: the last frame of the last segment may be torn by a crash and is
 * cut off then, since nobody was told that it was stored. Damage anywhere else is an error.
 */
export interface LogRecord {
  readonly type: "put" | "delete";
  readonly revision: number;
  readonly createRevision: number;
  readonly key: string;
  readonly bytes: Buffer;
}

/** The files are damaged, or of a version this program does not know. The message says what to do. */
export class StoreUnreadableError extends Error {
  override readonly name = "StoreUnreadableError";
}

/** The disk refuses writes (full, gone). Writes fail until it takes them again; nothing acknowledged is lost. */
export class StoreUnwritableError extends Error {
  override readonly name = "StoreUnwritableError";
}

interface LiveState {
  readonly revision: number;
  readonly entries: readonly Entry[];
}

export interface WriteAheadLogOptions {
  /** A new snapshot is taken when the log has grown by this much and by more than the live data. Default 64 MiB. */
  readonly snapshotAfterBytes?: number;
  /** Hands the event loop back between parts of long work. */
  yieldToHost?(): Promise<void>;
}

const MAGIC = "KUBESIM1";
const HEADER_BYTES = 8;
const RECORD_BYTES = 1 + 8 + 8 + 2 + 4;
const SNAPSHOT_FRAME_RECORDS = 512;

export class WriteAheadLog {
  readonly #disk: Disk;
  readonly #snapshotAfterBytes: number;
  readonly #yieldToHost: () => Promise<void>;
  #file: AppendFile;
  #fileName: string;
  #recovered: LogRecord[] | undefined;
  #queue: Buffer[] = [];
  #waiters: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #flushing: Promise<void> | undefined;
  /** Bytes of the current segment known to be whole. */
  #goodBytes: number;
  #sinceSnapshotBytes: number;
  #failure: StoreUnwritableError | undefined;
  #live: (() => LiveState) | undefined;
  #closed = false;

  private constructor(
    disk: Disk,
    options: WriteAheadLogOptions,
    opened: { file: AppendFile; fileName: string; records: LogRecord[]; bytes: number },
  ) {
    this.#disk = disk;
    this.#snapshotAfterBytes = options.snapshotAfterBytes ?? 64 * 1024 * 1024;
    this.#yieldToHost = options.yieldToHost ?? (() => Promise.resolve());
    this.#file = opened.file;
    this.#fileName = opened.fileName;
    this.#recovered = opened.records;
    this.#goodBytes = opened.file.size;
    this.#sinceSnapshotBytes = opened.bytes;
  }

  /** Reads what is there, cuts a torn tail, and opens the last segment for appending. Throws StoreUnreadableError. */
  static async open(disk: Disk, options: WriteAheadLogOptions = {}): Promise<WriteAheadLog> {
    const names = await disk.list();
    const snapshots = names.filter((name) => name.startsWith("snapshot-")).sort();
    const segments = names.filter((name) => name.startsWith("log-")).sort();
    const records: LogRecord[] = [];
    const snapshot = snapshots.at(-1);
    if (snapshot) for (const record of readFile(snapshot, await readWhole(disk, snapshot), false).records) records.push(record);
    const snapshotRevision = snapshot ? Number(snapshot.slice("snapshot-".length)) : 0;
    if (!snapshot && segments.length > 0 && Number(segments[0]?.slice("log-".length)) > 2) {
      throw new StoreUnreadableError(
        `the cluster's state is incomplete: ${segments[0]} has no snapshot before it; restore the folder from a copy, or start anew with: kubesim cluster reset`,
      );
    }
    let tailBytes: number | undefined;
    let bytes = 0;
    for (const name of segments) {
      const last = name === segments.at(-1);
      const content = readFile(name, await readWhole(disk, name), last);
      for (const record of content.records) if (record.revision > snapshotRevision) records.push(record);
      bytes += content.goodBytes;
      if (last) tailBytes = content.goodBytes;
    }
    const fileName = segments.at(-1) ?? segmentName(snapshotRevision + 1);
    const file = await disk.append(fileName, tailBytes);
    if (file.size === 0) {
      await file.write([Buffer.from(MAGIC)]);
      await file.sync();
    }
    return new WriteAheadLog(disk, options, { file, fileName, records, bytes });
  }

  /** The records found at opening; given once, then forgotten. */
  takeRecovered(): readonly LogRecord[] {
    const records = this.#recovered ?? [];
    this.#recovered = undefined;
    return records;
  }

  /** The same, without forgetting them. */
  peekRecovered(): readonly LogRecord[] {
    return this.#recovered ?? [];
  }

  /** Where snapshots are taken from. */
  provideLive(live: () => LiveState): void {
    this.#live = live;
  }

  /** Throws while the disk refuses writes. */
  assertWritable(): void {
    if (this.#failure) {
      const failure = this.#failure;
      this.#startFlush();
      throw failure;
    }
  }

  append(record: LogRecord): void {
    this.#queue.push(encodeRecord(record), record.bytes);
    this.#startFlush();
  }

  durable(): Promise<void> {
    if (this.#queue.length === 0 && !this.#flushing) return this.#failure ? Promise.reject(this.#failure) : Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#startFlush();
    });
  }

  async close(): Promise<void> {
    await this.durable().catch(() => undefined);
    while (this.#flushing) await this.#flushing;
    this.#closed = true;
    await this.#file.close();
  }

  #startFlush(): void {
    if (this.#flushing || this.#closed) return;
    // Writes of the same turn share one frame.
    this.#flushing = Promise.resolve()
      .then(() => this.#flushAll())
      .finally(() => {
        this.#flushing = undefined;
        if (this.#queue.length > 0 && !this.#failure) this.#startFlush();
      });
  }

  async #flushAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const chunks = this.#queue;
      const waiters = this.#waiters;
      this.#queue = [];
      this.#waiters = [];
      try {
        if (this.#failure) this.#file = await this.#reopen();
        const frame = encodeFrame(chunks);
        await this.#file.write(frame.chunks);
        await this.#file.sync();
        this.#goodBytes += frame.bytes;
        this.#sinceSnapshotBytes += frame.bytes;
        this.#failure = undefined;
        for (const waiter of waiters) waiter.resolve();
      } catch (cause) {
        this.#failure = new StoreUnwritableError(`the cluster's state cannot be written: ${(cause as Error).message}`, { cause });
        // Kept for the next try: they are in memory already and must reach the disk before anything newer.
        this.#queue = [...chunks, ...this.#queue];
        for (const waiter of waiters) waiter.reject(this.#failure);
        return;
      }
      if (this.#sinceSnapshotBytes > this.#snapshotAfterBytes) await this.#snapshot();
    }
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  async #reopen(): Promise<AppendFile> {
    await this.#file.close().catch(() => undefined);
    return this.#disk.append(this.#fileName, this.#goodBytes);
  }

  /** Called with nothing in flight: all that is live has been flushed or is still queued for the next segment. */
  async #snapshot(): Promise<void> {
    const live = this.#live?.();
    if (!live) return;
    const liveBytes = live.entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
    this.#sinceSnapshotBytes = 0;
    if (liveBytes > this.#snapshotAfterBytes * 4) this.#sinceSnapshotBytes = -liveBytes;
    try {
      const chunks: Uint8Array[] = [Buffer.from(MAGIC)];
      for (let from = 0; from < live.entries.length; from += SNAPSHOT_FRAME_RECORDS) {
        const records = live.entries.slice(from, from + SNAPSHOT_FRAME_RECORDS).flatMap((entry) => [
          encodeRecord({
            type: "put",
            revision: entry.modRevision,
            createRevision: entry.createRevision,
            key: entry.key,
            bytes: entry.bytes,
          }),
          entry.bytes,
        ]);
        chunks.push(...encodeFrame(records).chunks);
        await this.#yieldToHost();
      }
      // The newest revision may be a deletion's: without this mark the next revision would be given twice.
      const mark = encodeRecord({ type: "delete", revision: live.revision, createRevision: 0, key: "", bytes: Buffer.alloc(0) });
      chunks.push(...encodeFrame([mark]).chunks);
      await this.#disk.writeAtomic(`snapshot-${padded(live.revision)}`, chunks);
      await this.#beginSegment(segmentName(live.revision + 1));
      await this.#removeBefore(live.revision);
    } catch {
      // A snapshot only saves space: the log as it is stays whole, and the next flush tries again later.
      this.#sinceSnapshotBytes = 0;
    }
  }

  async #beginSegment(fileName: string): Promise<void> {
    const file = await this.#disk.append(fileName, 0);
    try {
      await file.write([Buffer.from(MAGIC)]);
      await file.sync();
    } catch (error) {
      await file.close();
      // The log goes on in the old segment, whose tail may be torn one day: that is allowed only of the last one there is.
      await this.#disk.remove(fileName);
      throw error;
    }
    await this.#file.close();
    this.#file = file;
    this.#fileName = fileName;
    this.#goodBytes = file.size;
  }

  async #removeBefore(revision: number): Promise<void> {
    for (const name of await this.#disk.list()) {
      const obsolete =
        (name.startsWith("snapshot-") && Number(name.slice(9)) < revision) || (name.startsWith("log-") && name !== this.#fileName);
      if (obsolete) await this.#disk.remove(name);
    }
  }
}

const padded = (revision: number) => String(revision).padStart(16, "0");
const segmentName = (revision: number) => `log-${padded(revision)}`;

async function readWhole(disk: Disk, name: string): Promise<Buffer> {
  return (await disk.read(name)) ?? Buffer.alloc(0);
}

function encodeRecord(record: LogRecord): Buffer {
  const key = Buffer.from(record.key);
  const head = Buffer.allocUnsafe(RECORD_BYTES + key.length);
  head.writeUInt8(record.type === "put" ? 1 : 2, 0);
  head.writeDoubleLE(record.revision, 1);
  head.writeDoubleLE(record.createRevision, 9);
  head.writeUInt16LE(key.length, 17);
  head.writeUInt32LE(record.bytes.length, 19);
  key.copy(head, RECORD_BYTES);
  return head;
}

function encodeFrame(records: readonly Buffer[]): { readonly chunks: readonly Uint8Array[]; readonly bytes: number } {
  const length = records.reduce((sum, chunk) => sum + chunk.length, 0);
  const head = Buffer.allocUnsafe(HEADER_BYTES);
  head.writeUInt32LE(length, 0);
  head.writeUInt32LE(crc32(records), 4);
  return { chunks: [head, ...records], bytes: HEADER_BYTES + length };
}

/** @param mayBeTorn whether the file's end may be missing (the last segment's). */
function readFile(name: string, file: Buffer, mayBeTorn: boolean): { readonly records: LogRecord[]; readonly goodBytes: number } {
  if (file.length < MAGIC.length && mayBeTorn) return { records: [], goodBytes: 0 };
  const magic = file.subarray(0, MAGIC.length).toString("latin1");
  if (magic !== MAGIC) {
    const newer = /^KUBESIM[2-9]$/.test(magic);
    throw new StoreUnreadableError(
      newer
        ? `the cluster's state was written by a newer kubesim (${name} has format ${magic.slice(7)}): use that version, or start anew with: kubesim cluster reset`
        : `the cluster's state is damaged: ${name} does not start as a kubesim log; restore the folder from a copy, or start anew with: kubesim cluster reset`,
    );
  }
  const records: LogRecord[] = [];
  let offset = MAGIC.length;
  while (offset < file.length) {
    const length = offset + HEADER_BYTES <= file.length ? file.readUInt32LE(offset) : Infinity;
    const end = offset + HEADER_BYTES + length;
    const body = end <= file.length ? file.subarray(offset + HEADER_BYTES, end) : undefined;
    const whole = body !== undefined && length > 0 && crc32([body]) === file.readUInt32LE(offset + 4);
    if (!whole) {
      const tornTail = end >= file.length || file.subarray(offset).every((byte) => byte === 0);
      if (mayBeTorn && tornTail) break;
      throw new StoreUnreadableError(
        `the cluster's state is damaged: ${name} at byte ${offset}; restore the folder from a copy, or start anew with: kubesim cluster reset`,
      );
    }
    decodeRecords(body, records);
    offset = end;
  }
  return { records, goodBytes: offset };
}

function decodeRecords(body: Buffer, records: LogRecord[]): void {
  for (let at = 0; at < body.length;) {
    const keyEnd = at + RECORD_BYTES + body.readUInt16LE(at + 17);
    const valueEnd = keyEnd + body.readUInt32LE(at + 19);
    records.push({
      type: body.readUInt8(at) === 1 ? "put" : "delete",
      revision: body.readDoubleLE(at + 1),
      createRevision: body.readDoubleLE(at + 9),
      key: body.toString("utf8", at + RECORD_BYTES, keyEnd),
      bytes: body.subarray(keyEnd, valueEnd),
    });
    at = valueEnd;
  }
}
