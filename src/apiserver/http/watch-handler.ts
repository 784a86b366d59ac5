import { apiVersionOf, type Kind } from "../../api/kind.ts";
import { expired, internalError, isReason, StatusError } from "../../api/status.ts";
import type { WatchHandle } from "../../store/store.ts";
import type { Clock, Timer } from "../../util/clock.ts";
import { parseResourceVersion, validateListOptions } from "../list-options.ts";
import type { ObjectView } from "../object-view.ts";
import type { Registry, RegistryEvent } from "../registry.ts";
import type { Selection } from "../selection.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { isTrue, numberOf } from "./query.ts";
import { partialMetadataVersionOf, renderPartialMetadata } from "./partial-metadata.ts";
import { renderTable, type TableFormat, tableFormatOf } from "./table.ts";

// A reader this far behind is cut; it resumes from its last revision.
const BACKLOG_MAX_BYTES = 16 * 1024 * 1024;
// Upstream: --min-request-timeout: between 30 and 60 minutes.
const DEFAULT_TIMEOUT_SECONDS = 2400;
const TEAR_DOWN_MS = 1000;

/** Serves GET …?watch=true. */
export function serveWatch(exchange: HttpExchange, registry: Registry, kind: Kind, selection: Selection): void {
  const { query } = exchange;
  const initialEvents = isTrue(query.get("sendInitialEvents"));
  validateListOptions(query, true);
  const bookmarks = isTrue(query.get("allowWatchBookmarks"));
  const asked = parseResourceVersion(query.get("resourceVersion") ?? undefined);
  const replay = query.has("sendInitialEvents") ? initialEvents : asked === undefined || asked === 0;
  const stream = new WatchStream(exchange, registry.clock, kind, tableFormatOf(exchange.accept, query.get("includeObject")));
  // The list and the watch meet at one revision: nothing is missed in between, as no await stands there.
  const headOnly = exchange.method === "HEAD";
  const list = replay ? registry.list(kind, { ...selection, ...(asked ? { resourceVersion: String(asked) } : {}) }) : undefined;
  const after = list ? Number(list.resourceVersion) : (asked ?? registry.store.revision);
  const handle = openWatch(registry, kind, selection, after, stream, bookmarks);
  stream.open();
  if (headOnly && !(handle instanceof StatusError)) {
    handle.close();
    stream.end();
    return;
  }
  if (handle instanceof StatusError) {
    stream.error(handle);
    stream.end();
    return;
  }
  for (const view of list?.views ?? []) stream.event({ type: "ADDED", view, revision: after });
  if (replay && bookmarks) stream.bookmark(after, true);
  stream.endAfter((numberOf(query, "timeoutSeconds") ?? DEFAULT_TIMEOUT_SECONDS) * 1000, handle);
  // Who watches custom resources whose definition changes must come again. Upstream: customresource_handler.go tearDown
  if (kind.storedForm)
    exchange.response.once(
      "close",
      registry.kinds.onRemoved(kind, () => registry.clock.after(TEAR_DOWN_MS, () => stream.end())),
    );
}

function openWatch(
  registry: Registry,
  kind: Kind,
  selection: Selection,
  after: number,
  stream: WatchStream,
  bookmarks: boolean,
): WatchHandle | StatusError {
  try {
    return registry.watch(kind, {
      ...selection,
      after,
      onEvents: (events) => {
        for (const event of events) stream.event(event);
      },
      onFailed: (error) => {
        stream.error(error instanceof StatusError ? error : internalError(error));
        stream.end();
      },
      ...(bookmarks ? { onProgress: (revision: number) => stream.bookmark(revision, false) } : {}),
    });
  } catch (error) {
    // Too old: the watch opens, and its first word is that it is over.
    if (isReason(error, "Expired")) return expired(error.message);
    throw error;
  }
}

/** One watcher's stream of JSON lines. */
class WatchStream {
  readonly #exchange: HttpExchange;
  readonly #clock: Clock;
  readonly #kind: Kind;
  readonly #table: TableFormat | undefined;
  /** The version of meta.k8s.io, where metadata only is wanted. */
  readonly #partial: string | undefined;
  #columnsSent = false;

  constructor(exchange: HttpExchange, clock: Clock, kind: Kind, table: TableFormat | undefined) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#kind = kind;
    this.#table = table;
    this.#partial = partialMetadataVersionOf(exchange.accept, "PartialObjectMetadata");
  }

  open(): void {
    this.#exchange.writeHead(200, "application/json", { "Transfer-Encoding": "chunked" });
    this.#exchange.response.flushHeaders();
  }

  event({ type, view }: RegistryEvent): void {
    if (this.#partial) this.#line(type, Buffer.from(renderPartialMetadata(view.object, this.#partial)));
    else this.#line(type, this.#table ? this.#row(view) : view.bytes);
  }

  /** "Nothing more up to this revision": an object of the kind with nothing but its resourceVersion. */
  bookmark(revision: number, initialEventsEnd: boolean): void {
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    };
    const object = { kind: this.#kind.kind, apiVersion: apiVersionOf(this.#kind), metadata };
    if (this.#table) {
      this.#line(
        "BOOKMARK",
        renderTable(this.#kind, [], {
          format: this.#table,
          metadata: { resourceVersion: metadata.resourceVersion, annotations: metadata.annotations },
          nowMs: 0,
          columns: false,
        }),
      );
    } else this.#line("BOOKMARK", Buffer.from(this.#partial ? renderPartialMetadata({ metadata }, this.#partial) : JSON.stringify(object)));
  }

  error(error: StatusError): void {
    this.#line("ERROR", Buffer.from(JSON.stringify(error.status)));
  }

  end(): void {
    this.#exchange.response.end();
  }

  /** Owns the watch from here on: it stops with its time, its client or its backlog. */
  endAfter(delayMs: number, handle: WatchHandle): void {
    const timer: Timer = this.#clock.after(delayMs, () => this.end());
    const { response } = this.#exchange;
    response.once("close", () => {
      timer.cancel();
      handle.close();
    });
    if (response.closed || response.destroyed) {
      timer.cancel();
      handle.close();
    }
  }

  #row(view: ObjectView): Buffer {
    const columns = !this.#columnsSent;
    this.#columnsSent = true;
    return renderTable(this.#kind, [view], {
      format: this.#table as TableFormat,
      metadata: { resourceVersion: view.object.metadata.resourceVersion },
      nowMs: this.#clock.now(),
      columns,
    });
  }

  #line(type: string, bytes: Buffer): void {
    const { response } = this.#exchange;
    if (response.writableEnded || response.destroyed) return;
    response.write(lineOf(type, bytes));
    if (response.writableLength > BACKLOG_MAX_BYTES) response.destroy();
  }
}

const NEWLINE = 10;
/** One change is told to many watchers in the same words. By the bytes of the object, then by the type. */
const lines = new WeakMap<Buffer, Map<string, Buffer>>();

function lineOf(type: string, bytes: Buffer): Buffer {
  let ofObject = lines.get(bytes);
  if (!ofObject) lines.set(bytes, (ofObject = new Map()));
  let line = ofObject.get(type);
  if (!line) {
    const end = bytes[bytes.length - 1] === NEWLINE ? bytes.length - 1 : bytes.length;
    line = Buffer.concat([Buffer.from(`{"type":"${type}","object":`), bytes.subarray(0, end), LINE_END]);
    ofObject.set(type, line);
  }
  return line;
}
const LINE_END = Buffer.from("}\n");
