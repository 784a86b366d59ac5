import { sendRequest, type HttpRequest, type HttpResponse } from "../../host/cli-http.ts";
import { goDuration } from "../../api/duration.ts";
import { StatusError } from "../../api/status.ts";
import type { Connection } from "./connection.ts";
import type { Io } from "../io.ts";
import type { RequestLog } from "./request-log.ts";

export const JSON_TYPE = "application/json";
export const TABLE_TYPE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

export type Json = Record<string, unknown>;
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface RequestOptions {
  readonly query?: Query | undefined;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The path is the user's own: failures name no resource. */
  readonly raw?: boolean;
}

/** Requests to one API server. Failures are StatusError or ConnectionError; warnings of the server go to standard error. */
export class ApiClient {
  readonly connection: Connection;
  /** The server's time, from its last answer: ages are counted against it, as simulated time may differ from ours. */
  serverNowMs: number | undefined;
  warnings = 0;
  readonly #io: Io;
  readonly #command: string;
  readonly #warned = new Set<string>();

  constructor(connection: Connection, io: Io, command: string) {
    this.connection = connection;
    this.#io = io;
    this.#command = command;
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<HttpResponse> {
    const response = await this.send(method, path, options);
    if (response.status >= 400) throw statusErrorOf(response.status, await readText(response), method, options.raw ? "" : path);
    return response;
  }

  /** Like request, but leaves it to the caller to look at the status. */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<HttpResponse> {
    const body =
      options.body === undefined || typeof options.body === "string" || options.body instanceof Uint8Array
        ? options.body
        : JSON.stringify(options.body);
    const headers = this.headers(options.accept, options.headers);
    if (body !== undefined) {
      headers["Content-Type"] = options.contentType ?? JSON_TYPE;
      headers["Content-Length"] = String(Buffer.byteLength(body));
    }
    const { requestTimeoutMs: limitMs, failure } = this.connection;
    const query = limitMs <= 0 || path.startsWith("/openapi") ? options.query : { ...options.query, timeout: goDuration(limitMs) };
    const request = {
      method,
      path: path + renderQuery(query),
      headers,
      body,
      signal: options.signal,
      timeoutMs: options.query?.["watch"] ? 0 : limitMs,
    };
    try {
      if (failure) throw failure;
      const response = await this.#exchange(request);
      if (response.headers.date) this.serverNowMs = Date.parse(response.headers.date);
      this.#warn(response.headers["warning"]);
      return response;
    } catch (error) {
      if (options.signal?.aborted) throw error;
      const { connectionFailure } = await import("./connection-failure.ts");
      throw connectionFailure({ method, url: this.connection.target.url + request.path }, error);
    }
  }

  async #exchange(request: HttpRequest): Promise<HttpResponse> {
    const { target, logger } = this.connection;
    if (!logger) return sendRequest(target, request);
    const { logged } = await import("./request-log.ts");
    return logged(logger, target, request);
  }

  /** The log of a request that changes to another protocol; its answer is told when it comes. */
  async upgradeLog(method: string, path: string, headers: HttpRequest["headers"]): Promise<RequestLog | undefined> {
    const { target, logger } = this.connection;
    if (!logger) return undefined;
    const { RequestLog: Log } = await import("./request-log.ts");
    return new Log(logger, { method, url: target.url + path, headers }, true);
  }

  headers(accept = JSON_TYPE, more: Readonly<Record<string, string>> = {}): Record<string, string | string[]> {
    return {
      Accept: accept,
      // Who changed what is recorded under the part before the slash, when a request names no manager.
      "User-Agent": `kubectl/v1.36 (kubesim)`,
      "Kubectl-Command": this.#command,
      ...this.connection.headers,
      ...more,
    };
  }

