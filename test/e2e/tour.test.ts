import assert from "node:assert/strict";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { KUBESIM, ROOT, TestCluster } from "../support/e2e.ts";
import { oracle, oracleSkip } from "../support/oracle.ts";

// One file, one after the other: the tour's node port 30125 is a port of this machine, which two clusters cannot share.

let cluster: TestCluster;
beforeEach(() => {
  cluster = new TestCluster();
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
});
afterEach(() => cluster.down());

test("the whole tour passes with kubesim as its own client", () => tour(KUBESIM));

test("the whole tour passes with the real kubectl", { skip: oracleSkip }, () => tour(oracle("kubectl")));

// Its streams are SPDY: the sections that use them. (The others pass too, and take two minutes more.)
test("the tour's streams work with a kubectl of v1.30", { skip: oracleSkip }, () =>
  tour(oracle("kubectl", 30), "^(cluster|pod|logs|port-forward|essence)$"),
);

async function tour(client: string, sections = "."): Promise<void> {
  const kubeconfig = path.join(cluster.home, "clusters/default/kubeconfig");
  const { output } = await cluster.stream("bash", [path.join(ROOT, "test/e2e/tour/tour.sh")], {
    SIM: KUBESIM,
    K: client,
    KUBECONFIG: kubeconfig,
    ONLY: sections,
  });
  const failed = output.split("\n").filter((line) => /^(not ok|#)/.test(line));
  assert.match(output, /^\d{2,3} passed, 0 failed$/m, failed.join("\n") || output.slice(-2000));
}
