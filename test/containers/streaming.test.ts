import assert from "node:assert/strict";
import { test } from "node:test";
import type { VirtualSocket } from "../../src/network/network.ts";
import { makeWorld } from "./world.ts";

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

/** A container, and a server beside it that sends what the test tells it to, when it does. */
async function start() {
  const world = makeWorld();
  const server = await world.sandbox("server");
  const connections: VirtualSocket[] = [];
  server.network.listen(80, (socket) => {
    connections.push(socket);
    socket.once("data", () => socket.write(HEAD));
  });
  const sandbox = await world.sandbox("client");
  const id = await world.container(sandbox.id, { image: "curlimages/curl", command: ["sleep", "100000"] });
  const exec = async (...command: string[]) => {
    const session = await world.runtime.exec(id, { command, stdin: false, tty: command[0] === "tty" });
    const seen = { stdout: "", stderr: "", code: undefined as number | undefined };
    session.stdout.on("data", (data: Buffer) => (seen.stdout += data.toString()));
    session.stderr.on("data", (data: Buffer) => (seen.stderr += data.toString()));
    void session.exitCode.then((code) => (seen.code = code));
    return seen;
  };
  const until = (done: () => boolean) => world.clock.until(done, 5000);
  return { ...world, connections, exec, until, address: server.network.ip };
}

test("curl -N shows an answer as it comes, and ends with it", async () => {
  const { exec, until, connections, address } = await start();
  const curl = await exec("curl", "-sN", `http://${address}/watch?watch=1`);
  await until(() => connections.length === 1);
  connections[0]?.write(chunk("one\n"));
  await until(() => curl.stdout === "one\n");
  connections[0]?.write(chunk("two\n"));
  await until(() => curl.stdout === "one\ntwo\n");
  assert.equal(curl.code, undefined);
  connections[0]?.write("0\r\n\r\n");
  await until(() => curl.code === 0);
});

test("without -N curl waits for a block, or for the end", async () => {
  const { exec, until, clock, connections, address } = await start();
  const curl = await exec("curl", "-s", `http://${address}/`);
  await until(() => connections.length === 1);
  connections[0]?.write(chunk("little"));
  await clock.step(1000);
  assert.equal(curl.stdout, "");
  connections[0]?.write(chunk("x".repeat(4096)));
  await until(() => curl.stdout.length === 6 + 4096);
  connections[0]?.write(chunk("rest"));
  connections[0]?.write("0\r\n\r\n");
  await until(() => curl.code === 0);
  assert.ok(curl.stdout.endsWith("rest"));
});

test("--max-time ends a stream, and says how much had come; the connection is closed", async () => {
  const { exec, until, clock, connections, address } = await start();
  const curl = await exec("curl", "-sSN", "--http2", "--max-time", "2", `http://${address}/`);
  await until(() => connections.length === 1);
  connections[0]?.write(chunk("four"));
  await clock.step(2500);
  await until(() => curl.code !== undefined);
  assert.equal(curl.code, 28);
  assert.match(curl.stderr, /^curl: \(28\) Operation timed out after 2\d\d\d milliseconds with 4 bytes received\n$/);
  await until(() => connections[0]?.destroyed === true);
});

test("wget streams, too, and its connection ends when it is killed", async () => {
  const { exec, until, connections, address } = await start();
  const wget = await exec("wget", "-qO-", `http://${address}/`);
  await until(() => connections.length === 1);
  connections[0]?.write(chunk("now"));
  await until(() => wget.stdout === "now");
  await exec("sh", "-c", "kill $(ps | grep wget | grep -v grep | awk '{print $1}')");
  await until(() => wget.code === 143 && connections[0]?.destroyed === true);
});
