import { createServer, type IncomingMessage, request as httpRequest, type Server } from "node:http";
import type { Duplex } from "node:stream";
import type { DatagramEnd } from "./datagrams.ts";
import {
  type Endpoint,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  type HttpStream,
  type Listener,
  NetworkError,
  type VirtualSocket,
} from "./network.ts";

/** Something that waits for connections on a port of a namespace. */
export interface ListeningPort extends Listener {
  accept(socket: VirtualSocket): void;
  /** Answers a request without bytes; undefined for listeners that only speak bytes. */
  readonly handler: HttpHandler | undefined;
  /** Connections over bytes and exchanges without: all end when the listener does. */
  exchange(request: HttpRequest): Promise<HttpResponse>;
}

interface BoundDatagrams extends Listener {
  readonly end: DatagramEnd;
}

/** The ports of one network namespace. */
export class PortTable {
  readonly #ports = new Map<number, ListeningPort[]>();
  readonly #datagrams = new Map<number, BoundDatagrams[]>();
  /** Throws NetworkError EADDRINUSE. */
  listen(
    port: number,
    address: string,
    accept: (socket: VirtualSocket) => void,
    handler?: HttpHandler,
    onClose?: () => void,
  ): ListeningPort {
    const taken = this.#ports.get(port) ?? [];
    if (taken.some((other) => other.address === address || other.address === "0.0.0.0" || address === "0.0.0.0")) {
      throw new NetworkError("EADDRINUSE", `listen EADDRINUSE: address already in use ${address === "0.0.0.0" ? "::" : address}:${port}`);
    }
    const connections = new Set<VirtualSocket>();
    const exchanges = new Set<(reason: NetworkError) => void>();
    const entry: ListeningPort = {
      address,
      port,
      protocol: "TCP",
      handler,
      accept: (socket) => {
        connections.add(socket);
        socket.once("close", () => connections.delete(socket));
        accept(socket);
      },
      exchange: (request) => {
        if (!handler) throw new NetworkError("ECONNRESET", "socket hang up");
        return new Promise((resolve, reject) => {
          const hangUp = (error: unknown) =>
            reject(error instanceof NetworkError ? error : new NetworkError("ECONNRESET", "socket hang up"));
          exchanges.add(hangUp);
          Promise.resolve()
            .then(() => handler(request))
            .then(resolve, hangUp)
            .finally(() => exchanges.delete(hangUp));
        });
      },
      close: () => {
        const left = (this.#ports.get(port) ?? []).filter((other) => other !== entry);
        if (left.length > 0) this.#ports.set(port, left);
        else this.#ports.delete(port);
        onClose?.();
        // Whoever listened is gone, and its connections with it.
        for (const socket of connections) socket.destroy();
        for (const hangUp of exchanges) hangUp(new NetworkError("ECONNRESET", "socket hang up"));
      },
    };
    this.#ports.set(port, [...taken, entry]);
    return entry;
  }

  listenHttp(port: number, address: string, handler: HttpHandler, http2?: (socket: VirtualSocket) => void): ListeningPort {
    let server: Server | undefined;
    return this.listen(
      port,
      address,
      (socket) => {
        const one = (server ??= createHttpServer(handler));
        if (!http2) one.emit("connection", socket);
        else
          socket.once("readable", () => {
            const first = socket.read() as Buffer | null;
            if (first) socket.unshift(first);
            if (first?.subarray(0, 3).toString() === "PRI") http2(socket);
            else one.emit("connection", socket);
          });
      },
      handler,
      () => server?.close(),
    );
  }

  /** Throws NetworkError EADDRINUSE. */
  bindDatagrams(local: Endpoint, open: (release: () => void) => DatagramEnd): DatagramEnd {
    const { ip: address, port } = local;
    const bound = this.#datagrams.get(port) ?? [];
    if (bound.some((other) => other.address === address || other.address === ANY_ADDRESS || address === ANY_ADDRESS))
      throw new NetworkError("EADDRINUSE", `bind EADDRINUSE: address already in use ${endpointText(local)}`);
    const end = open(() => {
      const left = (this.#datagrams.get(port) ?? []).filter((other) => other !== entry);
      if (left.length > 0) this.#datagrams.set(port, left);
      else this.#datagrams.delete(port);
    });
    const entry: BoundDatagrams = { address, port, protocol: "UDP", end, close: () => end.close() };
    this.#datagrams.set(port, [...bound, entry]);
    return end;
  }

  findDatagrams(port: number, ip: string): DatagramEnd | undefined {
    return this.#datagrams.get(port)?.find(({ address }) => address === ANY_ADDRESS || address === ip)?.end;
  }

  /** Who listens where `ip` and `port` lead. */
  find(port: number, ip: string): ListeningPort | undefined {
    return this.#ports.get(port)?.find((entry) => entry.address === "0.0.0.0" || entry.address === ip);
  }

  all(): Listener[] {
    return [...this.#ports.values(), ...this.#datagrams.values()].flat();
  }

  /** The namespace is gone: ports close and connections are reset. */
  clear(): void {
    for (const entry of this.all()) entry.close();
  }
}

/** A real HTTP server in front of a handler, for connections that carry bytes. */
function createHttpServer(handler: HttpHandler): Server {
  const server = createServer((request, response) => {
    const socket = request.socket as unknown as VirtualSocket;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => response.destroy());
    request.on("end", () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
      );
      const exchange: HttpRequest = {
        method: request.method ?? "GET",
        path: request.url ?? "/",
        headers,
        body: Buffer.concat(chunks),
        remote: socket.remote,
        local: socket.local,
      };
      Promise.resolve()
        .then(() => handler(exchange))
        .then(
          (answer) => {
            response.writeHead(answer.status, answer.headers as Record<string, string>);
            response.end(answer.body ?? "");
          },
          () => response.destroy(),
        );
    });
  });
  // A client that has sent all and closed its side still wants the answer.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  return server;
}

/** An HTTP exchange over bytes, for listeners that are no HTTP handlers. The connection ends with the body. */
export function httpOverSocket(socket: Duplex, request: Omit<HttpRequest, "remote" | "local">, signal: AbortSignal): Promise<HttpStream> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { createConnection: () => socket as never, method: request.method, path: request.path, headers: { ...request.headers }, signal },
      (response) => {
        const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
        resolve({ status: response.statusCode ?? 0, headers, body: bodyOf(response, socket), close: () => socket.destroy() });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

async function* bodyOf(response: IncomingMessage, socket: Duplex): AsyncIterable<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } finally {
    socket.destroy();
  }
}

export const ANY_ADDRESS = "0.0.0.0";
export const endpointText = ({ ip, port }: Endpoint) => `${ip}:${port}`;
