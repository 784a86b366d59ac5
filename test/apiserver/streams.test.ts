import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import net, { type AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { after, test } from "node:test";
import { WebSocket } from "ws";
import type { Pod } from "../../src/api/generated/core-v1.ts";
import { KINDS } from "../../src/api/resources/index.ts";
import { internalError } from "../../src/api/status.ts";
import { type NodeGateway, type StreamSession, UpgradeRefused } from "../../src/apiserver/node-gateway.ts";
import { componentContext } from "../../src/apiserver/request-context.ts";
import { createHandler } from "../../src/apiserver/server.ts";
import { SpdyClient } from "../../src/cli/pods/spdy-client.ts";
import { startRegistryWith } from "../support/registry-with-kinds.ts";

const open: (() => void)[] = [];
after(() => open.forEach((close) => close()));

const CHUNKS = 300;
const context = componentContext("test");

const gateway: NodeGateway = {
  admit(_pod, container) {
    if (container === "gone") throw new UpgradeRefused('container not found ("gone")');
  },
  request: async (_node, _method, path) => ({ status: 200, contentType: "text/plain", body: path }),
  logs: () => Promise.reject(new Error("not here")),
  exec: async (_pod, { command, container }): Promise<StreamSession> => {
    if (container === "gone") throw new UpgradeRefused('container not found ("gone")');
    if (command[0] === "nosuch") throw internalError(new Error("error executing command in container: nosuch"));
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    for (let index = 0; index < CHUNKS; index++) stdout.write(`line ${index}\n`);
    stdout.end();
    stderr.end("and errors\n");
    return { stdin, stdout, stderr, exitCode: Promise.resolve(3), resize() {}, disconnect() {} };
  },
  attach: () => Promise.reject(new Error("not here")),
  portForward: () => async (port) => {
    if (port !== 7) throw new Error(`error forwarding port ${port}`);
    // An echo that answers only what was all said: it needs the half-close.
    const server = net.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    open.push(() => server.close());
    return net.connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  },
  usage: () => undefined,
};

/** A backend for the proxy, and an API server in front of it. */
async function start(): Promise<{ url: string; port: number; seen: string[] }> {
  const seen: string[] = [];
  const backend = await listen(
    createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        seen.push(
          `${request.method} ${request.url} auth=${request.headers.authorization ?? "none"} uri=${request.headers["x-forwarded-uri"]} ${body}`,
        );
        if (request.url === "/moved") response.writeHead(302, { Location: "/there?x=1" }).end();
        else if (request.url === "/page")
          response
            .writeHead(200, { "Content-Type": "text/html", "Access-Control-Allow-Origin": "*" })
            .end(`<a HREF='/a?b&c'>x</a><img src=rel.png><script src="/s.js">if (1 < 2) "<a href='/no'>"</script>`);
        else response.writeHead(207, { "Content-Type": "text/plain" }).end("plain </a>");
      });
    }),
  );
  const { registry } = startRegistryWith({ kinds: KINDS });
  const pod = {
    metadata: { name: "web", namespace: "default" },
    spec: {
      nodeName: "n",
      containers: [
        { name: "main", image: "x", ports: [{ containerPort: backend }] },
        { name: "gone", image: "x" },
      ],
    },
  };
  registry.create(registry.kinds.core("Pod"), "default", pod as unknown as Pod, context);
  registry.modify(
    registry.kinds.core("Pod"),
    { namespace: "default", name: "web" },
    (current) => ({ ...current, status: { phase: "Running", podIP: "10.0.0.9", podIPs: [{ ip: "10.0.0.9" }] } }) as never,
    context,
    { direct: true, subresource: "status" },
  );
  const handler = createHandler({
    registry,
    gateway,
    authenticate: () => ({ name: "kubernetes-admin", groups: ["system:masters"] }),
    dial: async ({ ip, port }) => {
      if (port !== backend) throw new Error(`dial tcp ${ip}:${port}: connect: connection refused`);
      return net.connect(port, "127.0.0.1");
    },
  });
  const server = createServer(handler.handle);
  server.on("upgrade", handler.handleUpgrade);
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, port, seen };
}

