import assert from "node:assert/strict";
import { test } from "node:test";
import type { Mount } from "../../src/containers/filesystem.ts";
import { exportTree, importTree } from "../../src/containers/exported-tree.ts";
import { createMemoryFileSystem } from "../../src/containers/memory-filesystem.ts";
import { UserFileSystem } from "../../src/containers/user-file-system.ts";
import { MountedFileSystem } from "../../src/containers/mounted-filesystem.ts";

const mount = (containerPath: string, fileSystem: Mount["fileSystem"], readOnly = false, sourcePath = "/"): Mount => ({
  containerPath,
  fileSystem,
  sourcePath,
  readOnly,
  type: "tmpfs",
});

test("containers share an image and do not see each other's writes", () => {
  const image = createMemoryFileSystem();
  image.mkdir("/etc/app", { recursive: true });
  image.writeFile("/etc/app/config", "from the image");
  const base = image.freeze();
  const [first, second] = [createMemoryFileSystem({ base }), createMemoryFileSystem({ base })];
  first.writeFile("/etc/app/config", "mine");
  first.remove("/etc/app", { recursive: true });
  first.mkdir("/etc/app");
  assert.deepEqual(first.readdir("/etc/app"), []);
  assert.equal(second.readFile("/etc/app/config").toString(), "from the image");
});

test("errors are strerror's words", () => {
  const fs = createMemoryFileSystem();
  fs.mkdir("/d");
  fs.writeFile("/d/f", "x");
  assert.throws(() => fs.readFile("/nope"), { code: "ENOENT", message: "No such file or directory" });
  assert.throws(() => fs.writeFile("/no/such", ""), { code: "ENOENT" });
  assert.throws(() => fs.remove("/d"), { code: "ENOTEMPTY", message: "Directory not empty" });
  assert.throws(() => fs.readdir("/d/f"), { code: "ENOTDIR" });
  assert.throws(() => fs.readFile("/d"), { code: "EISDIR" });
  fs.symlink("b", "/a");
  fs.symlink("a", "/b");
  assert.throws(() => fs.readFile("/a"), { code: "ELOOP" });
});

test("a volume is one tree in several containers; read-only mounts refuse", () => {
  const volume = createMemoryFileSystem();
  const first = new MountedFileSystem(createMemoryFileSystem(), [mount("/data", volume)]);
  const second = new MountedFileSystem(createMemoryFileSystem(), [mount("/mnt/x", volume, true)]);
  first.writeFile("/data/file", "shared");
  assert.equal(second.readFile("/mnt/x/file").toString(), "shared");
  assert.throws(() => second.writeFile("/mnt/x/file", ""), { code: "EROFS", message: "Read-only file system" });
  assert.throws(() => first.rename("/data/file", "/file"), { code: "EXDEV" });
  assert.deepEqual(second.readdir("/mnt"), ["x"]);
});

test("symlinks lead across mounts and through the kubelet's ..data", () => {
  const volume = createMemoryFileSystem();
  volume.mkdir("/..2026");
  volume.writeFile("/..2026/key", "1");
  volume.symlink("..2026", "/..data");
  volume.symlink("..data/key", "/key");
  const root = createMemoryFileSystem();
  root.mkdir("/run");
  root.mkdir("/var");
  root.symlink("../run", "/var/run");
  const fs = new MountedFileSystem(root, [mount("/var/run/secrets", volume, true), mount("/one", volume, true, "/key")]);
  assert.equal(fs.readFile("/run/secrets/key").toString(), "1");
  assert.equal(fs.readFile("/one").toString(), "1");
  assert.equal(fs.realpath("/var/run/secrets/key"), "/run/secrets/..2026/key");
  volume.mkdir("/..2027");
  volume.writeFile("/..2027/key", "2");
  volume.symlink("..2027", "/..tmp");
  volume.rename("/..tmp", "/..data");
  assert.equal(fs.readFile("/one").toString(), "2");
});

test("a tree survives export and import", () => {
  const fs = createMemoryFileSystem({ now: () => 5000 });
  fs.mkdir("/d", { mode: 0o700 });
  fs.writeFile("/d/f", Buffer.from([0, 255]), { mode: 0o600, uid: 3 });
  fs.symlink("f", "/d/l");
  const copy = importTree(JSON.parse(JSON.stringify(exportTree(fs))));
  assert.deepEqual(exportTree(copy), exportTree(fs));
  copy.writeFile("/d/l", "changed");
  assert.equal(fs.readFile("/d/f").length, 2);
});

test("a user who is not root may only what modes, groups and sticky folders allow", () => {
  const files = createMemoryFileSystem();
  files.mkdir("/etc");
  files.writeFile("/etc/secret", "s", { mode: 0o600 });
  files.writeFile("/etc/shared", "s", { mode: 0o640, gid: 2000 });
  files.mkdir("/root", { mode: 0o700 });
  files.writeFile("/root/x", "x");
  files.mkdir("/tmp");
  files.chmod("/tmp", 0o1777);
  files.writeFile("/tmp/roots", "r");
  files.mkdir("/data");
  files.chown("/data", 0, 2000);
  files.chmod("/data", 0o2775);
  const user = new UserFileSystem(files, { uid: 1000, gid: 3000, groups: [2000] });
  const refused = (act: () => unknown, code: string) => assert.throws(act, { code });
  refused(() => user.readFile("/etc/secret"), "EACCES");
  assert.equal(user.readFile("/etc/shared").toString(), "s");
  refused(() => user.writeFile("/etc/shared", "mine"), "EACCES");
  refused(() => user.writeFile("/etc/new", ""), "EACCES");
  refused(() => user.stat("/root/x"), "EACCES");
  assert.equal(user.exists("/root/x"), false);
  user.writeFile("/tmp/own", "o");
  user.remove("/tmp/own");
  refused(() => user.remove("/tmp/roots"), "EPERM");
  user.mkdir("/data/a/b", { recursive: true });
  user.writeFile("/data/a/b/f", "1");
  user.writeFile("/data/a/b/f", "2", { append: true });
  const { uid, gid } = user.stat("/data/a/b/f");
  assert.deepEqual([uid, gid, user.readFile("/data/a/b/f").toString()], [1000, 2000, "12"]);
  refused(() => user.chmod("/etc/secret", 0o777), "EPERM");
  refused(() => user.chown("/data/a", 0, 0), "EPERM");
  user.chmod("/data/a/b/f", 0o600);
});
