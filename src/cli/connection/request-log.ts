import { StatusError } from "../../api/status.ts";
import { nowMs } from "../../host/cli-host.ts";
import { sendRequest, type HttpRequest, type HttpResponse, type HttpTarget, type HttpTrace } from "../../host/cli-http.ts";
import { UNEXPECTED_RESPONSE } from "./client.ts";
import { ConnectionError } from "../errors.ts";
import { structured, type Logger, type LogValue } from "./klog.ts";

const ROUND_TRIPPERS = "round_trippers.go";
const RAW = "raw.go:84";
const LOGS = "logs.go:497";
const WATCH = "helper.go:170";
/** Where upstream decides about bodies, whoever sends them. */
const BODIES = "request.go:1295";
/** Set below the place where upstream logs. */
const UNSEEN: ReadonlySet<string> = new Set(["Kubectl-Command", "Host", "Transfer-Encoding"]);
const KNOWN_AUTHENTICATION: ReadonlySet<string> = new Set(["bearer", "basic", "negotiate"]);

export interface LoggedRequest {
  readonly method: string;
  /** The server's URL and the path behind it. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array | undefined;
}

export interface LoggedResponse {
  readonly status: number;
  readonly statusText: string;
  readonly allHeaders: Readonly<Record<string, readonly string[] | undefined>>;
}

/** Sends a request and logs what goes and comes. What streams is not waited for. */
export async function logged(logger: Logger, target: HttpTarget, request: HttpRequest): Promise<HttpResponse> {
  const url = target.url + request.path;
  const log = new RequestLog(logger, { ...request, url });
  let response: HttpResponse;
  try {
    response = await sendRequest(target, { ...request, trace: log.trace });
  } catch (error) {
    log.answered(undefined);
    throw error;
  }
  log.answered(response);
  if (log.streams && response.status < 400) return response;
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  log.responseBody(Buffer.concat(chunks));
  return { ...response, body: replayed(chunks) };
}

async function* replayed(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

/** Upstream: cmdutil.StandardErrorMessage */
export function logFailure(logger: Logger, error: unknown): void {
  if (error instanceof StatusError) {
    const { kind, apiVersion, ...rest } = error.status;
    // One that upstream made up itself has no type.
    const own = rest.details?.causes?.some(({ reason }) => reason === UNEXPECTED_RESPONSE);
    const status = own ? rest : { kind, apiVersion, ...rest };
    logger.text(4, "helpers.go:246", `server response object: %s[${JSON.stringify(status, null, 2)}]`);
  }
  if (error instanceof ConnectionError) logger.text(4, "helpers.go:264", `Connection error: ${error.request}: ${error.reason}`);
}

/** What is logged of one request: from level 6 that it was answered, from 7 its headers, from 8 bodies, from 9 how curl asks the same. Upstream: client-go/transport/round_trippers.go */
export class RequestLog {
  readonly #logger: Logger;
  readonly #request: LoggedRequest;
  readonly #level: number;
  readonly #source: string;
  readonly #startMs = nowMs();
  #connection: ConnectionTimes = { kind: "new", dialMs: 0, handshakeMs: 0 };
  #lastMs = this.#startMs;

  /** @param upgrades it changes to another protocol: there are no bodies */
  constructor(logger: Logger, request: LoggedRequest, upgrades = false) {
    this.#logger = logger;
    this.#request = request;
    this.#level = [9, 8, 7, 6].find((level) => logger.enabled(level, `${ROUND_TRIPPERS}:632`)) ?? 0;
    this.#source = sourceOf(request);
    if (!upgrades) this.#body("Request Body", request.body);
    const { method, url, headers } = request;
    const asked: [string, LogValue][] = [
      ["verb", method],
      ["url", url],
      ["headers", headerLines(headers)],
    ];
    if (this.#level >= 9) this.#info(527, "Request", [["curlCommand", curlOf(request)]]);
    else if (this.#level >= 7) this.#info(527, "Request", asked);
  }

  /** The answer is handed on as it comes. */
  get streams(): boolean {
    return [RAW, LOGS, WATCH].includes(this.#source);
  }

  /** Times of the connection, when they are asked for. */
  get trace(): HttpTrace | undefined {
    if (this.#level < 9) return undefined;
    return {
      dialled: (network, address, failure) => {
        this.#connection = { kind: "new", dialMs: this.#lap(), handshakeMs: 0 };
        if (failure === undefined)
          this.#info(562, "HTTP Trace: Dial succeed", [
            ["network", network],
            ["address", address],
          ]);
        else
          this.#info(560, "HTTP Trace: Dial failed", [
            ["network", network],
            ["address", address],
            ["err", failure],
          ]);
      },
      secured: () => {
        this.#connection = { dialMs: 0, ...this.#connection, kind: "new", handshakeMs: this.#lap() };
      },
      reused: () => {
        this.#connection = { kind: "reused", getMs: this.#lap() };
      },
    };
  }

  answered(response: LoggedResponse | undefined): void {
    if (this.#level === 0) return;
    const { method, url } = this.#request;
    const now = nowMs();
    const values: [string, LogValue][] = [];
    if (this.#level === 6 || this.#level === 9) values.push(["verb", method], ["url", url]);
    values.push(["status", response ? `${response.status} ${response.statusText}` : ""]);
    if (this.#level >= 8) values.push(["headers", headerLines(response?.allHeaders ?? {})]);
    values.push(["milliseconds", now - this.#startMs]);
    if (this.#level === 9) values.push(...timesOf(this.#connection), ...(response ? [served(now - this.#lastMs)] : []));
    this.#info(632, "Response", values);
  }

  responseBody(body: Buffer): void {
    this.#body("Response Body", body);
  }

  #info(line: number, message: string, values: readonly (readonly [string, LogValue])[]): void {
    this.#logger.info(this.#level, `${ROUND_TRIPPERS}:${line}`, message, values);
  }

  #lap(): number {
    const before = this.#lastMs;
    this.#lastMs = nowMs();
    return this.#lastMs - before;
  }

  #body(message: string, body: string | Uint8Array | undefined): void {
    if (!this.#logger.enabled(8, BODIES)) return;
    const bytes = Buffer.from(body ?? "");
    const limit = this.#logger.enabled(10, BODIES) ? Infinity : this.#logger.enabled(9, BODIES) ? 10_240 : 1024;
    // Upstream: client-go/rest/request.go logBody
    const text = bytes.some((byte) => byte < 0x0a) ? Buffer.from(hexDump(bytes)) : bytes;
    this.#logger.print(this.#source, structured(message, [["body", truncated(text, limit)]]));
  }
}

type ConnectionTimes =
  | { readonly kind: "new"; readonly dialMs: number; readonly handshakeMs: number }
  | { readonly kind: "reused"; readonly getMs: number };

const timesOf = (times: ConnectionTimes): [string, number][] =>
  times.kind === "reused"
    ? [["getConnectionMilliseconds", times.getMs]]
    : [
        ["dnsLookupMilliseconds", 0],
        ["dialMilliseconds", times.dialMs],
        ["tlsHandshakeMilliseconds", times.handshakeMs],
      ];
const served = (ms: number): [string, number] => ["serverProcessingMilliseconds", ms];

/** Of which client of upstream's a request is: that is where its bodies are logged from. */
function sourceOf({ method, url }: LoggedRequest): string {
  const path = url.replace(/^https?:\/\/[^/]*/, "");
  if (/^\/openapi\/v3(\?|$)/.test(path)) return "client.go:46";
  if (path.startsWith("/openapi/v3/")) return "groupversion.go:75";
  if (path.startsWith("/version?timeout=")) return "discovery_client.go:667";
  if (path.startsWith("/api?timeout=")) return "discovery_client.go:255";
  if (path.startsWith("/apis?timeout=")) return "discovery_client.go:318";
  if (!/^\/apis?\/./.test(path)) return RAW;
  if (/\/log(\?|$)/.test(path)) return LOGS;
  if (method === "GET") return /[?&]watch=true/.test(path) ? WATCH : isList(path) ? "helper.go:113" : "helper.go:105";
  return { POST: "helper.go:246", PATCH: "helper.go:269", PUT: "helper.go:319", DELETE: "helper.go:202" }[method] ?? RAW;
}

/** Whether a path ends with a resource, not with an object's name. */
function isList(path: string): boolean {
  const segments = path.replace(/\?.*/, "").split("/").slice(1);
  const below = segments.slice(segments[0] === "api" ? 2 : 3);
  return below[0] === "namespaces" && below.length > 2 ? below.length % 2 === 1 : below.length === 1;
}

/** Sorted, one a line; credentials are masked. */
function headerLines(headers: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  return headerPairs(headers)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

const headerPairs = (headers: Readonly<Record<string, string | readonly string[] | undefined>>): [string, string][] =>
  Object.entries(headers)
    .flatMap(([name, value]) => [value ?? []].flat().map((each): [string, string] => [canonical(name), each]))
    .filter(([name]) => !UNSEEN.has(name) && !(name === "Content-Length" && "User-Agent" in headers))
    .map(([name, value]): [string, string] => [name, name === "Authorization" ? masked(value) : value])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** Content-Type: how Go writes the names of headers. */
const canonical = (name: string): string =>
  name
    .split("-")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1).toLowerCase())
    .join("-");

function masked(value: string): string {
  const [kind = "", ...rest] = value.split(" ");
  if (!KNOWN_AUTHENTICATION.has(kind.toLowerCase())) return value === "" ? "" : "<masked>";
  return rest.join(" ") === "" ? kind : `${kind} <masked>`;
}

function curlOf({ method, url, headers }: LoggedRequest): string {
  const flags = headerPairs(headers).map(([name, value]) => ` -H ${JSON.stringify(`${name}: ${value}`)}`);
  return `curl -v -X${method} ${flags.join("")} '${url}'\n`;
}

function truncated(bytes: Buffer, limit: number): string {
  if (bytes.length <= limit) return bytes.toString("utf8");
  return `${bytes.toString("utf8", 0, limit)} [truncated ${bytes.length - limit} chars]`;
}

/** As `hexdump -C` shows it. */
function hexDump(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0"));
    const columns = `${hex.slice(0, 8).join(" ").padEnd(23)}  ${hex.slice(8).join(" ").padEnd(23)}`;
    const shown = row.map((byte) => (byte < 32 || byte > 126 ? "." : String.fromCharCode(byte))).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${columns}  |${shown}|\n`);
  }
  return lines.join("");
}
