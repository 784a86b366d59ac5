import type { IncomingMessage, RequestOptions } from "node:http";
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
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: AsyncIterable<Buffer>;
}

/** Sends one request. Resolves when the headers of the answer are there; the body is read by the caller. */
export async function sendRequest(target: HttpTarget, request: HttpRequest): Promise<HttpResponse> {
  if (target.socketPath !== undefined) {
    const { sendOverSocket } = await import("./socket-http.ts");
    const { host, prefix } = splitUrl(target.url);
    return sendOverSocket(target.socketPath, { ...request, path: prefix + request.path, headers: { ...request.headers, Host: host } });
  }
  const { http, options } = await requestOptions(target, request);
  return new Promise((resolve, reject) => {
    const outgoing = http.request(options, (response: IncomingMessage) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
    });
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

export type Upgraded =
  | {
      readonly kind: "upgraded";
      readonly socket: Duplex;
      readonly head: Buffer;
      readonly headers: IncomingMessage["headers"];
    }
  | ({ readonly kind: "refused" } & HttpResponse);

/** Asks for a change of protocol (SPDY) on the connection. */
export async function upgradeRequest(target: HttpTarget, request: HttpRequest): Promise<Upgraded> {
  const { http, options } = await requestOptions(target, request);
  return new Promise((resolve, reject) => {
    const outgoing = http.request(options);
    outgoing.on("upgrade", (response: IncomingMessage, socket: Duplex, head: Buffer) =>
      resolve({ kind: "upgraded", socket, head, headers: response.headers }),
    );
    outgoing.on("response", (response: IncomingMessage) =>
      resolve({
        kind: "refused",
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: response,
      }),
    );
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
    agent: false,
    ...(request.signal ? { signal: request.signal } : {}),
    ...(target.socketPath === undefined ? { host: base.hostname, port: base.port } : { socketPath: target.socketPath }),
  };
  if (secure) Object.assign(options, tlsOptions(target));
  return { http, options };
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
