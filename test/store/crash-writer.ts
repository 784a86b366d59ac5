// Run and killed by crash.test.ts: writes as fast as the disk takes it, and prints what begins and what was acknowledged.
import fs from "node:fs";
import { yieldToHost } from "../../src/host/host-clock.ts";
import { HostDisk } from "../../src/host/host-disk.ts";
import { MvccStore } from "../../src/store/memory-store.ts";
import { WriteAheadLog } from "../../src/store/write-ahead-log.ts";

const [folder = "", round = ""] = process.argv.slice(2);
const KEYS = 200;
const CLIENTS = 8;
/** Small, so that most of the time a snapshot is under way. */
const SNAPSHOT_AFTER_BYTES = 20_000;

const log = await WriteAheadLog.open(new HostDisk(folder), { snapshotAfterBytes: SNAPSHOT_AFTER_BYTES, yieldToHost });
const store = new MvccStore({ log });

async function client(first: number): Promise<void> {
  for (let index = first; ; index += CLIENTS) {
    const key = `/k/${index % KEYS}`;
    const current = store.find(key);
    const value = `${round}:${index}`;
    const build = (revision: number) => ({ metadata: { resourceVersion: String(revision) }, value, padding: "x".repeat(500) });
    tell({ key, begins: true });
    const isDelete = current !== undefined && index % 7 === 0;
    const written = isDelete ? store.delete(key, current.modRevision, build) : store.put(key, current?.modRevision ?? 0, build);
    if (!written.ok) throw new Error(`${key} changed by somebody else`);
    await store.durable();
    tell({ key, revision: written.entry.modRevision, value: isDelete ? undefined : value });
  }
}

/** At once: a line that waits in this process would die with it. The pipe takes what there is room for. */
function tell(line: object): void {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSome(rest));
}

function writeSome(bytes: Buffer): number {
  try {
    return fs.writeSync(1, bytes);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    // The reader is behind.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return 0;
  }
}

await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)));
