import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MvccStore } from "../../src/store/memory-store.ts";
import { SortedKeys } from "../../src/store/sorted-keys.ts";
import { CompactedError, FutureRevisionError, type WatchEvent } from "../../src/store/store.ts";
import { StoreUnreadableError, StoreUnwritableError, WriteAheadLog } from "../../src/store/write-ahead-log.ts";
import { MemoryDisk } from "../../src/util/disk.ts";

const object = (value: unknown) => (revision: number) => ({ metadata: { resourceVersion: String(revision) }, value });
const valueOf = (store: MvccStore, key: string) => store.find(key)?.object["value"];
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("put and delete are compare-and-swap on the revision", () => {
  const store = new MvccStore();
  const created = store.put("/a/x", 0, object(1));
  assert.ok(created.ok);
  assert.deepEqual(store.put("/a/x", 0, object(2)), { ok: false, current: created.entry });
  const updated = store.put("/a/x", created.entry.modRevision, object(2));
  assert.ok(updated.ok && updated.entry.createRevision === created.entry.modRevision);
  assert.equal(store.delete("/a/x", created.entry.modRevision, object(3)).ok, false);
  assert.ok(store.delete("/a/x", updated.entry.modRevision, object(3)).ok);
  assert.equal(store.find("/a/x"), undefined);
});

test("objects are frozen and their bytes are their JSON with the revision in it", () => {
  const store = new MvccStore();
  const result = store.put("/a/x", 0, object({ deep: [1] }));
  assert.ok(result.ok);
  assert.throws(() => ((result.entry.object["value"] as { deep: number[] }).deep[0] = 2), TypeError);
  assert.deepEqual(JSON.parse(result.entry.bytes.toString()), {
    metadata: { resourceVersion: String(result.entry.modRevision) },
    value: { deep: [1] },
  });
});

test("a range at an old revision does not see later writes", () => {
  const store = new MvccStore();
  for (const name of ["a", "b", "c", "d"]) store.put(`/k/${name}`, 0, object(name));
  const first = store.range("/k/", { limit: 2 });
  assert.deepEqual([first.entries.map((entry) => entry.key), first.more, first.remaining], [["/k/a", "/k/b"], true, 2]);
  store.put("/k/bb", 0, object("late"));
  const c = store.find("/k/c");
  store.delete("/k/c", c?.modRevision ?? 0, object("gone"));
  const rest = store.range("/k/", { after: "/k/b", revision: first.revision });
  assert.deepEqual(
    rest.entries.map((entry) => entry.key),
    ["/k/c", "/k/d"],
  );
  assert.deepEqual(
    store.range("/k/", { after: "/k/b" }).entries.map((entry) => entry.key),
    ["/k/bb", "/k/d"],
  );
  assert.throws(() => store.range("/k/", { revision: store.revision + 1 }), FutureRevisionError);
});

test("a watch sees every event after its revision once and in order, never inside the write", async () => {
  const store = new MvccStore();
  const start = store.revision;
  store.put("/p/a", 0, object(1));
  const seen: number[] = [];
  store.watch("/p/", { after: start, onEvents: (events) => seen.push(...events.map((event) => event.revision)) });
  store.put("/p/b", 0, object(2));
  store.put("/other/b", 0, object(2));
  assert.deepEqual(seen, []);
  await turn();
  store.put("/p/c", 0, object(3));
  await turn();
  assert.deepEqual(seen, [2, 3, 5]);
});

test("a closed watch hears nothing more, and a compacted revision cannot be watched", async () => {
  const store = new MvccStore();
  const events: WatchEvent[] = [];
  const handle = store.watch("/p/", { after: store.revision, onEvents: (batch) => events.push(...batch) });
  store.put("/p/a", 0, object(1));
  handle.close();
  await turn();
  assert.deepEqual(events, []);
  store.compact(store.revision);
  assert.throws(() => store.watch("/p/", { after: 1, onEvents: () => undefined }), CompactedError);
});

test("sorted keys behave as a sorted array", () => {
  const key = fc.stringMatching(/^[ab]{1,4}$/).map((text) => `/${text}`);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 200 }), key, key, (operations, prefix, after) => {
      const keys = new SortedKeys();
      const model = new Set<string>();
      for (const [add, name] of operations) {
        keys[add ? "add" : "delete"](name);
        model[add ? "add" : "delete"](name);
      }
      const expected = [...model].filter((name) => name.startsWith(prefix) && name > after).sort();
      assert.deepEqual([...keys.scan(prefix, after)], expected);
      assert.equal(keys.count(prefix, after), expected.length);
    }),
  );
});

