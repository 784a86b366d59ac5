import assert from "node:assert/strict";
import { test } from "node:test";
import { makeWorld } from "./world.ts";

const IMAGE = "registry.k8s.io/e2e-test-images/agnhost:2.53";

async function start() {
  const world = makeWorld();
  const server = await world.sandbox("server");
  const id = await world.container(server.id, { image: IMAGE, args: ["netexec"] });
  const sandbox = await world.sandbox("client");
  const client = await world.container(sandbox.id, { image: "busybox", command: ["sleep", "100000"] });
  const sh = async (script: string) => (await world.sh(client, script)).stdout;
  return { ...world, server: server.network.ip, serverId: id, client, sandbox, sh };
}

test("nc -u talks to netexec's UDP port", async () => {
  const { sh, server } = await start();
  assert.equal(await sh(`echo hostname | nc -u -w 1 ${server} 8081`), "server");
  assert.equal(await sh(`echo "echo hello there" | nc -u -w 1 ${server} 8081`), "hello there");
  assert.match(await sh(`echo clientip | nc -uw1 ${server} 8081`), /^10\.244\.1\.\d+:\d+$/);
});

test("nc -u -l hears who talks first", async () => {
  const { sh } = await start();
  const heard = await sh(
    "(nc -u -l -p 9000 -w 2 < /dev/null > /tmp/heard &) ; sleep 1; echo ping | nc -u -w 1 127.0.0.1 9000; sleep 3; cat /tmp/heard",
  );
  assert.equal(heard, "ping\n");
});

test("netexec dials, redirects and runs commands", async () => {
  const { sh, server } = await start();
  const get = (path: string) => sh(`wget -qO- "http://${server}:8080${path}"`);
  assert.equal(await get(`/dial?host=${server}&port=8080&request=hostname`), '{"responses":["server"]}');
  assert.equal(await get(`/dial?host=${server}&port=8081&protocol=udp&request=hostname&tries=2`), '{"responses":["server","server"]}');
  assert.match(await get(`/dial?host=${server}&port=9&request=hostname`), /^\{"errors":\["/);
  assert.equal(await get("/shell?shellCommand=echo%20hello"), '{"output":"hello\\n"}');
  assert.equal(await get("/shell?shellCommand=exit%203"), '{"error":"exit status 3"}');
});

test("agnhost connect tells in a word why a port cannot be reached", async () => {
  const { run, serverId, server } = await start();
  const connect = async (target: string) => {
    const { exitCode, stderr } = await run(serverId, "/agnhost", "connect", target, "--timeout=2s");
    return [exitCode, stderr];
  };
  assert.deepEqual(await connect(`${server}:8080`), [0, ""]);
  assert.deepEqual(await connect(`${server}:9`), [1, "REFUSED\n"]);
  assert.deepEqual(await connect("10.244.1.200:80"), [1, "TIMEOUT\n"]);
  assert.match((await run(serverId, "/agnhost", "dns-suffix")).stdout, /^default\.svc\.cluster\.local,svc\.cluster\.local,cluster\.local$/);
});
