import type { PeerCertificate } from "node:tls";
import { nameServer as findNameServer, nowMs } from "../../host/cli-host.ts";
import { ConnectionError } from "../errors.ts";

/** What the system, OpenSSL or Node's HTTP parser say of a connection. */
interface SystemError extends NodeJS.ErrnoException {
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  /** The name that the certificate does not have. */
  readonly host?: string;
  /** Of the server, when the handshake failed for it. */
  readonly cert?: PeerCertificate;
  /** What could not be understood. */
  readonly rawPacket?: Buffer;
}

/** A failed request, told as Go's client tells of it. */
export function connectionFailure(request: { readonly method: string; readonly url: string }, failure: unknown): ConnectionError {
  // A host with several addresses fails with all their errors.
  const first: unknown = failure instanceof AggregateError ? failure.errors[0] : failure;
  const error = first instanceof Error ? first : new Error(String(first));
  return new ConnectionError(request, reasonOf(error, request.url), error);
}

function reasonOf(error: SystemError, url: string): string {
  const dial = DIAL_FAILURES[error.code ?? ""];
  if (dial !== undefined && error.syscall === "connect") return `dial ${addressOf(error)}: ${dial}`;
  if (error.code === "ENOTFOUND") return `dial tcp: lookup ${error.hostname ?? ""}${nameServer()}: no such host`;
  if (error.code === "ETIME") return "net/http: request canceled (Client.Timeout exceeded while awaiting headers)";
  const certificate = certificateFailure(error, url.replace(/^\w+:\/\//, "").replace(/(:\d+)?(\/.*)?$/, ""));
  if (certificate !== undefined) return `tls: failed to verify certificate: x509: ${certificate}`;
  if (error.message.startsWith("invalid server URL")) return `unsupported protocol scheme ${JSON.stringify(url.split(":")[0])}`;
  if (error.code === "EPROTO" && error.message.includes("wrong version number")) return "http: server gave HTTP response to HTTPS client";
  if (error.code === "ECONNRESET") return error.message === "socket hang up" ? "EOF" : "read: connection reset by peer";
  if (error.code?.startsWith("HPE_"))
    return `net/http: HTTP/1.x transport connection broken: malformed HTTP response ${JSON.stringify(firstLine(error.rawPacket))}`;
  return error.message;
}

/** Whom Go asks on Linux. */
const nameServer = () => {
  const server = findNameServer();
  return server === undefined ? "" : ` on ${server}:53`;
};

const DIAL_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ENOENT: "connect: connection refused",
  ETIMEDOUT: "i/o timeout",
};

function addressOf({ address = "", port }: SystemError): string {
  if (port === undefined) return `unix ${address}`;
  return `tcp ${address.includes(":") ? `[${address}]` : address}:${port}`;
}

const firstLine = (packet: Buffer | undefined) => (packet?.toString("latin1") ?? "").split(/\r?\n/)[0] ?? "";

const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
]);

/** Upstream: crypto/x509 verify.go */
function certificateFailure(error: SystemError, host: string): string | undefined {
  const code = error.code ?? "";
  const expired = code === "CERT_HAS_EXPIRED";
  if (expired || code === "CERT_NOT_YET_VALID") {
    const limit = expired ? error.cert?.valid_to : error.cert?.valid_from;
    const when =
      limit === undefined ? "" : `: current time ${seconds(nowMs())} is ${expired ? "after" : "before"} ${seconds(Date.parse(limit))}`;
    return `certificate has expired or is not yet valid${when}`;
  }
  if (UNKNOWN_AUTHORITY.has(code)) return "certificate signed by unknown authority";
  return code === "ERR_TLS_CERT_ALTNAME_INVALID" ? wrongName(error.cert?.subjectaltname ?? "", error.host ?? host) : undefined;
}

function wrongName(alternatives: string, host: string): string {
  const named = (kind: string) =>
    alternatives
      .split(", ")
      .filter((each) => each.startsWith(`${kind}:`))
      .map((each) => each.slice(kind.length + 1));
  const isAddress = /^[\d.]+$|:/.test(host);
  const valid = isAddress ? named("IP Address") : named("DNS");
  if (isAddress && valid.length === 0) return `cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
  if (valid.length === 0) return `certificate is not valid for any names, but wanted to match ${host}`;
  return `certificate is valid for ${valid.join(", ")}, not ${host}`;
}

const seconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
