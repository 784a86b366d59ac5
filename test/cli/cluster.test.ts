import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { runCli } from "./run-cli.ts";

test("a cluster is not thrown away unasked, where nobody can be asked", async (t) => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-cluster-"));
  const before = process.env["KUBESIM_HOME"];
  process.env["KUBESIM_HOME"] = home;
  t.after(() => {
    if (before === undefined) delete process.env["KUBESIM_HOME"];
    else process.env["KUBESIM_HOME"] = before;
    fs.rmSync(home, { recursive: true });
  });
  const state = path.join(home, "clusters/default/store");
  fs.mkdirSync(state, { recursive: true });
  const { code, err } = await runCli(undefined, ["cluster", "reset"]);
  assert.equal(code, 1);
  assert.equal(err, 'error: this throws away everything in the cluster "default": confirm it with --yes\n');
  assert.ok(fs.existsSync(state));
});