test("what was acknowledged survives a crash after any byte of the log", async () => {
  const disk = new MemoryDisk();
  const store = new MvccStore({ log: await WriteAheadLog.open(disk) });
  store.put("/k/a", 0, object("one"));
  store.put("/k/b", 0, object("two"));
  await store.durable();
  const acknowledged = store.revision;
  const kept = disk.files.get("log-0000000000000001")?.bytes.length ?? 0;
  store.put("/k/c", 0, object("three"));
  await store.durable();
  const whole = disk.files.get("log-0000000000000001")?.bytes as Buffer;
  for (let size = kept; size <= whole.length; size++) {
    const crashed = new MemoryDisk();
    crashed.files.set("log-0000000000000001", { bytes: whole.subarray(0, size), syncedSize: size });
    const reopened = new MvccStore({ log: await WriteAheadLog.open(crashed) });
    assert.equal(reopened.count("/k/"), size === whole.length ? 3 : 2);
    assert.ok(reopened.revision >= acknowledged);
    assert.equal(valueOf(reopened, "/k/b"), "two");
    // The torn tail is gone: what is written next can be read again.
    reopened.put("/k/d", 0, object("four"));
    await reopened.close();
    const again = new MvccStore({ log: await WriteAheadLog.open(crashed) });
    assert.ok(again.find("/k/d"));
  }
});

test("damage before the tail is an error, never an empty cluster", async () => {
  const disk = new MemoryDisk();
  const store = new MvccStore({ log: await WriteAheadLog.open(disk) });
  store.put("/k/a", 0, object("one"));
  await store.durable();
  store.put("/k/b", 0, object("two"));
  await store.close();
  const file = disk.files.get("log-0000000000000001");
  assert.ok(file);
  file.bytes = Buffer.from(file.bytes);
  file.bytes[30] = (file.bytes[30] as number) ^ 1;
  await assert.rejects(WriteAheadLog.open(disk), StoreUnreadableError);
  file.bytes.write("KUBESIM9", 0);
  await assert.rejects(WriteAheadLog.open(disk), /newer kubesim/);
});

test("a snapshot replaces the log and keeps deletions deleted and revisions growing", async () => {
  const disk = new MemoryDisk();
  const store = new MvccStore({ log: await WriteAheadLog.open(disk, { snapshotAfterBytes: 2000 }) });
  for (let i = 0; i < 40; i++) {
    const current = store.find("/k/a")?.modRevision ?? 0;
    store.put("/k/a", current, object(`value ${i}`));
    store.put(`/k/n${i}`, 0, object(i));
    await store.durable();
  }
  store.delete("/k/n3", store.find("/k/n3")?.modRevision ?? 0, object("gone"));
  await store.close();
  assert.ok([...disk.files.keys()].some((name) => name.startsWith("snapshot-")));
  const reopened = new MvccStore({ log: await WriteAheadLog.open(disk) });
  assert.equal(reopened.revision, store.revision);
  assert.equal(reopened.count("/k/"), 40);
  assert.equal(valueOf(reopened, "/k/a"), "value 39");
});

test("a full disk refuses writes, and they go on when there is room again", async () => {
  const disk = new MemoryDisk();
  let full = false;
  const append = disk.append.bind(disk);
  disk.append = async (name, truncateTo) => {
    const file = await append(name, truncateTo);
    const write = file.write.bind(file);
    return Object.defineProperty(
      { ...file, write: (chunks: readonly Uint8Array[]) => (full ? Promise.reject(new Error("no space left on device")) : write(chunks)) },
      "size",
      { get: () => file.size },
    );
  };
  const store = new MvccStore({ log: await WriteAheadLog.open(disk) });
  full = true;
  store.put("/k/a", 0, object(1));
  await assert.rejects(store.durable(), StoreUnwritableError);
  assert.throws(() => store.put("/k/b", 0, object(2)), StoreUnwritableError);
  full = false;
  await turn();
  assert.ok(store.put("/k/b", 0, object(2)).ok);
  await store.close();
  const reopened = new MvccStore({ log: await WriteAheadLog.open(disk) });
  assert.deepEqual(
    reopened.range("/k/").entries.map((entry) => entry.key),
    ["/k/a", "/k/b"],
  );
});
