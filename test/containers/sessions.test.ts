import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExecSession } from "../../src/containers/runtime.ts";
import { makeWorld } from "./world.ts";

function transcript(session: ExecSession): { text: string } {
  const seen = { text: "" };
  session.stdout.on("data", (chunk: Buffer) => (seen.text += chunk.toString()));
  session.stderr.on("data", (chunk: Buffer) => (seen.text += chunk.toString()));
  return seen;
}

test("the end of what is typed ends an attached session, and the container goes on", async () => {
  const { sandbox, container, runtime, finish, clock } = makeWorld();
  const id = await container((await sandbox("pod")).id, { image: "busybox", command: ["cat"], stdin: true });
  const session = runtime.attach(id, { stdin: true, tty: false });
  const seen = transcript(session);
  session.stdin.write("hello\n");
  await clock.settle();
  session.stdin.end();
  assert.equal(await finish(session.exitCode), 0);
  assert.equal(seen.text, "hello\n");
  assert.equal(runtime.containerStatus(id)?.state, "running");
});

test("with stdinOnce the process reads the end, and how it ended is not the session's to tell", async () => {
  const { sandbox, container, runtime, finish, clock } = makeWorld();
  const id = await container((await sandbox("pod")).id, {
    image: "busybox",
    command: ["sh", "-c", "cat; exit 4"],
    stdin: true,
    stdinOnce: true,
  });
  const session = runtime.attach(id, { stdin: true, tty: false });
  const seen = transcript(session);
  session.stdin.end("typed\n");
  assert.equal(await finish(session.exitCode), 0);
  await clock.settle();
  assert.equal(seen.text, "typed\n");
  assert.deepEqual([runtime.containerStatus(id)?.state, runtime.containerStatus(id)?.exitCode], ["exited", 4]);
});

test("a new window size draws the prompt anew for who has just attached", async () => {
  const { sandbox, container, runtime, clock } = makeWorld();
  const id = await container((await sandbox("pod")).id, { image: "busybox", command: ["sh"], stdin: true, tty: true });
  await clock.settle();
  const session = runtime.attach(id, { stdin: true, tty: true });
  const seen = transcript(session);
  session.resize(101, 41);
  session.resize(101, 41);
  await clock.settle();
  assert.equal(seen.text, "\r/ # ");
  session.stdin.write("stty size\r");
  await clock.settle();
  assert.match(seen.text, /stty size\r\n41 101\r\n/);
  session.disconnect();
});

test("a container in another's PID namespace sees its processes and dies with them", async () => {
  const { sandbox, container, runtime, sh, clock } = makeWorld();
  const pod = await sandbox("pod");
  const target = await container(pod.id, { image: "nginx", name: "web" });
  const debug = await container(pod.id, { image: "busybox", name: "debug", command: ["sleep", "1000"], pidNamespaceOf: target });
  assert.match((await sh(debug, "ps")).stdout, /1 root .*nginx[^]*sleep 1000/);
  await sh(target, "echo found > /tmp/here");
  assert.deepEqual([(await sh(debug, "cat /proc/1/root/tmp/here")).stdout, (await sh(debug, "cat /tmp/here")).exitCode], ["found\n", 1]);
  await runtime.stopContainer(target, 0);
  await clock.settle();
  assert.equal(runtime.containerStatus(debug)?.state, "exited");
});

test("tar speaks of leading slashes, of what is missing and of folders that are not there", async () => {
  const { sandbox, container, sh } = makeWorld();
  const id = await container((await sandbox("pod")).id, { image: "busybox", command: ["sleep", "1000"] });
  const packed = await sh(
    id,
    "mkdir -p /a/b; echo x > /a/b/c; ln -s c /a/b/l; tar cf /t.tar /a; tar tf /t.tar; mkdir /out; tar xmf - -C /out < /t.tar; cat /out/a/b/l",
  );
  assert.equal(packed.stderr, "tar: removing leading '/' from member names\n");
  assert.equal(packed.stdout, "a/\na/b/\na/b/c\na/b/l\nx\n");
  const missing = await sh(id, "tar cf /dev/null /nope");
  assert.deepEqual(
    [missing.exitCode, missing.stderr],
    [1, "tar: /nope: No such file or directory\ntar: error exit delayed from previous errors\n"],
  );
  const nowhere = await sh(id, "tar xf /t.tar -C /no/where");
  assert.deepEqual([nowhere.exitCode, nowhere.stderr], [1, "tar: can't change directory to '/no/where': No such file or directory\n"]);
});
