import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface HttpTarget {
  /** http://host:port or https://host:port, with an optional path in front of all others. */
  readonly url: string;
  /** A local socket that serves the same API. */
  readonly socketPath?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly serverName?: string | undefined;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Until the whole answer is there; 0: as long as it takes. */
  readonly timeoutMs?: number | undefined;
  readonly trace?: HttpTrace | undefined;
}

/** Told of the connection that a request takes. */
export interface HttpTrace {
  dialled(network: string, address: string, failure?: string): void;
  /** The TLS handshake is done. */
  secured(): void;
  /** An earlier request's connection is taken. */
  reused(): void;
}

export interface HttpResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingMessage["headers"];
  /** With every value of headers that come several times. */
  readonly allHeaders: IncomingMessage["headersDistinct"];
  readonly body: AsyncIterable<Buffer>;
}

/** Sends one request. Resolves when the headers of the answer are there; the body is read by the caller. */
export async function sendRequest(target: HttpTarget, request: HttpRequest): Promise<HttpResponse> {
  // Who traces a connection has time for node:http.
  if (target.socketPath !== undefined && !request.trace) {
    const { sendOverSocket } = await import("./socket-http.ts");
    const { host, prefix } = splitUrl(target.url);
    return sendOverSocket(target.socketPath, { ...request, path: prefix + request.path, headers: { ...request.headers, Host: host } });
  }
  const { http, options } = await requestOptions(target, request);
  return new Promise((resolve, reject) => {
    const outgoing = http.request(options, (response: IncomingMessage) => resolve(responseOf(response)));
    if (request.timeoutMs !== undefined && request.timeoutMs > 0) {
      const late = Object.assign(new Error("the answer took too long"), { code: "ETIME" });
      const timer = setTimeout(() => outgoing.destroy(late), request.timeoutMs);
      outgoing.on("close", () => clearTimeout(timer));
    }
    if (request.trace) watchConnection(outgoing, target, request.trace);
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      // The server closed a kept connection just then: what only reads is asked again.
      const again = outgoing.reusedSocket && error.code === "ECONNRESET" && request.method === "GET" && !request.signal?.aborted;
      if (again) sendRequest(target, request).then(resolve, reject);
      else reject(error);
    });
    outgoing.end(request.body);
  });
}

const responseOf = (response: IncomingMessage): HttpResponse => ({
  status: response.statusCode ?? 0,
  statusText: response.statusMessage ?? "",
  headers: response.headers,
  // Worked out only for who asks.
  get allHeaders() {
    return response.headersDistinct;
  },
  body: response,
});

function watchConnection(outgoing: ClientRequest, target: HttpTarget, trace: HttpTrace): void {
  const { hostname, port } = splitUrl(target.url);
  const network = target.socketPath === undefined ? "tcp" : "unix";
  const address = target.socketPath ?? `${hostname}:${port}`;
  outgoing.on("socket", (socket: Socket) => {
    if (outgoing.reusedSocket) return trace.reused();
    const failed = (error: Error) => trace.dialled(network, address, error.message);
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      trace.dialled(network, address);
    });
    socket.once("secureConnect", () => trace.secured());
  });
}

export type Upgraded =
  | {
      readonly kind: "upgraded";
      readonly socket: Duplex;
      readonly head: Buffer;
      readonly answer: Omit<HttpResponse, "body">;
    }
  | ({ readonly kind: "refused" } & HttpResponse);

/** Asks for a change of protocol (SPDY) on the connection. */
export async function upgradeRequest(target: HttpTarget, request: HttpRequest): Promise<Upgraded> {
  const { http, options } = await requestOptions(target, request);
  return new Promise((resolve, reject) => {
    const outgoing = http.request(options);
    outgoing.on("upgrade", (response: IncomingMessage, socket: Duplex, head: Buffer) =>
      resolve({ kind: "upgraded", socket, head, answer: responseOf(response) }),
    );
    outgoing.on("response", (response: IncomingMessage) =>
      resolve({
        kind: "refused",
        ...responseOf(response),
      }),
    );
    if (request.trace) watchConnection(outgoing, target, request.trace);
    outgoing.on("error", reject);
    outgoing.end();
  });
}

export async function requestOptions(target: HttpTarget, request: HttpRequest) {
  const base = splitUrl(target.url);
  const secure = base.secure && target.socketPath === undefined;
  const http = secure ? await import("node:https") : await import("node:http");
  const options: RequestOptions & {
    ca?: string;
    cert?: string;
    key?: string;
    rejectUnauthorized?: boolean;
    servername?: string;
    ALPNProtocols?: string[];
  } = {
    method: request.method,
    path: base.prefix + request.path,
    headers: { ...request.headers, Host: base.host } as never,
    agent: target.socketPath === undefined ? keptAlive(target, http) : false,
    ...(request.signal ? { signal: request.signal } : {}),
    ...(target.socketPath === undefined ? { host: base.hostname, port: base.port } : { socketPath: target.socketPath }),
  };
  if (secure) Object.assign(options, tlsOptions(target));
  return { http, options };
}

const agents = new WeakMap<HttpTarget, Agent>();

/** A handshake costs more than a request: those to one server take one connection after the other. */
function keptAlive(target: HttpTarget, http: { Agent: new (options: { keepAlive: boolean }) => Agent }): Agent {
  const known = agents.get(target) ?? new http.Agent({ keepAlive: true });
  agents.set(target, known);
  return known;
}

export function tlsOptions(target: HttpTarget) {
  return {
    ...(target.ca === undefined ? {} : { ca: target.ca }),
    ...(target.cert === undefined ? {} : { cert: target.cert }),
    ...(target.key === undefined ? {} : { key: target.key }),
    ...(target.insecure ? { rejectUnauthorized: false } : {}),
    ...(target.serverName ? { servername: target.serverName } : {}),
    ALPNProtocols: ["http/1.1"],
  };
}

// URL is slow to load at start; the servers of kubeconfigs are plain.
export function splitUrl(url: string): {
  secure: boolean;
  host: string;
  hostname: string;
  port: number;
  prefix: string;
} {
  const match = /^(https?):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?(\/.*)?$/.exec(url);
  if (!match) throw new Error(`invalid server URL: ${url}`);
  const secure = match[1] === "https";
  const hostname = (match[2] ?? "").replace(/^\[|\]$/g, "");
  const port = match[3] ? Number(match[3]) : secure ? 443 : 80;
  return {
    secure,
    hostname,
    port,
    host: match[3] ? `${match[2]}:${match[3]}` : (match[2] ?? ""),
    prefix: (match[4] ?? "").replace(/\/$/, ""),
  };
}
