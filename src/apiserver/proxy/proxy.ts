import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";
import { type Duplex, pipeline } from "node:stream";
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from "node:zlib";
import { messageOf, methodNotSupported, serviceUnavailable } from "../../api/status.ts";
import type { Kind } from "../../api/kind.ts";
import type { HttpExchange } from "../http/http-exchange.ts";
import type { ResourceTarget } from "../http/request-info.ts";
import type { ServerParts } from "../http/server-parts.ts";
import { HOP_HEADERS } from "../../util/hop-headers.ts";
import { type ProxyLocation, resolveLocation } from "./location.ts";
import { type Rewrite, rewriteHtml, rewriteUrl } from "./rewrite.ts";

/** How the API server reaches what it proxies to. Rejects with an Error in the words of Go's dialer. */
export type Dial = (location: ProxyLocation & { readonly type: "address" }, signal: AbortSignal) => Promise<Duplex>;

// Also what the authentication filters take away.
const NOT_FORWARDED = new Set([...HOP_HEADERS, "authorization"]);
// Upstream: corsRemovingTransport
const NOT_RETURNED = new Set([
  ...NOT_FORWARDED,
  "access-control-allow-credentials",
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-allow-origin",
]);
const VERBS: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "head",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
  OPTIONS: "options",
};

/** pods/NAME/proxy, services/NAME/proxy and nodes/NAME/proxy. Upstream: apimachinery/pkg/util/proxy/upgradeaware.go */
export async function serveProxy(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  if (VERBS[exchange.method] === undefined) throw methodNotSupported(kind, exchange.method.toLowerCase());
  const location = resolveLocation(parts.registry, target);
  const path = backendPath(exchange.path, target);
  const mark = (exchange.request.url ?? "").indexOf("?");
  const query = mark < 0 ? "" : (exchange.request.url ?? "").slice(mark);
  if (path === "" && (exchange.method === "GET" || exchange.method === "HEAD")) {
    exchange.writeHead(301, "text/html; charset=utf-8", { Location: `${exchange.path}/${query}`, "Content-Length": 0 });
    exchange.response.end();
    return;
  }
  if (location.type === "kubelet") return serveKubelet(exchange, parts, location, path);
  const { dial } = parts;
  if (!dial) throw serviceUnavailable("error trying to reach service: this API server has no network");
  const abort = new AbortController();
  exchange.response.once("close", () => abort.abort(new Error("client went away")));
  const prefix = prefixOf(exchange.path, path);
  try {
    const answer = await send(exchange, await dial(location, abort.signal), `${path === "" ? "/" : path}${query}`, prefix);
    forward(exchange, answer, { prefix, source: `${location.ip}:${location.port}`, requestHost: exchange.request.headers.host ?? "" });
  } catch (error) {
    if (abort.signal.aborted) return;
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`);
  }
}

/** `/a/b/` of `…/proxy/a/b/`; empty for `…/proxy`. */
export function backendPath(path: string, target: ResourceTarget): string {
  const segments = target.rest.split("/").filter((segment) => segment !== "" && segment !== ".");
  const clean: string[] = [];
  for (const segment of segments) {
    if (segment === "..") clean.pop();
    else clean.push(segment);
  }
  const joined =
    clean.length > 0
      ? `/${clean.map((segment) => encodeURIComponent(segment).replace(/%(24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent)).join("/")}`
      : "";
  return path.endsWith("/") && !joined.endsWith("/") ? `${joined}/` : joined;
}

const prefixOf = (path: string, suffix: string) =>
  suffix !== "" && path.endsWith(suffix) ? path.slice(0, path.length - suffix.length) : path;

function send(exchange: HttpExchange, connection: Duplex, path: string, prefix: string): Promise<IncomingMessage> {
  const { request } = exchange;
  const outgoing = httpRequest({
    createConnection: () => connection as never,
    method: exchange.method,
    path,
    headers: forwardedHeaders(request, `${prefix}${path.replace(/\?.*$/s, "")}`),
  });
  return new Promise((resolve, reject) => {
    outgoing.on("response", resolve);
    outgoing.on("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ECONNRESET" ? new Error("EOF", { cause: error }) : error),
    );
    exchange.response.once("close", () => outgoing.destroy());
    request.pipe(outgoing);
  });
}

export function forwardedHeaders(request: IncomingMessage, uri: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !NOT_FORWARDED.has(name) && !name.startsWith("impersonate-")) headers[name] = value;
  }
  const hasBody = request.headers["transfer-encoding"] !== undefined || request.headers["content-length"] !== undefined;
  if (!hasBody && !["GET", "HEAD"].includes(request.method ?? "")) headers["content-length"] = "0";
  headers["x-forwarded-for"] = [request.headers["x-forwarded-for"], request.socket.remoteAddress ?? "127.0.0.1"]
    .flat()
    .filter(Boolean)
    .join(", ");
  headers["x-forwarded-uri"] = uri;
  return headers;
}

function forward(exchange: HttpExchange, answer: IncomingMessage, rewrite: Rewrite): void {
  const headers = returnedHeaders(answer.headers);
  if (answer.headers.location !== undefined) headers["location"] = rewriteUrl(answer.headers.location, rewrite);
  else if ((answer.headers["content-type"] ?? "").split(";")[0]?.trim() === "text/html")
    return void forwardPage(exchange, answer, headers, rewrite);
  exchange.response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers);
  exchange.response.flushHeaders();
  pipeline(answer, exchange.response, () => undefined);
}

function returnedHeaders(from: IncomingHttpHeaders): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "cache-control": ["no-cache, private"] };
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined || NOT_RETURNED.has(name)) continue;
    headers[name] = name === "cache-control" ? ["no-cache, private", ...[value].flat()] : value;
  }
  return headers;
}

const CODECS: Readonly<Record<string, readonly [() => NodeJS.ReadWriteStream, () => NodeJS.ReadWriteStream]>> = {
  gzip: [createGunzip, createGzip],
  deflate: [createInflateRaw, createDeflateRaw],
};

async function forwardPage(
  exchange: HttpExchange,
  answer: IncomingMessage,
  headers: Record<string, string | string[]>,
  rewrite: Rewrite,
): Promise<void> {
  const { response } = exchange;
  const encoding = answer.headers["content-encoding"] ?? "";
  const codec = CODECS[encoding];
  try {
    if (encoding !== "" && !codec) {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers);
      pipeline(answer, response, () => undefined);
      return;
    }
    const bytes = await collect(codec ? answer.pipe(codec[0]()) : answer);
    const page = Buffer.from(rewriteHtml(bytes.toString("utf8"), (url) => rewriteUrl(url, rewrite)));
    const body = codec ? await compress(codec[1](), page) : page;
    const head = exchange.method === "HEAD";
    response.writeHead(
      answer.statusCode ?? 502,
      answer.statusMessage,
      head ? headers : { ...headers, "content-length": String(body.length) },
    );
    response.end(head ? undefined : body);
  } catch {
    // The backend broke off inside its page: so does the answer.
    response.destroy();
  }
}

function compress(codec: NodeJS.ReadWriteStream, bytes: Buffer): Promise<Buffer> {
  codec.end(bytes);
  return collect(codec);
}

async function collect(stream: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function serveKubelet(
  exchange: HttpExchange,
  parts: ServerParts,
  { node, address }: ProxyLocation & { readonly type: "kubelet" },
  path: string,
): Promise<void> {
  const answer = await parts.gateway?.request(node, exchange.method, path === "" ? "/" : path, exchange.query);
  if (!answer) throw serviceUnavailable(`error trying to reach service: dial tcp ${address}: connect: no route to host`);
  exchange.sendBytes(answer.status, Buffer.from(answer.body), answer.contentType);
}
