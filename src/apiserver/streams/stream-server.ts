import { Duplex } from "node:stream";
import type { IncomingMessage } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import type { Pod } from "../../api/generated/core-v1.ts";
import { badRequest, internalError, serviceUnavailable, StatusError, unauthorized } from "../../api/status.ts";
import { parseTarget, type ResourceTarget } from "../http/request-info.ts";
import type { ServerOptions } from "../http/server-parts.ts";
import { type NodeGateway, type StreamOptions, type StreamSession, UpgradeRefused } from "../node-gateway.ts";
import { isProxyRequest } from "../proxy/location.ts";
import { upgradeProxy } from "../proxy/upgrade.ts";
import type { UserInfo } from "../../api/user.ts";
import { containerOf } from "../subresources/log.ts";
import { servePortForward } from "./port-forward.ts";
import { runRemoteCommand, streamOptionsOf } from "./remote-command.ts";
import { SpdyChannels } from "./spdy-channels.ts";
import { SpdyConnection, type SpdyStream } from "./spdy-connection.ts";
import { WebSocketChannels } from "./websocket-channels.ts";
import { CHANNEL_PROTOCOL, portsOf, serveChannelPortForward } from "./websocket-port-forward.ts";

const STREAMS = new Set(["exec", "attach", "portforward"]);
const COMMAND_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const TUNNEL_PROTOCOL = "SPDY/3.1+portforward.k8s.io";
const PORT_FORWARD_PROTOCOL = "portforward.k8s.io";

export function isStreamRequest(target: ResourceTarget): boolean {
  return target.group === "" && target.resource === "pods" && target.name !== undefined && STREAMS.has(target.subresource ?? "");
}

type Admit = (request: IncomingMessage, target: ResourceTarget) => UserInfo;

/** What an upgrade has been understood to ask for. */
interface StreamRequest {
  readonly target: ResourceTarget;
  readonly pod: Pod;
  readonly gateway: NodeGateway;
  readonly query: URLSearchParams;
}

/** Exec, attach and port-forward over WebSocket and SPDY. */
export class StreamServer {
  readonly #options: ServerOptions;
  readonly #admit: Admit;
  readonly #webSockets: WebSocketServer;
  /** `ws` refuses a subprotocol with a slash: it is put aside during its handshake. */
  readonly #tunnels = new WeakSet<IncomingMessage>();

  constructor(options: ServerOptions, admit: Admit) {
    this.#options = options;
    this.#admit = admit;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      handleProtocols: (offered) => COMMAND_PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
    });
    this.#webSockets.on("headers", (headers, request) => {
      if (this.#tunnels.has(request)) headers.push(`Sec-WebSocket-Protocol: ${TUNNEL_PROTOCOL}`);
    });
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    try {
      if (this.#upgradeExtra(request, socket, head)) return;
      const proxied = this.#proxyTarget(request);
      if (proxied) return await upgradeProxy(request, socket, head, { target: proxied, parts: this.#options });
      const stream = this.#understand(request);
      const upgrade = (request.headers.upgrade ?? "").toLowerCase();
      if (upgrade === "websocket") this.#upgradeWebSocket(request, socket, head, stream);
      else if (upgrade === "spdy/3.1") this.#upgradeSpdy(request, socket, head, stream);
      else throw badRequest("Upgrade request required");
    } catch (error) {
      if (error instanceof UpgradeRefused) return answer(socket, 500, "Internal Server Error", "text/plain; charset=utf-8", error.message);
      if (!(error instanceof StatusError)) this.#options.onError?.(error);
      refuse(socket, error instanceof StatusError ? error : internalError(error));
    }
  }

  /** A stream of the daemon's own, over WebSocket. */
  #upgradeExtra(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const url = new URL(request.url ?? "/", "http://localhost");
    const options = streamOptionsOf(url.searchParams, "");
    const start = this.#options.extraStreams?.(url.pathname, url.searchParams, options);
    if (!start) return false;
    if (!this.#options.authenticate(request)) throw unauthorized();
    this.#webSockets.handleUpgrade(
      request,
      socket,
      head,
      (webSocket) => void runRemoteCommand(new WebSocketChannels(webSocket), options, start),
    );
    return true;
  }

  #proxyTarget(request: IncomingMessage): ResourceTarget | undefined {
    const target = parseTarget((request.url ?? "/").replace(/\?.*$/s, ""));
    if (target.type !== "resource" || !isProxyRequest(target)) return undefined;
    this.#admit(request, target);
    return target;
  }

  /** Throws before anything is started: both of a client's tries must be refused alike. */
  #understand(request: IncomingMessage): StreamRequest {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const target = parseTarget(mark < 0 ? url : url.slice(0, mark));
    if (target.type !== "resource" || !isStreamRequest(target)) {
      throw new StatusError({ code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: {} });
    }
    this.#admit(request, target);
    const { registry, gateway } = this.#options;
    if (!gateway) throw serviceUnavailable("no kubelet can be reached");
    const pod = registry.get(registry.kinds.core("Pod"), { namespace: target.namespace, name: target.name ?? "" }) as Pod;
    if (!pod.spec?.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
    return { target, pod, gateway, query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)) };
  }

  #upgradeWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer, stream: StreamRequest): void {
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((text) => text.trim());
    if (stream.target.subresource === "portforward") {
      if (offered.includes(CHANNEL_PROTOCOL)) {
        const ports = portsOf(stream.query);
        const connect = stream.gateway.portForward(stream.pod);
        this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
          serveChannelPortForward(webSocket, ports, stream.pod, connect),
        );
        return;
      }
      if (!offered.includes(TUNNEL_PROTOCOL)) throw badRequest(`unable to upgrade: unsupported subprotocol, expected ${TUNNEL_PROTOCOL}`);
      const connect = stream.gateway.portForward(stream.pod);
      delete request.headers["sec-websocket-protocol"];
      this.#tunnels.add(request);
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        servePortForward(tunnelOver(webSocket), Buffer.alloc(0), connect),
      );
      return;
    }
    const { options, start } = commandOf(stream);
    if (!COMMAND_PROTOCOLS.some((protocol) => offered.includes(protocol)))
      throw badRequest(`unable to upgrade: none of the subprotocols ${offered.join(", ")} is supported`);
    this.#webSockets.handleUpgrade(
      request,
      socket,
      head,
      (webSocket) => void runRemoteCommand(new WebSocketChannels(webSocket), options, start),
    );
  }

  #upgradeSpdy(request: IncomingMessage, socket: Duplex, head: Buffer, stream: StreamRequest): void {
    const offered = String(request.headers["x-stream-protocol-version"] ?? "")
      .split(",")
      .map((text) => text.trim());
    if (stream.target.subresource === "portforward") {
      const connect = stream.gateway.portForward(stream.pod);
      acceptSpdy(socket, offered.includes(PORT_FORWARD_PROTOCOL) ? PORT_FORWARD_PROTOCOL : undefined);
      servePortForward(socket, head, connect);
      return;
    }
    const { options, start } = commandOf(stream);
    const protocol = COMMAND_PROTOCOLS.find((candidate) => offered.includes(candidate));
    if (!protocol)
      throw new StatusError({
        code: 403,
        reason: "Forbidden",
        message: `unable to upgrade: unable to negotiate protocol: client supports ${JSON.stringify(offered)}, server accepts ${JSON.stringify(COMMAND_PROTOCOLS)}`,
      });
    stream.gateway.admit(stream.pod, options.container);
    acceptSpdy(socket, protocol);
    serveSpdyCommand(socket, head, options, start);
  }
}

