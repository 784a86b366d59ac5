import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { TestCluster } from "../support/e2e.ts";
import { oracle, oracleSkip } from "../support/oracle.ts";

const cluster = new TestCluster();
const kubeconfig = path.join(cluster.home, "clusters/default/kubeconfig");
before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
});
after(() => cluster.down());

test("Helm installs a chart and waits for it, upgrades, rolls back and uninstalls", { skip: oracleSkip }, () => {
  const helm = (...args: string[]) => {
    const result = cluster.run(oracle("helm"), args, { env: { KUBECONFIG: kubeconfig }, timeoutMs: 90_000 });
    assert.equal(result.status, 0, `helm ${args.join(" ")}: ${result.stderr}`);
    return result.stdout;
  };
  const chart = path.join(cluster.home, "chart");
  helm("create", chart);
  assert.match(helm("install", "rel", chart, "--wait", "--timeout", "60s"), /STATUS: deployed/);
  assert.match(helm("upgrade", "rel", chart, "--set", "replicaCount=2"), /REVISION: 2/);
  assert.match(helm("rollback", "rel", "1"), /Rollback was a success/);
  assert.match(helm("history", "rel"), /3\s+.*deployed/);
  assert.match(helm("uninstall", "rel"), /uninstalled/);
});
