import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { readTar, TAR_END, tarEntry } from "../../src/util/tar.ts";

const facts = { mode: 0o640, uid: 1000, gid: 7, mtimeMs: 1_700_000_000_000 };
const long = `${"deep/".repeat(40)}file`;

test("what is packed is unpacked as it was, long names and links too", () => {
  const archive = Buffer.concat([
    ...tarEntry({ ...facts, name: "a/", type: "directory" }),
    ...tarEntry({ ...facts, name: long, type: "file" }, Buffer.from("x".repeat(1000))),
    ...tarEntry({ ...facts, name: "link", type: "symlink", target: long }),
    TAR_END,
  ]);
  const entries = [...readTar(archive)];
  assert.deepEqual(
    entries.map(({ name, type, target }) => [name, type, target]),
    [
      ["a/", "directory", ""],
      [long, "file", ""],
      ["link", "symlink", long],
    ],
  );
  assert.deepEqual(
    [entries[1]?.mode, entries[1]?.uid, entries[1]?.mtimeMs, entries[1]?.data.length],
    [0o640, 1000, 1_700_000_000_000, 1000],
  );
});

test(
  "the host's tar reads our archives, and we read its pax ones",
  { skip: spawnSync("tar", ["--version"]).status !== 0 && "no tar here" },
  () => {
    const ours = Buffer.concat([...tarEntry({ ...facts, name: long, type: "file" }, Buffer.from("hi")), TAR_END]);
    const listed = spawnSync("tar", ["tvf", "-"], { input: ours, encoding: "utf8", env: { ...process.env, TZ: "UTC" } });
    assert.match(listed.stdout, new RegExp(`^-rw-r----- 1000/7 +2 2023-11-14 22:13 ${long}\n$`));
    const theirs = spawnSync("tar", ["--format=pax", "--transform", `s,.*,${long},`, "-cf", "-", "package.json"], {
      cwd: new URL("../..", import.meta.url),
    });
    assert.deepEqual(
      [...readTar(theirs.stdout)].map(({ name }) => name),
      [long],
    );
  },
);

test("an archive that breaks off is told of", () => {
  const whole = Buffer.concat(tarEntry({ ...facts, name: "a", type: "file" }, Buffer.from("x".repeat(1000))));
  assert.throws(() => [...readTar(whole.subarray(0, 700))], /unexpected EOF/);
  assert.throws(() => [...readTar(Buffer.from("no archive at all".repeat(60)))], /invalid tar header|unexpected EOF/);
});
