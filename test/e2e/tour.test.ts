import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { KUBESIM, ROOT, TestCluster } from "../support/e2e.ts";

const cluster = new TestCluster();
before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
});
after(() => cluster.down());

test("the whole tour passes with kubesim as its own client", async () => {
  const { output } = await cluster.stream("bash", [path.join(ROOT, "test/e2e/tour/tour.sh")], { SIM: KUBESIM, K: KUBESIM });
  const failed = output.split("\n").filter((line) => /^(not ok|#)/.test(line));
  assert.match(output, /^\d{3} passed, 0 failed$/m, failed.join("\n") || output.slice(-2000));
});
