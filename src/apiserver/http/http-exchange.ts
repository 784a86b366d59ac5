import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { renderYaml } from "../../api/yaml.ts";
import { internalError, StatusError } from "../../api/status.ts";
import type { Clock } from "../../util/clock.ts";
import { WebhookAnswers } from "../admission/webhook-calls.ts";
import type { UserInfo } from "../../api/user.ts";
import type { RequestContext } from "../request-context.ts";
import { dryRunOf, fieldValidationOf } from "./query.ts";

const pack = promisify(gzip);
// Upstream: apiserver/pkg/endpoints/handlers/responsewriters/writers.go defaultGzipThresholdBytes
const GZIP_MIN_BYTES = 128 * 1024;

interface PackOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Of what is larger. */
  readonly minBytes?: number;
}

/** One request and its answer. */
export class HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  user: UserInfo;
  readonly warnings: string[] = [];
  readonly webhooks = new WebhookAnswers();
  readonly #clock: Clock;

  constructor(request: IncomingMessage, response: ServerResponse, user: UserInfo, clock: Clock) {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    this.request = request;
    this.response = response;
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
    this.user = user;
    this.#clock = clock;
  }

  get method(): string {
    return this.request.method ?? "GET";
  }

  get accept(): string {
    return this.request.headers.accept ?? "";
  }

  /** `kubectl` of `kubectl/v1.36.3 (linux/amd64)`: the field manager where none is named. */
  get client(): string {
    return (this.request.headers["user-agent"] ?? "unknown").split("/")[0] ?? "unknown";
  }

  context(): RequestContext {
    return {
      user: this.user,
      component: this.client,
      fieldManager: this.query.get("fieldManager") ?? this.client,
      tracksFields: true,
      dryRun: dryRunOf(this.query.getAll("dryRun")),
      fieldValidation: fieldValidationOf(this.query.get("fieldValidation")),
      warnings: this.warnings,
      webhooks: this.webhooks,
    };
  }

  /** Headers that every answer carries; the date is the simulated one. */
  writeHead(code: number, contentType: string, headers: Record<string, string | number> = {}): void {
    const { response } = this;
    if (this.warnings.length > 0) response.setHeader("Warning", shortened([...new Set(this.warnings)]).map(warningHeader));
    response.writeHead(code, {
      "Cache-Control": "no-cache, private",
      Date: new Date(this.#clock.now()).toUTCString(),
      "Content-Type": contentType,
      ...headers,
    });
  }

  sendBytes(code: number, bytes: Buffer, contentType = "application/json", headers: Record<string, string | number> = {}): void {
    this.writeHead(code, contentType, { "Content-Length": bytes.length, ...headers });
    this.response.end(this.method === "HEAD" ? undefined : bytes);
  }

  /** Packed when there is much of it and the client can unpack it. */
  async sendPacked(code: number, bytes: Buffer, contentType: string, options: PackOptions = {}): Promise<void> {
    const { headers = {}, minBytes = GZIP_MIN_BYTES } = options;
    if (bytes.length <= minBytes || this.method === "HEAD" || !this.#canUnpack) return this.sendBytes(code, bytes, contentType, headers);
    const packed = await pack(bytes, { level: 1 });
    const vary = [headers["Vary"] ?? [], "Accept-Encoding"].flat().join(", ");
    this.sendBytes(code, packed, contentType, { ...headers, "Content-Encoding": "gzip", Vary: vary });
  }

  get #canUnpack(): boolean {
    const accepted = this.request.headers["accept-encoding"];
    return typeof accepted === "string" && accepted.split(",").some((each) => each.trim() === "gzip");
  }

  sendJson(code: number, value: unknown, contentType = "application/json", headers: Record<string, string | number> = {}): void {
    const rendered = this.#render(value, contentType);
    this.sendBytes(code, rendered.bytes, rendered.contentType, headers);
  }

  /** An object or a list, however large, as the client wants to read it. */
  sendObject(code: number, value: unknown): Promise<void> {
    const { bytes, contentType } = this.#render(value, "application/json");
    return this.sendPacked(code, bytes, contentType);
  }

  #render(value: unknown, contentType: string): { readonly bytes: Buffer; readonly contentType: string } {
    if (this.wantsYaml && contentType === "application/json") {
      try {
        return { bytes: Buffer.from(renderYaml(value)), contentType: "application/yaml" };
      } catch {
        // Control characters have no place in YAML. Upstream answers 500; JSON says what there is.
      }
    }
    return { bytes: Buffer.from(`${this.isForPeople ? JSON.stringify(value, null, 2) : JSON.stringify(value)}\n`), contentType };
  }

  /** YAML is asked for first. */
  get wantsYaml(): boolean {
    return this.accept.startsWith("application/yaml");
  }

  /** `?pretty`, or a client that shows what it gets as it is. Upstream: endpoints/handlers/negotiation isPrettyPrint */
  get isForPeople(): boolean {
    const pretty = this.query.get("pretty");
    if (pretty) return ["1", "t", "T", "true", "TRUE", "True"].includes(pretty);
    return /^(curl|Wget|Mozilla\/5\.0)/.test(this.request.headers["user-agent"] ?? "");
  }

  sendText(code: number, text: string, headers: Record<string, string> = {}): void {
    this.sendBytes(code, Buffer.from(text), "text/plain; charset=utf-8", headers);
  }

  /** Every failure leaves through here. */
  sendError(error: unknown): void {
    const failure = error instanceof StatusError ? error : internalError(error);
    if (this.response.headersSent) {
      this.response.destroy();
      return;
    }
    const retryAfter = failure.status.details?.retryAfterSeconds;
    this.sendJson(failure.code, failure.status, "application/json", retryAfter === undefined ? {} : { "Retry-After": retryAfter });
  }
}

// Upstream: apiserver/pkg/endpoints/filters/warning.go
const WARNINGS_MAX = 4096;
const LONG_WARNING_MAX = 256;

/** All of them in full while they are short together, else the beginning of each. */
function shortened(warnings: readonly string[]): readonly string[] {
  const total = warnings.reduce((sum, text) => sum + text.length, 0);
  if (total <= WARNINGS_MAX) return warnings;
  return warnings.slice(0, WARNINGS_MAX / LONG_WARNING_MAX).map((text) => text.slice(0, LONG_WARNING_MAX));
}

/** RFC 7234: agent unknown; the text is a quoted string, and its UTF-8 goes out byte for byte. */
function warningHeader(text: string): string {
  const printable = text.replace(/[\r\n]+/g, " ").replace(/[\u0000-\u001f\u007f]/g, "");
  return `299 - "${Buffer.from(printable.replace(/(["\\])/g, "\\$1")).toString("latin1")}"`;
}

/** As people read it. Upstream: responsewriters.WriteRawJSON */
export function sendRawJson(exchange: HttpExchange, value: unknown): void {
  exchange.sendBytes(200, Buffer.from(JSON.stringify(value, null, 2)));
}
