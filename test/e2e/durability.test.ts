import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { TestCluster } from "../support/e2e.ts";

const cluster = new TestCluster();
before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
});
after(() => cluster.down());

const daemon = () => JSON.parse(fs.readFileSync(path.join(cluster.home, "clusters/default/daemon.json"), "utf8")) as { pid: number };

test("an acknowledged write survives kill -9, and the next command starts the daemon again", () => {
  assert.equal(cluster.kubesim("create", "configmap", "kept", "--from-literal=a=b").stdout, "configmap/kept created\n");
  const before = daemon().pid;
  process.kill(before, "SIGKILL");
  const get = cluster.kubesim("get", "cm", "kept", "-o", "jsonpath={.data.a}");
  assert.deepEqual([get.status, get.stdout], [0, "b"], get.stderr);
  assert.notEqual(daemon().pid, before);
});

test("pods run again after a restart, with one restart more", () => {
  assert.equal(cluster.kubesim("run", "kubia", "--image=luksa/kubia").status, 0);
  assert.equal(cluster.kubesim("wait", "--for=condition=Ready", "pod/kubia", "--timeout=60s").status, 0);
  process.kill(daemon().pid, "SIGKILL");
  const restarts = () =>
    cluster.kubesim("get", "pod", "kubia", "-o", "jsonpath={.status.containerStatuses[0].restartCount}{.status.containerStatuses[0].ready}")
      .stdout;
  const deadline = performance.now() + 60_000;
  while (restarts() !== "1true" && performance.now() < deadline) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  assert.equal(restarts(), "1true");
});

test("files with credentials are the user's alone", { skip: process.platform === "win32" && "Windows has no file modes" }, () => {
  const folder = path.join(cluster.home, "clusters/default");
  assert.equal(fs.statSync(folder).mode & 0o077, 0);
  for (const name of fs.readdirSync(folder, { recursive: true }) as string[]) {
    const stat = fs.statSync(path.join(folder, name));
    if (stat.isFile()) assert.equal(stat.mode & 0o077, 0, name);
  }
});
