import fs from "node:fs";
import http, { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import net from "node:net";
import type { Duplex } from "node:stream";
import { type HttpTarget, requestOptions } from "./cli-http.ts";
import { listenProblem } from "./listen-problem.ts";
import { HOP_HEADERS } from "../util/hop-headers.ts";

export interface ProxyHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export type ProxyAddress = { readonly host: string; readonly port: number } | { readonly path: string };

const PORT_MAX = 65_535;

/** Serves HTTP on an address or a Unix socket until the process ends; resolves with where it listens, as Go prints it. */
export function serveProxy(at: ProxyAddress, handlers: ProxyHandlers): Promise<string> {
  if ("port" in at && (at.port < 0 || at.port > PORT_MAX)) throw new Error(`listen tcp: address ${at.port}: invalid port`);
  if ("path" in at && fs.statSync(at.path, { throwIfNoEntry: false })?.isSocket()) fs.rmSync(at.path);
  const server = http.createServer((request, response) => handlers.request(request, response));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    handlers.upgrade(request, socket, head);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(new Error(problemAt(at, error), { cause: error })));
    const umask = process.umask(0o077);
    server.listen({ ...at, exclusive: true }, () => {
      const address = server.address();
      if (typeof address === "string" || address === null) resolve("path" in at ? at.path : "");
      // Go listens on all addresses of both families at once, and says so.
      else if (address.address === "0.0.0.0") resolve(`[::]:${address.port}`);
      else resolve(address.family === "IPv6" ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`);
    });
    process.umask(umask);
  });
}

function problemAt(at: ProxyAddress, error: NodeJS.ErrnoException): string {
  if ("path" in at) return listenProblem("unix", at.path, error);
  if (error.code === "ENOTFOUND") return `listen tcp: lookup ${at.host}: no such host`;
  return listenProblem("tcp", `${net.isIPv6(at.host) ? `[${at.host}]` : at.host}:${at.port}`, error);
}

export interface Forwarding {
  readonly path: string;
  /** Credentials, to be added. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** No answer came. */
  onError(error: NodeJS.ErrnoException): void;
}

/** Sends a request on to the API server, and its answer back, as they come. */
export async function forwardRequest(
  target: HttpTarget,
  request: IncomingMessage,
  response: ServerResponse,
  forwarding: Forwarding,
): Promise<void> {
  const { http: client, options } = await requestOptions(target, {
    method: request.method ?? "GET",
    path: forwarding.path,
    headers: { ...passedOn(request), ...forwarding.headers } as never,
  });
  const outgoing = client.request(options, (answer: IncomingMessage) => {
    const headers: OutgoingHttpHeaders = {};
    for (const [name, value] of Object.entries(answer.headers)) if (!HOP_HEADERS.has(name)) headers[name] = value;
    response.writeHead(answer.statusCode ?? 502, headers);
    response.flushHeaders();
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  outgoing.on("error", (error: NodeJS.ErrnoException) => (response.headersSent ? response.destroy() : forwarding.onError(error)));
  response.once("close", () => outgoing.destroy());
  request.pipe(outgoing);
}

/** The same for a change of protocol: after the answer, bytes both ways. */
export async function forwardUpgrade(
  target: HttpTarget,
  request: IncomingMessage,
  client: { readonly socket: Duplex; readonly head: Buffer },
  forwarding: Forwarding,
): Promise<void> {
  const { socket, head } = client;
  const headers = { ...passedOn(request), ...forwarding.headers, Connection: "Upgrade", Upgrade: request.headers.upgrade ?? "" };
  const { http: library, options } = await requestOptions(target, {
    method: request.method ?? "GET",
    path: forwarding.path,
    headers: headers as never,
  });
  const outgoing = library.request(options);
  const answerHead = (answer: IncomingMessage) => `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${headerLines(answer)}\r\n`;
  outgoing.on("upgrade", (answer: IncomingMessage, backend: Duplex, rest: Buffer) => {
    socket.write(answerHead(answer));
    if (rest.length > 0) socket.write(rest);
    if (head.length > 0) backend.write(head);
    backend.on("error", () => socket.destroy());
    backend.once("close", () => socket.end());
    socket.once("close", () => backend.destroy());
    backend.pipe(socket).pipe(backend);
  });
  outgoing.on("response", (answer: IncomingMessage) => {
    socket.write(answerHead(answer));
    answer.pipe(socket);
  });
  outgoing.on("error", (error: NodeJS.ErrnoException) => forwarding.onError(error));
  outgoing.end();
}

function passedOn(request: IncomingMessage): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers)) if (!HOP_HEADERS.has(name) && name !== "host") headers[name] = value;
  headers["x-forwarded-for"] =
    [request.headers["x-forwarded-for"], request.socket.remoteAddress].flat().filter(Boolean).join(", ") || undefined;
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

function headerLines(answer: IncomingMessage): string {
  let text = "";
  for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2)
    text += `${answer.rawHeaders[index]}: ${answer.rawHeaders[index + 1]}\r\n`;
  return text;
}
