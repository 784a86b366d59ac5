import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { KUBESIM, ROOT, TestCluster } from "../support/e2e.ts";
import { oracle, oracleSkip } from "../support/oracle.ts";

const FOLDER = path.join(ROOT, "manifests/tutorials");
const OURS = `${process.execPath} ${KUBESIM}`;
const tutorials = fs.readdirSync(FOLDER).filter((name) => /^\d+-.*\.sh$/.test(name));

const cluster = new TestCluster();
before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
});
after(() => cluster.down());

for (const name of tutorials) test(`the tutorial ${name} runs to its end`, () => run(name, OURS));

// A change of the clock is felt by both clients: one tutorial with real waits is enough.
test("a tutorial runs with the real kubectl too", { skip: oracleSkip }, () => run("09-readiness.sh", oracle("kubectl")));

async function run(name: string, kubectl: string): Promise<void> {
  // Grace periods and probes are waited for: not by us.
  cluster.kubesim("sim", "clock", "--speed", "20");
  const { status, output } = await cluster.stream("bash", [path.join(FOLDER, name)], {
    KUBECTL: kubectl,
    SIM: OURS,
    ...(kubectl === OURS ? {} : { KUBECONFIG: path.join(cluster.home, "clusters/default/kubeconfig") }),
  });
  assert.equal(status, 0, output.slice(-3000));
}