/** What to run once the streams are there. */
function commandOf({ target, pod, gateway, query }: StreamRequest): { options: StreamOptions; start: () => Promise<StreamSession> } {
  const options = streamOptionsOf(query, containerOf(pod, query.get("container")));
  if (!options.stdin && !options.stdout && !options.stderr) throw badRequest("you must specify at least one of stdin, stdout, stderr");
  if (target.subresource === "attach") return { options, start: () => gateway.attach(pod, options) };
  const command = query.getAll("command");
  if (command.length === 0) throw badRequest("you must specify at least 1 command");
  return { options, start: () => gateway.exec(pod, { ...options, command }) };
}

function serveSpdyCommand(socket: Duplex, head: Buffer, options: StreamOptions, start: () => Promise<StreamSession>): void {
  const expected = [
    "error",
    ...(options.stdin ? ["stdin"] : []),
    ...(options.stdout ? ["stdout"] : []),
    ...(options.stderr ? ["stderr"] : []),
    ...(options.tty ? ["resize"] : []),
  ];
  const streams = new Map<string, SpdyStream>();
  let started = false;
  const connection: SpdyConnection = new SpdyConnection(socket, head, (stream) => {
    streams.set(stream.headers.get("streamtype") ?? "", stream);
    if (started || !expected.every((type) => streams.has(type))) return;
    started = true;
    void runRemoteCommand(new SpdyChannels(streams, connection), options, start);
  });
}

function acceptSpdy(socket: Duplex, protocol: string | undefined): void {
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Connection: Upgrade",
    "Upgrade: SPDY/3.1",
    ...(protocol ? [`X-Stream-Protocol-Version: ${protocol}`] : []),
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
}

function refuse(socket: Duplex, error: StatusError): void {
  answer(socket, error.code, error.reason || "Error", "application/json", JSON.stringify(error.status));
}

function answer(socket: Duplex, code: number, phrase: string, contentType: string, body: string): void {
  const head = [
    `HTTP/1.1 ${code} ${phrase}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** The binary messages of a WebSocket as one stream of bytes: their bounds mean nothing. */
function tunnelOver(webSocket: WebSocket): Duplex {
  const tunnel = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      if (webSocket.readyState !== webSocket.OPEN) return done();
      webSocket.send(chunk, () => done());
    },
    final(done) {
      webSocket.close(1000);
      done();
    },
    destroy(error, done) {
      webSocket.terminate();
      done(error);
    },
  });
  webSocket.on("message", (data: Buffer) => tunnel.push(data));
  webSocket.on("close", () => tunnel.push(null));
  webSocket.on("error", () => tunnel.destroy());
  return tunnel;
}