function listen(server: Server): Promise<number> {
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

const EXEC = "/api/v1/namespaces/default/pods/web/exec?stdout=1&stderr=1";

interface Told {
  readonly out: string;
  readonly status: { message?: string; reason?: string };
  readonly code: number;
}

function execOverWebSocket(url: string, query: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}${EXEC}${query}`, ["v5.channel.k8s.io"]);
    let out = "";
    let status = {};
    socket.on("message", (data: Buffer) => {
      if (data[0] === 1) out += data.subarray(1).toString();
      if (data[0] === 3) status = JSON.parse(data.subarray(1).toString()) as object;
    });
    socket.on("close", (code) => resolve({ out, status, code }));
    socket.on("error", reject);
  });
}

test("all that a command wrote arrives before the word how it ended", async () => {
  const { url } = await start();
  const { out, status, code } = await execOverWebSocket(url, "&container=main&command=x");
  assert.equal(out.split("\n").length, CHUNKS + 1);
  assert.equal(status.reason, "NonZeroExitCode");
  assert.equal(code, 1000);
});

test("over WebSocket the API server wraps the kubelet's failure once more; over SPDY it is the kubelet's own", async () => {
  const { url, port } = await start();
  const failed = await execOverWebSocket(url, "&container=main&command=nosuch");
  assert.equal(failed.status.message, "Internal error occurred: Internal error occurred: error executing command in container: nosuch");
  const gone = await execOverWebSocket(url, "&container=gone&command=x");
  assert.equal(gone.status.message, 'Internal error occurred: unable to upgrade connection: container not found ("gone")');
  const refused = await spdyHandshake(port, `POST ${EXEC}&container=gone&command=x`);
  assert.match(refused.head, /^HTTP\/1\.1 500 [^]*text\/plain[^]*\r\n\r\ncontainer not found \("gone"\)$/);
  refused.socket.destroy();
});

/** What the server answers, and the socket behind it. */
function spdyHandshake(port: number, request: string): Promise<{ head: string; rest: Buffer; socket: net.Socket }> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.write(
      `${request} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\nContent-Length: 0\r\n\r\n`,
    );
    socket.once("data", (data: Buffer) => {
      const end = data.indexOf("\r\n\r\n") + 4;
      const upgraded = data.toString("latin1").startsWith("HTTP/1.1 101");
      resolve({ head: data.toString("latin1", 0, upgraded ? end : data.length), rest: data.subarray(end), socket });
    });
  });
}

test("a forwarded port carries ten megabytes both ways on several streams, and each side closes for itself", async () => {
  const { port } = await start();
  const { socket } = await spdyHandshake(port, "POST /api/v1/namespaces/default/pods/web/portforward");
  const client = new SpdyClient((frame) => socket.write(frame));
  socket.on("data", (data: Buffer) => client.receive(data));
  const sent = Buffer.alloc(5_000_000, 0).map((_, index) => (index * 7919) & 255);
  const echo = async (id: number): Promise<Buffer> => {
    const errors = await client.open({ streamtype: "error", port: "7", requestid: String(id) }, true);
    const data = await client.open({ streamtype: "data", port: "7", requestid: String(id) });
    const chunks: Buffer[] = [];
    return new Promise((resolve, reject) => {
      errors.onData = (text) => reject(new Error(text.toString()));
      data.onData = (chunk) => chunks.push(chunk);
      data.onEnd = () => resolve(Buffer.concat(chunks));
      for (let at = 0; at < sent.length; at += 32_768) data.write(sent.subarray(at, at + 32_768));
      data.end();
    });
  };
  const [first, second] = await Promise.all([echo(1), echo(2)]);
  assert.ok(first?.equals(sent) && second?.equals(sent));
  const errors = await client.open({ streamtype: "error", port: "8", requestid: "9" }, true);
  const refused = new Promise<string>((resolve) => (errors.onData = (text) => resolve(text.toString())));
  await client.open({ streamtype: "data", port: "8", requestid: "9" });
  assert.equal(await refused, "error forwarding port 8");
  socket.destroy();
});

const PROXY = "/api/v1/namespaces/default/pods/web/proxy";

test("the proxy passes method, path, query and body on, and keeps the credentials", async () => {
  const { url, seen } = await start();
  const response = await fetch(`${url}${PROXY}/a/b%20c?q=1`, { method: "PUT", body: "hello", headers: { Authorization: "Bearer secret" } });
  assert.equal(response.status, 207);
  assert.equal(await response.text(), "plain </a>");
  assert.deepEqual(seen, [`PUT /a/b%20c?q=1 auth=none uri=${PROXY}/a/b%20c hello`]);
});

test("redirects and links of a page lead through the proxy", async () => {
  const { url } = await start();
  const root = await fetch(`${url}${PROXY}?a=b`, { redirect: "manual" });
  assert.deepEqual([root.status, root.headers.get("location")], [301, `${PROXY}/?a=b`]);
  const moved = await fetch(`${url}${PROXY}/moved`, { redirect: "manual" });
  assert.deepEqual([moved.status, moved.headers.get("location")], [302, `${PROXY}/there?x=1`]);
  const page = await fetch(`${url}${PROXY}/page`);
  assert.equal(page.headers.get("access-control-allow-origin"), null);
  assert.equal(
    await page.text(),
    `<a href="${PROXY}/a?b&amp;c">x</a><img src="rel.png"><script src="${PROXY}/s.js">if (1 < 2) "<a href='/no'>"</script>`,
  );
});

test("what the proxy cannot reach is told in the words of Go's dialer", async () => {
  const { url } = await start();
  const message = async (path: string) => ((await (await fetch(`${url}${path}`)).json()) as { message: string }).message;
  assert.equal(
    await message("/api/v1/namespaces/default/pods/web:81/proxy/"),
    "error trying to reach service: dial tcp 10.0.0.9:81: connect: connection refused",
  );
  assert.equal(await message("/api/v1/namespaces/default/pods/a:b:c/proxy/"), 'invalid pod request "a:b:c"');
  assert.equal(await message("/api/v1/namespaces/default/services/zz/proxy/"), 'endpoints "zz" not found');
});

test("an upgrade behind the proxy is carried as it is", async () => {
  const { port, seen } = await start();
  const socket = net.connect(port, "127.0.0.1");
  socket.write(`GET ${PROXY}/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
  const answer = await new Promise<string>((resolve) => socket.once("data", (data: Buffer) => resolve(data.toString())));
  // This backend takes no upgrades and answers as it answers everything.
  assert.match(answer, /^HTTP\/1\.1 207 /);
  assert.match(seen.join(), /^GET \/ws /);
  socket.destroy();
});
