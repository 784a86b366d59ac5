import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { KUBESIM, ROOT, TestCluster } from "../support/e2e.ts";

const cluster = new TestCluster();
before(() => {
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
});
after(() => cluster.down());

const noTerminal =
  process.platform !== "win32" && spawnSync("python3", ["-c", "import pty"]).status === 0 ? false : "needs python3 for a pseudo-terminal";

/** A `kubesim` on a terminal, and someone who types and waits for what it shows. */
class Typist {
  readonly #child: ChildProcessWithoutNullStreams;
  #shown = "";
  #read = 0;
  readonly exited: Promise<number>;

  constructor(args: readonly string[] = []) {
    this.#child = spawn("python3", [path.join(ROOT, "test/support/on-terminal.py"), process.execPath, KUBESIM, ...args], {
      env: { ...cluster.env, TERM: "xterm" },
      cwd: cluster.home,
    });
    this.#child.stdout.on("data", (chunk: Buffer) => (this.#shown += chunk.toString().replace(/\u001b\[[0-9;]*[A-Za-z]/g, "")));
    this.exited = new Promise((resolve) => this.#child.on("close", (code) => resolve(code ?? -1)));
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Waits until `wanted` shows up after what was waited for before. */
  async see(wanted: RegExp): Promise<string> {
    for (let attempt = 0; attempt < 600; attempt++) {
      const found = wanted.exec(this.#shown.slice(this.#read));
      if (found) {
        this.#read += found.index + found[0].length;
        return found[0];
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`never shown: ${String(wanted)}; last: ${JSON.stringify(this.#shown.slice(-600))}`);
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
    const typist = new Typist();
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

    const again = new Typist(["shell"]);
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
