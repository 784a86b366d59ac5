import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
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
  constructor(t: TestContext, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    super([process.execPath, KUBESIM, ...args], { env: { ...cluster.env, ...env }, folder: cluster.home, t });
  }

  override get shown(): string {
    return super.shown.replace(/\r/g, "");
  }

  /** Types a command and waits for the next prompt. */
  async run(line: string, wanted: RegExp): Promise<void> {
    this.type(`${line}\r`);
    await this.see(wanted);
    await this.see(PROMPT);
  }

  /** Types a command, waits until it is at work, and ends it with Ctrl-C. */
  async interrupt(line: string, atWork: RegExp): Promise<void> {
    this.type(`${line}\r`);
    await this.see(atWork);
    this.type(CTRL_C);
    await this.see(PROMPT);
    await this.run("echo status $?", /status 130/);
  }

  async leave(): Promise<void> {
    this.type(CTRL_D);
    await this.exited;
  }
}

const PROMPT = /kubesim:[a-z-]+> /;
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const UP = "\u001b[A";
const onTerminal = { skip: noTerminal, timeout: 120_000 };

test("who comes for the first time is greeted in five lines; the prompt tells the cluster and the namespace", onTerminal, async (t) => {
  const typist = new ShellTypist(t);
  await typist.see(/kubesim:default> /);
  assert.equal(typist.shown.split("\n").length, 6);
  assert.match(typist.shown, /^Welcome to kubesim.*\n {2}get nodes /);
  assert.doesNotMatch(typist.bytes, /\u001b\[3\dm/, "NO_COLOR is set");
  await typist.run("run web --image=nginx", /pod\/web created/);
  await typist.run("kubectl wait --for=condition=Ready pod/web", /condition met/);
  typist.type("use kube-system\r");
  await typist.see(/kubesim:kube-system> /);
  await typist.run("get po -o name", /pod\/kube-scheduler/);
  await typist.run("use nosuch", /namespaces "nosuch" not found/);
  typist.type("use default\r");
  await typist.see(/kubesim:default> /);
  await typist.run("gte po", /gte: command not found\s+Did you mean this\?\s+get/);
  await typist.run("help", /Ctrl-C ends a command/);
  await typist.run("kubectl", /controls the Kubernetes cluster manager/);
  await typist.run("kubectl; false", /Usage/);
  typist.type("exit\r");
  assert.equal(await typist.exited, 1);

  const again = new ShellTypist(t, ["shell"], { NO_COLOR: undefined, FORCE_COLOR: "1" });
  await again.see(PROMPT);
  assert.doesNotMatch(again.shown, /Welcome/);
  assert.match(again.bytes, /\u001b\[3\dm/);
  await again.leave();
});

test("Tab completes from the live cluster; two in a row do not complete twice", onTerminal, async (t) => {
  const typist = new ShellTypist(t);
  await typist.see(PROMPT);
  typist.type("get nod\t");
  await typist.see(/get nodes /);
  typist.type("wor\t");
  await typist.see(/worker/);
  typist.type("1\r");
  await typist.see(/worker1 +Ready/);
  await typist.see(PROMPT);
  typist.type("get po -n kube-system co\t\t");
  await typist.see(/co(redns-\S+-)/);
  await typist.see(/(coredns-\S+\s+){2}/);
  await typist.see(/> get po -n kube-system coredns-\w+-$/);
  typist.type(`${CTRL_C}logs we\t-c \t`);
  await typist.see(/logs web -c web /);
  typist.type(CTRL_C);
  await typist.see(PROMPT);
  await typist.leave();
});

test("Ctrl-C ends what runs, or what is being typed, and not the shell", onTerminal, async (t) => {
  const typist = new ShellTypist(t);
  await typist.see(PROMPT);
  typist.type(`half of a line${CTRL_C}`);
  await typist.see(/half of a line\^C/);
  typist.type("apply -f - <<EOF\rkind: Pod\r");
  await typist.see(/> $/);
  typist.type(CTRL_C);
  await typist.see(PROMPT);
  await typist.interrupt("get po -w", /web +1\/1/);
  await typist.interrupt("logs -f web", /start worker/);
  await typist.interrupt("logs -f web | grep start", /start worker/);
  await typist.interrupt("port-forward web :80", /Forwarding from .*::1/);
  await typist.interrupt("while true; do echo round; get po -o name; done", /round[^]*pod\/web[^]*round/);
  await typist.interrupt("echo sleeps; sleep 100; echo not reached", /sleeps\n/);
  await typist.interrupt("cat | kubectl apply -f -", /apply -f -\n/);
  await typist.interrupt("wait --for=condition=Nothing pod/web", /pod\/web\n/);
  assert.doesNotMatch(typist.shown, /not reached\n(?!\^C)[^]*not reached/);
  await typist.leave();
});

test("watch has a screen of its own, with a title, and leaves it at Ctrl-C", onTerminal, async (t) => {
  const typist = new ShellTypist(t);
  await typist.see(PROMPT);
  await typist.interrupt("watch -n 0.2 get po -o name", /Every 0\.2s: get po -o name +\w{3} \w{3} +\d+ [\d:]+ \d+[^]*pod\/web[^]*pod\/web/);
  assert.match(typist.bytes, /\u001b\[\?1049h[^]*Every[^]*\u001b\[\?1049l/);
  await typist.run("watch -n x get po", /watch: failed to parse argument: 'x'/);
  await typist.run("watch -e -n 0.2 'get nosuch 2>/dev/null'; echo ended with $?", /ended with 1/);
  await typist.leave();
});

test("terminals in containers are terminals: exec, debug, run and attach", onTerminal, async (t) => {
  const typist = new ShellTypist(t);
  await typist.see(PROMPT);
  typist.type("exec -it web -- sh\r");
  await typist.see(/# /);
  typist.type("sleep 100\r");
  await typist.see(/sleep 100\n/);
  typist.type(CTRL_C);
  await typist.see(/# /);
  typist.type("stty size; hostname\r");
  await typist.see(/\n30 100\nweb/);
  await typist.run("exit 3", /exit code 3/);
  await typist.run("echo status $?", /status 3/);
  typist.type("debug -it web --image=busybox -c probe\r");
  await typist.see(/\/ # /);
  await typist.run("exit", /Session ended/);
  typist.type("run -it --rm once --image=busybox -- sh\r");
  await typist.see(/\/ # /);
  await typist.run("exit", /pod "once" deleted/);
  await typist.run("KUBE_EDITOR='sed -i s/nginx/nginx:1.29/' edit pod web", /pod\/web edited/);
  await typist.leave();
});

test("jobs in the background do not hear a Ctrl-C that ends another command, and leave the prompt alone", onTerminal, async (t) => {
  const typist = new ShellTypist(t);
  await typist.see(PROMPT);
  typist.type("port-forward web 0:80 > /dev/null & sleep 0.1\r");
  await typist.see(/\[1\] \d+/);
  await typist.see(PROMPT);
  await typist.interrupt("sleep 100", /100\n/);
  await typist.run("jobs", /\[1\]\+ {2}Running +port-forward web/);
  typist.type("get po -o name &\r");
  await typist.see(/pod\/web/);
  typist.type("echo $((40 + 2))\r");
  await typist.see(/\n42/);
  await typist.run("kill %1; sleep 0.5", /\[1\].*port-forward web/);
  await typist.leave();
});

test("programs read the keyboard line by line; their Ctrl-D is not the shell's; the machine's own programs run", onTerminal, async (t) => {
  const typist = new ShellTypist(t);
  await typist.see(PROMPT);
  for (const line of ["first", "second"]) {
    typist.type("cat\r");
    await typist.see(/cat\n/);
    typist.type(`${line}\r`);
    await typist.see(new RegExp(`${line}\\n${line}`));
    typist.type(CTRL_D);
    await typist.see(PROMPT);
  }
  typist.type("read answer\r");
  await typist.see(/answer\n/);
  typist.type("yes\r");
  await typist.see(PROMPT);
  await typist.run('echo "it is $answer"', /it is yes/);
  await typist.run("python3 -c 'print(6 * 7)' | cat", /\n42/);
  await typist.run("printf unfinished", /unfinished/);
  await typist.leave();
});

test("a paste of many lines waits for Enter, then all of it runs", onTerminal, async (t) => {
  const typist = new ShellTypist(t);
  await typist.see(PROMPT);
  const manifest = "apply -f - <<EOF\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: pasted}\nEOF\nget cm pasted -o name\n";
  typist.type(`\u001b[200~${manifest}\u001b[201~`);
  await typist.see(/> get cm pasted -o name$/);
  await typist.run("", /configmap\/pasted created\nconfigmap\/pasted/);
  typist.type(UP);
  await typist.see(/apply -f - <<EOF[^]*> get cm pasted -o name/);
  await typist.run("", /configmap\/pasted unchanged/);
  await typist.run("delete cm pasted", /deleted/);
  await typist.leave();
});

test("history outlives the shell, for its owner's eyes only; shells side by side do not lose each other's", onTerminal, async (t) => {
  const one = new ShellTypist(t);
  const two = new ShellTypist(t);
  await one.see(PROMPT);
  await two.see(PROMPT);
  await one.run("echo of one", /\nof one/);
  await two.run("echo of two", /\nof two/);
  await one.run("echo of one", /\nof one/);
  await one.run(" echo secret", /\nsecret/);
  await one.leave();
  await two.leave();
  const file = path.join(cluster.home, "history");
  assert.equal(fs.readFileSync(file, "utf8").split("\n").slice(-3).join(" "), "echo of one echo of two ");
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  const three = new ShellTypist(t);
  await three.see(PROMPT);
  three.type("\u0012of one\r");
  await three.see(/\nof one/);
  await three.see(PROMPT);
  await three.leave();
});

test("folders and variables of the shell are those of its prompt and its completion", onTerminal, async (t) => {
  fs.mkdirSync(path.join(cluster.home, "inner"), { recursive: true });
  fs.writeFileSync(path.join(cluster.home, "inner/only-here.yaml"), "");
  const typist = new ShellTypist(t, ["shell", "-n", "kube-system"]);
  await typist.see(/kubesim:kube-system> /);
  typist.type("use default\r");
  await typist.see(/kubesim:default> /);
  await typist.run("cd inner", /cd inner/);
  typist.type("apply -f on\t");
  await typist.see(/only-here\.yaml /);
  typist.type(CTRL_C);
  await typist.see(PROMPT);
  const kubeconfig = cluster.kubesim("cluster", "kubeconfig").stdout.replaceAll("kubesim", "other");
  fs.writeFileSync(path.join(cluster.home, "other-config"), kubeconfig);
  typist.type("export KUBECONFIG=../other-config\r");
  await typist.see(/other:default> /);
  typist.type("get po -o name\r");
  await typist.see(/pod\/web/);
  typist.type("exit 7\r");
  assert.equal(await typist.exited, 7);
});

test("on a dumb terminal lines are read without moving the cursor; on a narrow one they wrap", onTerminal, async (t) => {
  const dumb = new ShellTypist(t, ["shell"], { TERM: "dumb" });
  await dumb.see(PROMPT);
  await dumb.run("get po -o name", /pod\/web/);
  dumb.type(`abc${CTRL_C}`);
  await dumb.see(PROMPT);
  dumb.type("cat <<EOF\r");
  await dumb.see(/> /);
  await dumb.run("here\rEOF", /EOF\n[^]*here\n/);
  assert.doesNotMatch(dumb.bytes, /\u001b/);
  await dumb.leave();
  const narrow = new ShellTypist(t, ["shell"], { WIDTH: "40" });
  await narrow.see(PROMPT);
  await narrow.run("echo 0123456789 0123456789 0123456789", /\n0123456789 0123456789 0123456789/);
  await narrow.leave();
});

test("a cluster that stops while the shell is open is missed by commands only, which start it again", onTerminal, async (t) => {
  const typist = new ShellTypist(t);
  await typist.see(PROMPT);
  await typist.run("cluster down", /is down/);
  typist.type("get po w\tx");
  await typist.see(/get po wx$/);
  typist.type(CTRL_C);
  await typist.see(PROMPT);
  assert.equal(cluster.kubesim("cluster", "status").status, 1);
  await typist.run("get po -o name", /pod\/web/);
  await typist.leave();
});

test("from a pipe: lines that commands read, scripts, errors with their line, an end that is missing", () => {
  const run = (input: string) => {
    const { stdout, stderr, status } = cluster.run(process.execPath, [KUBESIM, "shell"], { input, folder: cluster.home });
    return [stdout, stderr, status];
  };
  assert.deepEqual(run("get ns default -o name"), ["namespace/default\n", "", 0]);
  assert.deepEqual(run("read x\nhello\necho $x; cat\nrest\n"), ["hello\nrest\n", "", 0]);
  assert.deepEqual(run("false\n"), ["", "", 1]);
  assert.deepEqual(run("echo 'a\nb"), ["", "kubesim: line 1: unexpected EOF while looking for matching `''\n", 2]);
  assert.deepEqual(run("\n\ngte\n"), ["", "kubesim: gte: command not found\n\nDid you mean this?\n\tget\n", 127]);
  assert.deepEqual(run("set -e\nfalse\necho no\n"), ["", "", 1]);
  fs.writeFileSync(path.join(cluster.home, "script.sh"), '#!/bin/bash\necho "$0 $1"\nkubectl get ns default -o name\nexit 5\n', {
    mode: 0o755,
  });
  fs.writeFileSync(path.join(cluster.home, "lib.sh"), "greet() { echo hello $1; }\n");
  assert.match(String(run("./script.sh arg; echo $?")[0]), /script\.sh arg\nnamespace\/default\n5\n$/);
  assert.deepEqual(run("source ./lib.sh; greet you; -n kube-system get sa default -o name"), [
    "hello you\nserviceaccount/default\n",
    "",
    0,
  ]);
});

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
