import assert from "node:assert/strict";
import { test } from "node:test";
import { SCRIPTS } from "./shell-scripts.ts";
import { makeWorld } from "./world.ts";

for (const { script, stdout, exitCode = 0 } of SCRIPTS) {
  test(`sh: ${script.split("\n")[0]}`, async () => {
    const world = makeWorld();
    const pod = await world.sandbox("shell");
    const id = await world.container(pod.id, { image: "busybox", command: ["sleep", "9999999"] });
    const result = await world.sh(id, script);
    assert.equal(result.stdout, stdout);
    assert.equal(result.exitCode, exitCode);
  });
}

test("bash has arrays, [[ ]] and its own words", async () => {
  const world = makeWorld();
  const pod = await world.sandbox("shell");
  const id = await world.container(pod.id, { image: "luksa/kubia" });
  const script =
    'a=(1 "2 3"); a+=(4); echo ${#a[@]} "${a[1]}"; [[ abc == a* && abc =~ ^(a)b ]] && echo ${BASH_REMATCH[1]}; for ((i=0;i<2;i++)); do echo $i; done; echo {1..3} x{a,b}; x=hello; echo ${x^^} ${x/l/L} ${x:1:3}; nope';
  const result = await world.run(id, "bash", "-c", script);
  assert.equal(result.stdout, "3 2 3\na\n0\n1\n1 2 3 xa xb\nHELLO heLlo ell\n");
  assert.equal(result.stderr, "bash: line 1: nope: command not found\n");
  assert.equal(result.exitCode, 127);
});

test("a loop that never waits neither stalls the event loop nor outlives its kill", async () => {
  const world = makeWorld();
  const pod = await world.sandbox("busy");
  const id = await world.container(pod.id, { image: "busybox", command: ["sh", "-c", "while true; do :; done"] });
  await world.finish(world.runtime.stopContainer(id, 1000));
  assert.equal(world.runtime.containerStatus(id)?.exitCode, 137);
});

test("a prompt under a terminal echoes, edits and survives Ctrl-C", async () => {
  const world = makeWorld();
  const pod = await world.sandbox("tty");
  const id = await world.container(pod.id, { image: "busybox", command: ["sleep", "9999999"] });
  const session = await world.runtime.exec(id, { command: ["sh"], stdin: true, tty: true });
  let screen = "";
  session.stdout.on("data", (chunk: Buffer) => (screen += chunk.toString()));
  for (const keys of ["echo hix\x7f\r", "sleep 100\r", "\x03", "exit 4\r"]) {
    session.stdin.write(keys);
    await world.clock.step(50);
  }
  assert.equal(await world.finish(session.exitCode), 4);
  assert.equal(screen, "/ # echo hix\b \b\r\nhi\r\n/ # sleep 100\r\n^C\r\n/ # exit 4\r\n");
});
