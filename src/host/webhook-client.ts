import https from "node:https";
import type { Duplex } from "node:stream";
import tls from "node:tls";

export interface ReviewPost {
  readonly url: string;
  /** PEM; empty: the machine's own authorities. */
  readonly ca: string;
  readonly body: string;
  readonly timeoutMs: number;
  /** Instead of a connection of this machine, such as one through the simulated network. */
  connect?(signal: AbortSignal): Promise<Duplex>;
}

export interface PostedReview {
  readonly code: number;
  readonly body: string;
}

// Upstream: limits of what client-go reads from a webhook.
const ANSWER_MAX_BYTES = 3 * 1024 * 1024;

/** POSTs JSON over verified TLS, within so much host time. Rejects with an Error in the words of Go's client. */
export async function postReview(post: ReviewPost): Promise<PostedReview> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error("context deadline exceeded")), post.timeoutMs);
  try {
    const connection = await post.connect?.(abort.signal);
    return await send(post, connection, abort.signal);
  } catch (error) {
    const reason = abort.signal.aborted ? "context deadline exceeded" : inGoWords(error, new URL(post.url));
    throw new Error(`Post ${JSON.stringify(post.url)}: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function send({ url, ca, body }: ReviewPost, connection: Duplex | undefined, signal: AbortSignal): Promise<PostedReview> {
  const { hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const trust = { ...(ca ? { ca } : {}), ALPNProtocols: ["http/1.1"] };
  return new Promise((resolve, reject) => {
    const request = https.request(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json, */*",
        "User-Agent": "kube-apiserver-admission",
        "Content-Length": Buffer.byteLength(body),
      },
      signal,
      ...trust,
      // A connection of its own either way: none is kept.
      ...(connection
        ? { createConnection: () => tls.connect({ socket: connection as never, servername: host, ...trust }) as never }
        : { agent: false }),
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_MAX_BYTES) request.destroy(new Error("http: response body too large"));
        chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => resolve({ code: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
    });
    request.end(body);
  });
}

/** As Go's net, crypto/tls and crypto/x509 word it. */
function inGoWords(error: unknown, url: URL): string {
  const { code = "", message = String(error) } = error as NodeJS.ErrnoException;
  const address = `${url.hostname}:${url.port || "443"}`;
  switch (code) {
    case "ECONNREFUSED":
      return `dial tcp ${address}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `dial tcp ${address}: connect: no route to host`;
    case "ENETUNREACH":
      return `dial tcp ${address}: connect: network is unreachable`;
    case "ETIMEDOUT":
      return `dial tcp ${address}: i/o timeout`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `dial tcp: lookup ${url.hostname}: no such host`;
    case "ECONNRESET":
    case "EPIPE":
      return "EOF";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `tls: failed to verify certificate: x509: ${invalidName(error, url.hostname)}`;
    default:
      // OpenSSL's own words come without a code when the other side does not speak TLS.
      return /wrong version number|packet length too long/.test(message)
        ? "http: server gave HTTP response to HTTPS client"
        : message.trim();
  }
}

function invalidName(error: unknown, host: string): string {
  const names = ((error as { cert?: { subjectaltname?: string } }).cert?.subjectaltname ?? "").split(", ").filter(Boolean);
  if (/^[\d.]+$|:/.test(host)) {
    const addresses = names.filter((name) => name.startsWith("IP Address:")).map((name) => name.slice("IP Address:".length));
    if (addresses.length === 0) return `cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
    return `certificate is valid for ${addresses.join(", ")}, not ${host}`;
  }
  const domains = names.filter((name) => name.startsWith("DNS:")).map((name) => name.slice("DNS:".length));
  return domains.length === 0
    ? `certificate is not valid for any names, but wanted to match ${host}`
    : `certificate is valid for ${domains.join(", ")}, not ${host}`;
}
