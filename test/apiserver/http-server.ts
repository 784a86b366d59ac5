import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { after } from "node:test";
import type { NodeGateway } from "../../src/apiserver/node-gateway.ts";
import { createHandler } from "../../src/apiserver/server.ts";
import { startRegistryWith, type TestRegistry } from "../support/registry-with-kinds.ts";
import { STAND_IN_KINDS } from "./stand-in-kinds.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

const gateway: NodeGateway = {
  admit() {},
  request: () => Promise.reject(new Error("not here")),
  async logs() {
    const log = new PassThrough();
    log.end("a line\n");
    return log;
  },
  async exec(_pod, { command }) {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    stdout.end(`${command.join(" ")}\n`);
    stderr.end();
    return { stdin, stdout, stderr, exitCode: Promise.resolve(3), resize() {}, disconnect() {} };
  },
  attach: () => Promise.reject(new Error("not here")),
  portForward: () => () => Promise.reject(new Error("connection refused")),
  usage: () => undefined,
};

/** The real handler over plain HTTP, with a registry whose clock the test moves. */
export async function start(): Promise<{ cluster: TestRegistry; base: string; bugs: unknown[] }> {
  const cluster = startRegistryWith({ kinds: STAND_IN_KINDS });
  const bugs: unknown[] = [];
  const handler = createHandler({
    registry: cluster.registry,
    gateway,
    authenticate: (request) =>
      request.headers.authorization === "Bearer nobody" ? undefined : { name: "kubernetes-admin", groups: ["system:masters"] },
    onError: (error) => bugs.push(error),
  });
  const server = createServer(handler.handle);
  server.on("upgrade", handler.handleUpgrade);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { cluster, base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bugs };
}

export type Json = Record<string, unknown> & { metadata: Record<string, unknown>; items: Json[]; details: Record<string, unknown> };

/** One request, its answer read as JSON. */
export async function call(
  url: string,
  method = "GET",
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ code: number; json: Json; headers: Headers }> {
  const response = await fetch(url, {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { code: response.status, json: (await response.json()) as Json, headers: response.headers };
}

/** The first `count` lines of a stream, which is then left. */
export async function lines(url: string, count: number, meanwhile: () => Promise<unknown> = async () => undefined): Promise<Json[]> {
  const abort = new AbortController();
  const response = await fetch(url, { signal: abort.signal });
  await meanwhile();
  let text = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    if (text.split("\n").length > count) break;
  }
  abort.abort();
  return text
    .trim()
    .split("\n")
    .slice(0, count)
    .map((line) => JSON.parse(line) as Json);
}
