import type { Status } from "../../api/generated/meta-v1.ts";
import type { RemoteCommandChannels } from "./remote-command.ts";
import type { SpdyConnection, SpdyStream } from "./spdy-connection.ts";
import { parseSize } from "./websocket-channels.ts";

/** Exec and attach over SPDY: a stream each for stdin, stdout, stderr, resize and the final word. */
export class SpdyChannels implements RemoteCommandChannels {
  readonly translated = false;
  readonly stdin: SpdyStream | undefined;
  readonly stdout: SpdyStream | undefined;
  readonly stderr: SpdyStream | undefined;
  readonly #streams: ReadonlyMap<string, SpdyStream>;
  readonly #connection: SpdyConnection;

  constructor(streams: ReadonlyMap<string, SpdyStream>, connection: SpdyConnection) {
    this.#streams = streams;
    this.#connection = connection;
    this.stdin = streams.get("stdin");
    this.stdout = streams.get("stdout");
    this.stderr = streams.get("stderr");
    for (const stream of streams.values()) stream.on("error", () => undefined);
  }

  onResize(listener: (columns: number, rows: number) => void): void {
    let text = "";
    this.#streams.get("resize")?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
        const size = parseSize(text.slice(0, end));
        text = text.slice(end + 1);
        if (size) listener(size.columns, size.rows);
      }
    });
  }

  onClose(listener: () => void): void {
    this.#streams.get("error")?.once("close", listener);
  }

  finish(status: Status): void {
    this.#streams.get("error")?.end(JSON.stringify(status));
    for (const stream of this.#streams.values()) if (!stream.writableEnded) stream.end();
    this.#connection.close();
  }
}
