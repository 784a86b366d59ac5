import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { TestCluster } from "../support/e2e.ts";
import { Fuzzer } from "./fuzzer.ts";

// KUBESIM_FUZZ_SECONDS and KUBESIM_FUZZ_SEED make it run longer or again.
const SECONDS = Number(process.env["KUBESIM_FUZZ_SECONDS"] ?? 60);
const SEED = Number(process.env["KUBESIM_FUZZ_SEED"] ?? Date.now() % 1_000_000);
const GROWTH_MAX_MB = 400;

const cluster = new TestCluster();
const folder = path.join(cluster.home, "clusters/default");
before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
});
after(() => cluster.down());

test("no request makes the API server fail, fall or grow", async () => {
  const pid = () => (JSON.parse(fs.readFileSync(path.join(folder, "daemon.json"), "utf8")) as { pid: number }).pid;
  const started = pid();
  const fuzzer = new Fuzzer(path.join(folder, "api.sock"), SEED);
  assert.equal(cluster.kubesim("create", "namespace", "fuzz").status, 0);
  await fuzzer.prepare();
  const before = residentMb(started);
  const end = Date.now() + SECONDS * 1000;
  while (Date.now() < end && fuzzer.findings.length === 0) await fuzzer.round(500);
  fuzzer.stop();
  const report = fuzzer.findings
    .slice(0, 5)
    .map((finding) => JSON.stringify(finding))
    .join("\n");
  assert.equal(fuzzer.findings.length, 0, `with KUBESIM_FUZZ_SEED=${SEED}:\n${report}`);
  assert.equal(pid(), started, "the daemon was started again");
  assert.equal(cluster.kubesim("get", "nodes").status, 0);
  assert.ok(
    (fuzzer.codes.get(201) ?? 0) > 0 && (fuzzer.codes.get(200) ?? 0) > 0,
    `nothing was ever accepted: ${JSON.stringify([...fuzzer.codes])}`,
  );
  assert.doesNotMatch(fs.readFileSync(path.join(folder, "daemon.log"), "utf8"), /internal error|uncaught/i);
  if (process.platform === "linux")
    assert.ok(residentMb(started) - before < GROWTH_MAX_MB, `grew from ${before} to ${residentMb(started)} MB`);
});

function residentMb(pid: number): number {
  if (process.platform !== "linux") return 0;
  return Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}
