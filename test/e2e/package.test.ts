import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { ROOT, TestCluster } from "../support/e2e.ts";

const cluster = new TestCluster();
after(() => fs.rmSync(cluster.home, { recursive: true, force: true }));

test("what npm pack makes installs into an empty folder, stays small and runs a pod", async () => {
  const packed = cluster.run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", cluster.home, ROOT], {
    timeoutMs: 120_000,
  });
  assert.equal(packed.status, 0, packed.stderr);
  const [info] = JSON.parse(packed.stdout) as [{ filename: string; unpackedSize: number }];
  assert.ok(info.unpackedSize < 30 * 1024 * 1024, `unpacks to ${info.unpackedSize} bytes`);

  const folder = path.join(cluster.home, "empty");
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, "package.json"), "{}");
  const installed = cluster.run("npm", ["install", "--prefix", folder, "--offline", path.join(cluster.home, info.filename)], {
    timeoutMs: 120_000,
  });
  assert.equal(installed.status, 0, installed.stderr);

  const kubesim = (...args: string[]) => cluster.run(process.execPath, [path.join(folder, "node_modules/kubesim/bin/kubesim.js"), ...args]);
  try {
    const up = kubesim("cluster", "up");
    assert.equal(up.status, 0, up.stderr);
    assert.equal(kubesim("run", "kubia", "--image=luksa/kubia").stdout, "pod/kubia created\n");
    assert.equal(kubesim("wait", "--for=condition=Ready", "pod/kubia", "--timeout=60s").stdout, "pod/kubia condition met\n");
    assert.match(kubesim("logs", "kubia").stdout, /Kubia server starting/);
  } finally {
    kubesim("cluster", "down");
  }
});
