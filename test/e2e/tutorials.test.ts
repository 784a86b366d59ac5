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

// As a reader would have kubesim take kubectl's place.
test("a tutorial runs with kubesim as kubectl on the PATH, by an alias, and inside of the shell", () => {
  const bin = path.join(cluster.home, "bin");
  fs.mkdirSync(bin);
  for (const program of ["kubectl", "kubesim"]) fs.symlinkSync(KUBESIM, path.join(bin, program));
  const env = { PATH: `${bin}${path.delimiter}${process.env["PATH"]}` };
  const aliased = path.join(cluster.home, "aliased.sh");
  fs.writeFileSync(aliased, "shopt -s expand_aliases\nalias kubectl=kubesim\nkubectl get ns default -o name\n. ./04-labels.sh\n");
  const reader = (command: string, args: string[], input = "") => {
    const { status, stdout, stderr } = cluster.run(command, args, { env, input, folder: FOLDER });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  cluster.kubesim("sim", "clock", "--speed", "20");
  for (const shell of ["bash", "sh"])
    assert.equal(reader(shell, ["-c", "alias k=kubectl; kubectl get ns default -o name"]), "namespace/default\n");
  assert.match(reader("bash", [aliased]), /^namespace\/default\n[^]*pod "kubia-v2" deleted/);
  assert.match(reader("kubesim", ["shell"], "source ./04-labels.sh\n"), /pod "kubia-v2" deleted/);
});

test("the real kubectl uses what `cluster kubeconfig --merge` wrote, beside what was there", { skip: oracleSkip }, () => {
  const file = path.join(cluster.home, ".kube/config");
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.mkdirSync(path.join(cluster.home, "dotfiles"));
  const linked = path.join(cluster.home, "dotfiles/config");
  fs.writeFileSync(linked, "# mine\napiVersion: v1\nkind: Config\ncontexts:\n- {name: other, context: {cluster: other, user: me}}\n");
  fs.symlinkSync(linked, file);
  assert.match(cluster.kubesim("cluster", "kubeconfig", "--merge").stdout, /Merged the context "kubesim" into /);
  assert.equal(cluster.run(oracle("kubectl"), ["get", "ns", "default", "-o", "name"]).stdout, "namespace/default\n");
  assert.equal(cluster.run(oracle("kubectl"), ["config", "get-contexts", "-o", "name"]).stdout, "kubesim\nother\n");
  assert.match(fs.readFileSync(linked, "utf8"), /^# mine\n/);
});

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
