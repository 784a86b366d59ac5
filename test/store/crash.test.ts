import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { HostDisk } from "../../src/host/host-disk.ts";
import { MvccStore } from "../../src/store/memory-store.ts";
import { WriteAheadLog } from "../../src/store/write-ahead-log.ts";
import { MemoryDisk } from "../../src/util/disk.ts";

const ROUNDS = 8;
const WRITER = path.join(import.meta.dirname, "crash-writer.ts");

interface Line {
  readonly key: string;
  /** A write set out: until it is acknowledged, nobody can tell whether it was stored. */
  readonly begins?: true;
  readonly revision?: number;
  /** Undefined: deleted. */
  readonly value?: string;
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-crash-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Lets the writer go on until it has acknowledged that many writes, kills it, and gives back what it told. */
function killAfter(count: number, round: number): Promise<Line[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", WRITER, folder, String(round)], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let errors = "";
    let lines = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      lines += chunk.filter((byte) => byte === 10).length;
      if (lines >= count) child.kill("SIGKILL");
    });
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    child.on("close", () => {
      if (lines < count) return reject(new Error(`the writer ended by itself: ${errors}`));
      const whole = output.slice(0, output.lastIndexOf("\n"));
      resolve(whole.split("\n").map((line) => JSON.parse(line) as Line));
    });
  });
}

test("what was acknowledged survives kill -9 at any moment, also while a snapshot is taken", async () => {
  const known = new Map<string, Line>();
  let revision = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const each of await killAfter(50 + Math.floor(Math.random() * 400), round)) known.set(each.key, each);
    const store = new MvccStore({ log: await WriteAheadLog.open(new HostDisk(folder)) });
    assert.ok(store.revision >= revision, `round ${round}: revisions go on`);
    for (const { key, begins, revision: acknowledged, value } of known.values())
      if (!begins) assert.equal(store.find(key)?.object["value"], value, `round ${round}: ${key} at revision ${acknowledged}`);
    revision = store.revision;
    await store.close();
  }
  assert.ok(fs.readdirSync(folder).some((name) => name.startsWith("snapshot-")));
});

test("a snapshot that a crash left half-written is none", async () => {
  const disk = new HostDisk(path.join(folder, "half"));
  const store = new MvccStore({ log: await WriteAheadLog.open(disk) });
  store.put("/k/a", 0, (revision) => ({ metadata: { resourceVersion: String(revision) }, value: 1 }));
  await store.close();
  for (const content of ["", "KUBESIM1", "KUBESIM1abc"]) {
    fs.writeFileSync(path.join(folder, "half", "snapshot-0000000000000009.tmp"), content);
    const reopened = new MvccStore({ log: await WriteAheadLog.open(disk) });
    assert.equal(reopened.find("/k/a")?.object["value"], 1);
    await reopened.close();
    assert.deepEqual(fs.readdirSync(path.join(folder, "half")), ["log-0000000000000001"]);
  }
});

test("a snapshot after which there is no room for a new segment leaves the log as it was, torn tail and all", async () => {
  const disk = new MemoryDisk();
  const first = "log-0000000000000001";
  const append = disk.append.bind(disk);
  disk.append = async (name, truncateTo) => {
    const file = await append(name, truncateTo);
    return name === first ? file : { ...file, write: () => Promise.reject(new Error("no space left on device")) };
  };
  const store = new MvccStore({ log: await WriteAheadLog.open(disk, { snapshotAfterBytes: 300 }) });
  for (let index = 0; index < 10; index++) {
    store.put(`/k/${index}`, 0, (revision) => ({ metadata: { resourceVersion: String(revision) }, value: "x".repeat(60) }));
    await store.durable();
  }
  assert.ok([...disk.files.keys()].some((name) => name.startsWith("snapshot-")));
  const log = disk.files.get(first);
  assert.ok(log);
  log.bytes = log.bytes.subarray(0, log.bytes.length - 5);
  assert.equal(new MvccStore({ log: await WriteAheadLog.open(disk) }).count("/k/"), 9);
});
