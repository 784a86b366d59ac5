import fs from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls, { type TLSSocket } from "node:tls";

export interface ApiHandlers {
  handle(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Client certificates signed by this one are trusted. */
  readonly ca: string;
}

export interface ApiListener {
  readonly port: number;
  /** Serves a connection that does not come from a host socket: TLS is spoken over it. */
  serve(connection: Duplex): void;
  close(): Promise<void>;
}

// A watch may be silent for an hour; a client that stalls inside its headers may not.
const HEADERS_TIMEOUT_MS = 30_000;

/** Serves the API over TLS on 127.0.0.1. Client certificates are asked for and checked, but not demanded: tokens do too. */
export async function listenForApi(port: number, files: TlsFiles, handlers: ApiHandlers): Promise<ApiListener> {
  const server = https.createServer(
    {
      cert: files.cert,
      key: files.key,
      ca: files.ca,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
      keepAliveTimeout: 120_000,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: 0,
    },
    (request, response) => handlers.handle(request, response),
  );
  prepare(server, handlers);
  const secureContext = tls.createSecureContext({ cert: files.cert, key: files.key, ca: files.ca });
  await listening(server, (done) => server.listen({ host: "127.0.0.1", port, exclusive: true }, done));
  return {
    port: (server.address() as net.AddressInfo).port,
    serve: (connection) => {
      const socket = new tls.TLSSocket(connection, {
        isServer: true,
        secureContext,
        requestCert: true,
        rejectUnauthorized: false,
        ALPNProtocols: ["http/1.1"],
      });
      socket.on("error", () => socket.destroy());
      socket.on("secure", () => server.emit("secureConnection", socket));
    },
    close: () => closed(server),
  };
}

/** Serves the API on a local socket that only the user can open; who connects is the user. Undefined where there are no such sockets. */
export async function listenOnLocalSocket(file: string, handlers: ApiHandlers): Promise<{ close(): Promise<void> } | undefined> {
  if (process.platform === "win32" || Buffer.byteLength(file) > 100) return undefined;
  fs.rmSync(file, { force: true });
  const server = http.createServer(
    { keepAliveTimeout: 120_000, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 },
    (request, response) => handlers.handle(request, response),
  );
  prepare(server, handlers);
  await listening(server, (done) => server.listen({ path: file }, done));
  fs.chmodSync(file, 0o600);
  return { close: () => closed(server) };
}

/** TLS as a client, over any connection. Upstream of the errors' words: Go's crypto/tls. */
export function speakTls(
  connection: Duplex,
  options: {
    readonly verify?: { readonly serverName: string; readonly ca: string };
    readonly cert?: string;
    readonly key?: string;
  },
): Promise<Duplex> {
  const { verify, cert, key } = options;
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      socket: connection as net.Socket,
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: verify !== undefined,
      ...(verify
        ? {
            ca: verify.ca,
            ...(net.isIP(verify.serverName) ? {} : { servername: verify.serverName }),
            checkServerIdentity: (_host: string, certificate: tls.PeerCertificate) =>
              tls.checkServerIdentity(verify.serverName, certificate),
          }
        : {}),
      ...(cert === undefined ? {} : { cert, key }),
    });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const plain = error.code === "ERR_SSL_WRONG_VERSION_NUMBER" || error.code === "ERR_SSL_PACKET_LENGTH_TOO_LONG";
      reject(plain ? new Error("http: server gave HTTP response to HTTPS client", { cause: error }) : error);
    });
  });
}

/** The subject of a verified client certificate, or undefined. */
export function clientCertificate(socket: Duplex): CertificateSubject | undefined {
  const secure = socket as TLSSocket;
  if (typeof secure.getPeerCertificate !== "function" || !secure.authorized) return undefined;
  if (!knownCertificates.has(secure)) knownCertificates.set(secure, readCertificate(secure));
  return knownCertificates.get(secure);
}

interface CertificateSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly der: Buffer;
}

/** Reading one costs more than a GET: once for a connection is enough. */
const knownCertificates = new WeakMap<TLSSocket, CertificateSubject | undefined>();

function readCertificate(secure: TLSSocket): CertificateSubject | undefined {
  const certificate = secure.getPeerCertificate();
  const subject = certificate.subject as unknown as Record<string, string | string[] | undefined> | undefined;
  if (!subject?.["CN"]) return undefined;
  return { commonName: String(subject["CN"]), organizations: [subject["O"] ?? []].flat(), der: certificate.raw };
}

/** Whether the request came over the local socket. */
export function isLocalSocket(socket: Duplex): boolean {
  return !("encrypted" in socket) && (socket as net.Socket).remoteAddress === undefined;
}

/** Every open socket of a server: those that were upgraded are no longer the HTTP server's to close. */
const openSockets = new WeakMap<http.Server | https.Server, Set<net.Socket>>();

function prepare(server: http.Server | https.Server, handlers: ApiHandlers): void {
  const sockets = new Set<net.Socket>();
  openSockets.set(server, sockets);
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    handlers.upgrade(request, socket, head);
  });
  server.on("clientError", (_error: Error, socket: Duplex) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    else socket.destroy();
  });
}

function listening(server: http.Server | https.Server, listen: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    listen(() => {
      server.off("error", reject);
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function closed(server: http.Server | https.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
    for (const socket of openSockets.get(server) ?? []) socket.destroy();
  });
}