  async json<T = Json>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.request(method, path, options);
    const text = await readText(response);
    const type = response.headers["content-type"] ?? "";
    if (type.startsWith("text/plain") && !text.startsWith("{")) throw new Error("serializer for text/plain doesn't exist");
    return JSON.parse(text) as T;
  }

  get<T = Json>(path: string, query?: Query, accept?: string): Promise<T> {
    return this.json<T>("GET", path, { query, accept });
  }

  async text(path: string, query?: Query): Promise<string> {
    return readText(await this.request("GET", path, { query, accept: "application/json, */*", raw: true }));
  }

  /** The events of a watch, until the server ends it or the signal fires. */
  async *watch(
    path: string,
    query: Query,
    options: { accept?: string | undefined; signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<WatchEvent> {
    const response = await this.request("GET", path, {
      query: { ...query, watch: true },
      accept: options.accept,
      signal: options.signal,
    });
    try {
      for await (const line of readLines(response.body)) if (line.trim() !== "") yield JSON.parse(line) as WatchEvent;
    } catch (error) {
      if (!options.signal?.aborted) throw error;
    }
  }

  #warn(header: string | string[] | undefined): void {
    for (const match of [header ?? []]
      .flat()
      .join(", ")
      .matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
      const text = (match[1] ?? "").replace(/\\(.)/g, "$1");
      this.warnings++;
      if (this.#warned.has(text)) continue;
      this.#warned.add(text);
      this.#io.err(`Warning: ${text}\n`);
    }
  }
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Json;
}

export async function readText(response: HttpResponse): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

export async function* readLines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(10, start); end >= 0; end = rest.indexOf(10, start)) {
      yield rest.toString("utf8", start, end);
      start = end + 1;
    }
    rest = rest.subarray(start);
  }
  if (rest.length > 0) yield rest.toString("utf8");
}

/** By name, and escaped as Go does it: who reads the log of requests sees what kubectl asks. */
export function renderQuery(query: Query | undefined): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    // A single value that is empty was not given; an empty word of a command was.
    for (const each of Array.isArray(value) ? value : value === "" ? [] : [value]) {
      if (each !== undefined) parts.push(`${escapeQuery(name)}=${escapeQuery(String(each))}`);
    }
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** Upstream: net/url QueryEscape */
const escapeQuery = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** The failure of an answer; one without a Status gets a text by its code. Upstream: apierrors.NewGenericServerResponse */
export function statusErrorOf(code: number, text: string, method: string, path: string): StatusError {
  try {
    const status = JSON.parse(text) as Json;
    if (status["kind"] === "Status") return new StatusError({ ...(status as object), code } as never);
  } catch {
    // Not JSON: the generic text below.
  }
  const [reason, message] =
    GENERIC[code] ??
    (code >= 500
      ? [
          "InternalError",
          `an error on the server (${JSON.stringify(text.trim().slice(0, 2048) || "unknown")}) has prevented the request from succeeding`,
        ]
      : ["", `the server responded with the status code ${code} but did not return more information`]);
  const asked = askedFor(path);
  const suffix = asked === "" || code === 401 ? "" : ` (${method.toLowerCase()} ${asked})`;
  const causes = [{ reason: UNEXPECTED_RESPONSE, message: text.trim() || "unknown" }];
  return new StatusError({ code, reason: reason as string, message: `${message}${suffix}`, details: { causes } });
}

/** The cause in a status that is not the server's. */
export const UNEXPECTED_RESPONSE = "UnexpectedServerResponse";

/** `widgets.example.io`, with its name if it has one; nothing for a path that is no resource's. */
function askedFor(path: string): string {
  const [root, ...segments] = path.replace(/\?.*$/, "").split("/").slice(1);
  if (root !== "api" && root !== "apis") return "";
  const group = root === "apis" ? segments.shift() : "";
  const [, first, namespace, ...below] = segments;
  const [resource, name] = first === "namespaces" && below.length > 0 ? below : [first, namespace];
  if (!resource) return "";
  return `${resource}${group ? `.${group}` : ""}${name ? ` ${name}` : ""}`;
}

const GENERIC: Readonly<Record<number, readonly [string, string]>> = {
  401: ["Unauthorized", "the server has asked for the client to provide credentials"],
  403: ["Forbidden", "unknown"],
  404: ["NotFound", "the server could not find the requested resource"],
  405: ["MethodNotAllowed", "the server does not allow this method on the requested resource"],
  409: ["Conflict", "the server reported a conflict"],
  415: ["UnsupportedMediaType", "the body of the request was in an unknown format"],
  429: ["TooManyRequests", "the server has received too many requests and has asked us to try again later"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
};
