import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { KUBESIM, TestCluster } from "../support/e2e.ts";
import { noTerminal, Typist } from "../support/typist.ts";

const cluster = new TestCluster();
before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
});
after(() => cluster.down());

/** Someone at the interactive shell. */
class ShellTypist extends Typist {
  constructor(args: readonly string[] = []) {
    super([process.execPath, KUBESIM, ...args], { env: cluster.env, folder: cluster.home });
  }

  /** Types a command and waits for the next prompt. */
  async run(line: string, wanted: RegExp): Promise<void> {
    this.type(`${line}\r`);
    await this.see(wanted);
    await this.see(PROMPT);
  }
}

const PROMPT = /kubesim:[a-z-]+> /;

test(
  "on a terminal: a greeting, a prompt that knows the namespace, completion, history, and Ctrl-C that ends commands only",
  { skip: noTerminal, timeout: 60_000 },
  async () => {
    const typist = new ShellTypist();
    await typist.see(/Welcome to kubesim/);
    await typist.see(/kubesim:default> /);
    await typist.run("run web --image=nginx", /pod\/web created/);
    await typist.run("kubectl wait --for=condition=Ready pod/web", /condition met/);
    typist.type("get nod\t");
    await typist.see(/get nodes /);
    typist.type("wor\t");
    await typist.see(/worker/);
    typist.type("1\r");
    await typist.see(/worker1 +Ready/);
    await typist.see(PROMPT);
    typist.type("use kube-system\r");
    await typist.see(/kubesim:kube-system> /);
    typist.type("get po -w\r");
    await typist.see(/kube-scheduler/);
    typist.type("\u0003");
    await typist.see(PROMPT);
    await typist.run("echo status $?", /status 130/);
    typist.type("use default\r");
    await typist.see(/kubesim:default> /);
    typist.type("exec -it web -- sh\r");
    await typist.see(/# /);
    typist.type("hostname; exit 3\r");
    await typist.see(/\nweb\r/);
    await typist.see(/exit code 3/);
    await typist.see(PROMPT);
    typist.type("\u001b[A\u001b[A");
    await typist.see(/use default/);
    typist.type("\u0003");
    await typist.see(PROMPT);
    typist.type("exit 7\r");
    assert.equal(await typist.exited, 7);

    const again = new ShellTypist(["shell"]);
    await again.see(PROMPT);
    again.type("\u001b[A");
    await again.see(/exit 7/);
    again.type("\u0003");
    await again.see(PROMPT);
    again.type("\u0004");
    await again.exited;
  },
);

test("from a pipe: pipes, files, loops, here-documents and variables are a shell's", () => {
  const script = [
    "for name in a b; do create configmap $name --from-literal=x=$name; done",
    "get cm -o name | grep -v root | sort -r > names.txt; cat names.txt | wc -l",
    "apply -f - <<EOF",
    "apiVersion: v1",
    "kind: ConfigMap",
    "metadata: {name: from-here}",
    "EOF",
    'X=$(kubectl get cm a -o jsonpath={.data.x}); echo "x is $X"',
    "get nosuch || echo failed with $?",
    "set image deploy/none a=b; wait --for=delete pod/none --timeout=1s && exec none -- true",
    "exit 4",
  ].join("\n");
  const { stdout, stderr, status } = cluster.run(process.execPath, [KUBESIM, "shell"], { input: script, folder: cluster.home });
  assert.equal(stdout, "configmap/a created\nconfigmap/b created\n2\nconfigmap/from-here created\nx is a\nfailed with 1\n", stderr);
  assert.match(stderr, /the server doesn't have a resource type "nosuch"/);
  assert.match(stderr, /deployments.apps "none" not found/);
  assert.match(stderr, /pods "none" not found/);
  assert.equal(status, 4);
  assert.equal(fs.existsSync(path.join(cluster.home, "names.txt")), true);
});
