import { type ClientHttp2Session, connect, constants, createServer, type Http2Server } from "node:http2";
import type { VirtualSocket } from "./network.ts";

export type ServingStatus = "UNKNOWN" | "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";

const STATUSES: readonly ServingStatus[] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const CHECK = "/grpc.health.v1.Health/Check";
const UNIMPLEMENTED = 12;
const NOT_FOUND = 5;
/** As google.golang.org/grpc/codes prints them. */
const CODES = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
];

/** A call that the server answered with another status than OK. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: string;
  /** The server's own words; `message` is how Go prints all of it. */
  readonly description: string;
  constructor(code: number, description: string) {
    super(`rpc error: code = ${CODES[code] ?? `Code(${code})`} desc = ${description}`);
    this.code = CODES[code] ?? String(code);
    this.description = description;
  }
}

/**
 * A server of the gRPC health protocol: what accepts its connections.
 * @param check undefined: there is no such service.
 */
export function grpcHealthServer(check: (service: string) => ServingStatus | undefined): (socket: VirtualSocket) => void {
  let server: Http2Server | undefined;
  return (socket) => {
    server ??= newServer(check);
    socket.on("error", () => socket.destroy());
    server.emit("connection", socket);
  };
}

function newServer(check: (service: string) => ServingStatus | undefined): Http2Server {
  const server = createServer();
  server.on("sessionError", () => undefined);
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const [, service = "", method = ""] = String(headers[":path"] ?? "").split("/");
      const failed = (code: number, message: string) =>
        stream.respond(
          { ":status": 200, "content-type": "application/grpc", "grpc-status": String(code), "grpc-message": message },
          { endStream: true },
        );
      if (headers[":path"] !== CHECK) {
        const known = service === "grpc.health.v1.Health";
        return failed(UNIMPLEMENTED, known ? `unknown method ${method} for service ${service}` : `unknown service ${service}`);
      }
      const status = check(serviceOf(Buffer.concat(chunks)));
      if (status === undefined) return failed(NOT_FOUND, "unknown service");
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "grpc-message": "" }));
      const number = STATUSES.indexOf(status);
      stream.end(framed(number === 0 ? Buffer.alloc(0) : Buffer.from([0x08, number])));
    });
  });
  return server;
}

/** The greeting of HTTP/2. Rejects when the other side does not speak it. */
export function grpcSession(socket: VirtualSocket): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${socket.remote.ip}:${socket.remote.port}`, { createConnection: () => socket });
    const fail = (error?: Error) => reject(error ?? new Error("error reading server preface: EOF"));
    session.once("remoteSettings", () => resolve(session));
    session.on("error", fail);
    session.on("close", () => fail());
  });
}

/** Asks for a service's health. Rejects with a GrpcError. */
export function checkGrpcHealth(session: ClientHttp2Session, service: string, userAgent: string): Promise<ServingStatus> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": CHECK,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": userAgent,
    });
    const chunks: Buffer[] = [];
    let code: number | undefined;
    let message = "";
    const noteStatus = (headers: Readonly<Record<string, unknown>>) => {
      if (headers["grpc-status"] !== undefined) code = Number(headers["grpc-status"]);
      message = String(headers["grpc-message"] ?? message);
    };
    stream.on("response", noteStatus);
    stream.on("trailers", noteStatus);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", (error) => reject(new GrpcError(14, `error reading from server: ${error.message}`)));
    stream.on("close", () => {
      if (code === 0) resolve(STATUSES[Buffer.concat(chunks)[6] ?? 0] ?? "UNKNOWN");
      else if (code !== undefined) reject(new GrpcError(code, message));
      else if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) reject(new GrpcError(14, "error reading from server: EOF"));
      else reject(new GrpcError(13, "server closed the stream without sending trailers"));
    });
    stream.end(framed(request(service)));
  });
}

/** HealthCheckRequest: one text, which is not written when it is empty. */
function request(service: string): Buffer {
  if (service === "") return Buffer.alloc(0);
  const text = Buffer.from(service);
  return Buffer.concat([Buffer.from([0x0a, text.length]), text]);
}

function serviceOf(message: Buffer): string {
  const body = message.subarray(5);
  return body[0] === 0x0a ? body.subarray(2, 2 + (body[1] ?? 0)).toString() : "";
}

/** A gRPC message on the wire: not compressed, its length, itself. */
function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
