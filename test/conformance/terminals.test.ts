import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { KUBESIM, TestCluster } from "../support/e2e.ts";
import { oracle, oracleSkip } from "../support/oracle.ts";
import { noTerminal, Typist } from "../support/typist.ts";

const cluster = new TestCluster();
const kubeconfig = path.join(cluster.home, "clusters/default/kubeconfig");
const KUBECTL = () => [oracle("kubectl")];
const OURS = () => [process.execPath, KUBESIM];

const POD = (name: string, command: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec: {containers: [{name: main, image: busybox, stdin: true, tty: true, command: ${command}}], terminationGracePeriodSeconds: 0}
---`;

before(() => {
  if (oracleSkip || noTerminal) return;
  const up = cluster.up();
  assert.equal(up.status, 0, up.stderr);
  const pods =
    POD("box", '[sleep, "100000"]') + POD("shell", "[sh]") + POD("plain", '[sleep, "100000"]').replace("tty: true", "tty: false");
  assert.equal(cluster.run(oracle("kubectl"), ["apply", "-f", "-"], { input: pods, env: { KUBECONFIG: kubeconfig } }).status, 0);
  assert.equal(cluster.kubesim("wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s").status, 0);
});
after(() => cluster.down());

/** What is waited for, and what is typed then. */
type Step = readonly [RegExp, string];

/** All that a terminal shows of a session, and how it ends. */
async function session(client: readonly string[], args: readonly string[], steps: readonly Step[]): Promise<string> {
  const typist = new Typist([...client, ...args], { env: { ...cluster.env, KUBECONFIG: kubeconfig }, folder: cluster.home });
  for (const [wanted, typed] of steps) {
    await typist.see(wanted);
    typist.type(typed);
  }
  const code = await typist.exited;
  // The runtime names each start of a program anew.
  return `${typist.shown.replace(/[0-9a-f]{64}/g, "ID")}[exit code ${code}]`;
}

const DETACH = "\u0010\u0011";
const PROMPT = /\/ # $/;
// Who attaches asks for two sizes, and the shell draws its prompt anew for each.
const REDRAWN = /\r\/ # \r\/ # $/;

const SESSIONS: readonly { readonly name: string; readonly command: string; readonly steps: readonly Step[] }[] = [
  {
    name: "exec -it runs a shell until it exits",
    command: "exec -it box -- sh",
    steps: [
      [PROMPT, "echo a; echo b >&2\r"],
      [/b\r\n.*# $/, "stty size\r"],
      [/30 100\r\n.*# $/, "printf 'x\\ny\\n'\r"],
      [/x\r\ny\r\n.*# $/, "exit 3\r"],
    ],
  },
  {
    name: "Ctrl-D ends a shell",
    command: "exec -it box -- sh",
    steps: [[PROMPT, "\u0004"]],
  },
  {
    name: "Ctrl-C goes to the program",
    command: "exec -it box -- sh",
    steps: [
      [PROMPT, "sleep 1000\r"],
      [/sleep 1000\r\n/, "\u0003"],
      [PROMPT, "echo $?\r"],
      [/130\r\n.*# $/, "exit\r"],
    ],
  },
  {
    name: "exec -it of a program that is not there",
    command: "exec -it box -- nope",
    steps: [],
  },
  {
    name: "exec -i without a terminal of its own",
    command: "exec -i box -- cat",
    steps: [
      [/^/, "typed\r"],
      [/typed\r\ntyped\r\n/, "\u0004"],
    ],
  },
  {
    name: "attach -it, and away with the detach keys",
    command: "attach -it shell",
    steps: [
      [REDRAWN, "echo hi\r"],
      [/hi\r\n.*# $/, DETACH],
    ],
  },
  {
    name: "attach with other detach keys",
    command: "attach -it shell --detach-keys=ctrl-x,q",
    steps: [
      [REDRAWN, "echo ho\r"],
      [/ho\r\n.*# $/, "\u0018q"],
    ],
  },
  {
    name: "attach -it to a container without a terminal",
    command: "attach -it plain",
    steps: [[/try pressing enter\.\r\n/, "\u0003"]],
  },
  {
    name: "run -it --rm",
    command: "run temporary -it --rm --image=busybox --restart=Never -- sh",
    steps: [
      [REDRAWN, "echo hello\r"],
      [/hello\r\n.*# $/, "exit 4\r"],
    ],
  },
  {
    name: "run -it, detached",
    command: "run detached -it --rm --image=busybox -- sh",
    steps: [[REDRAWN, DETACH]],
  },
  {
    name: "debug -it beside a container",
    command: "debug box -it -c CONTAINER --image=busybox --target=main -- sh",
    steps: [
      [REDRAWN, "echo inside\r"],
      [/inside\r\n.*# $/, "exit 2\r"],
    ],
  },
];

for (const [index, { name, command, steps }] of SESSIONS.entries()) {
  test(`on a terminal, like kubectl: ${name}`, { skip: oracleSkip || noTerminal, timeout: 60_000 }, async () => {
    const words = (container: string) => command.replace("CONTAINER", container).split(" ");
    const [theirs, ours] = [`a${index}`, `b${index}`];
    const wanted = await session(KUBECTL(), words(theirs), steps);
    cluster.kubesim("wait", "--for=delete", "pod/temporary", "pod/detached", "--timeout=40s");
    const given = await session(OURS(), words(ours), steps);
    assert.equal(given.replaceAll(ours, theirs), wanted);
  });
}
