import assert from "node:assert/strict";
import { test } from "node:test";
import { NetworkError } from "../../src/network/network.ts";
import { createNetwork, type VirtualNetwork } from "../../src/network/virtual-network.ts";
import { SeededRng } from "../../src/util/rng.ts";
import { SimClock } from "../../src/util/sim-clock.ts";

const signal = new AbortController().signal;

function twoNodes(): VirtualNetwork {
  const clock = new SimClock(0, () => new Promise((resolve) => setImmediate(resolve)));
  const network = createNetwork({ clock, rng: new SeededRng(1), dnsServiceIp: "10.96.0.10" });
  for (const [index, name] of ["a", "b"].entries()) {
    network.addNode({ name, ip: `172.18.0.${index + 2}`, podCIDR: `10.244.${index}.0/24` });
    network.setCniReady(name, true);
  }
  return network;
}

const pod = (network: VirtualNetwork, node: string, name: string) =>
  network.attachPod(node, {
    podUid: name,
    namespace: "default",
    name,
    hostname: name,
    subdomain: undefined,
    hostNetwork: false,
    dnsPolicy: "ClusterFirst",
    dnsConfig: undefined,
    hostAliases: [],
  });

const get = { method: "GET", path: "/", headers: {}, body: Buffer.alloc(0) };

test("pods on different nodes reach each other by IP, over HTTP handlers and over bytes", async () => {
  const network = twoNodes();
  const client = pod(network, "a", "client");
  const server = pod(network, "b", "server");
  assert.deepEqual([client.ip, server.ip], ["10.244.0.2", "10.244.1.2"]);
  server.listenHttp(8080, (request) => ({ status: 200, body: `hello ${request.remote.ip}` }));
  assert.equal(String((await client.http(server.ip, 8080, get, signal)).body), "hello 10.244.0.2");

  const socket = await client.connect(server.ip, 8080, signal);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.end("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  await new Promise((resolve) => socket.on("end", resolve));
  assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 200 OK\r\n[^]*hello 10\.244\.0\.2/);
});

test("a port nobody listens on refuses, a taken port is in use, a pod that is gone does not answer", async () => {
  const network = twoNodes();
  const client = pod(network, "a", "client");
  const server = pod(network, "b", "server");
  await assert.rejects(client.connect(server.ip, 1, signal), (error) => error instanceof NetworkError && error.code === "ECONNREFUSED");
  server.listen(80, () => undefined);
  assert.throws(
    () => server.listen(80, () => undefined),
    (error) => error instanceof NetworkError && error.code === "EADDRINUSE",
  );
  network.detachPod("server");
  const attempt = assert.rejects(
    client.connect(server.ip, 80, signal),
    (error) => error instanceof NetworkError && error.code === "EHOSTUNREACH",
  );
  await (network.options.clock as SimClock).step(5000);
  await attempt;
});

test("bytes flow with back-pressure and half close", async () => {
  const network = twoNodes();
  const server = pod(network, "a", "server");
  let received = 0;
  server.listen(9, (socket) => {
    socket.on("data", (chunk: Buffer) => (received += chunk.length));
    socket.on("end", () => socket.end("done"));
  });
  const socket = await server.connect("127.0.0.1", 9, signal);
  const big = Buffer.alloc(3_000_000, 1);
  socket.end(big);
  const answer: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => answer.push(chunk));
  await new Promise((resolve) => socket.on("end", resolve));
  assert.deepEqual([received, Buffer.concat(answer).toString()], [big.length, "done"]);
});
