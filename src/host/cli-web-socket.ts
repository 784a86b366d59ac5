import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import net from "node:net";
import tls from "node:tls";
import { WebSocket } from "ws";
import { splitUrl, tlsOptions, type HttpResponse, type HttpTarget } from "./cli-http.ts";

export type WebSocketOutcome =
  | { readonly kind: "open"; readonly socket: WebSocket; readonly answer: Answer }
  | { readonly kind: "refused"; readonly body: string; readonly answer: Answer };

type Answer = Pick<HttpResponse, "status" | "statusText" | "allHeaders">;

const answerOf = (response: IncomingMessage): Answer => ({
  status: response.statusCode ?? 0,
  statusText: response.statusMessage ?? "",
  allHeaders: response.headersDistinct,
});

/** Opens a WebSocket over the same way as requests go. A refusal is an outcome, with what the server said. */
export function openWebSocket(
  target: HttpTarget,
  path: string,
  protocol: string,
  headers: Readonly<Record<string, string | string[]>>,
): Promise<WebSocketOutcome> {
  const base = splitUrl(target.url);
  const secure = base.secure && target.socketPath === undefined;
  const socket = new WebSocket(`${secure ? "wss" : "ws"}://${base.host}${base.prefix}${path}`, [protocol], {
    headers: headers as never,
    perMessageDeflate: false,
    createConnection: (() => connect(target)) as never,
  });
  return new Promise((resolve, reject) => {
    let answer: Answer = { status: 101, statusText: "", allHeaders: {} };
    socket.on("upgrade", (response) => (answer = answerOf(response)));
    socket.on("open", () => {
      // What came with the handshake must wait until somebody listens: the caller resumes.
      socket.pause();
      resolve({ kind: "open", socket, answer });
    });
    socket.on("unexpected-response", (request, response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        request.destroy();
        resolve({
          kind: "refused",
          answer: answerOf(response),
          body: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    socket.on("error", reject);
  });
}

function connect(target: HttpTarget): Duplex {
  if (target.socketPath !== undefined) return net.connect(target.socketPath);
  const { secure, hostname, port } = splitUrl(target.url);
  if (!secure) return net.connect(port, hostname);
  const options = {
    host: hostname,
    port,
    servername: net.isIP(hostname) ? "" : hostname,
    ...tlsOptions(target),
  };
  return tls.connect(options);
}

/** Listens on the host; a port of 0 takes a free one. */
export function listenOn(
  host: string,
  port: number,
  onConnection: (socket: net.Socket) => void,
): Promise<{ readonly port: number; close(): void }> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ allowHalfOpen: true }, onConnection);
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () =>
      resolve({
        port: (server.address() as net.AddressInfo).port,
        close: () => void server.close(),
      }),
    );
  });
}
