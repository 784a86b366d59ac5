import type { ByteReader } from "../containers/byte-pipe.ts";
import * as host from "../host/cli-host.ts";

/** Standard input: of a terminal line by line, while somebody reads; else of a pipe or a file. */
export class StandardInput implements ByteReader {
  readonly #onTerminal: boolean;
  #rest: Buffer[] = [];
  #ended = false;

  constructor(onTerminal: boolean) {
    this.#onTerminal = onTerminal;
  }

  read(signal: AbortSignal): Promise<Buffer | undefined> {
    const kept = this.#rest.shift();
    if (kept || this.#ended) return Promise.resolve(kept);
    return new Promise((resolve, reject) => {
      const leave = () => {
        input.stop();
        signal.removeEventListener("abort", abort);
      };
      const abort = () => {
        leave();
        reject(signal.reason as Error);
      };
      const onData = (data: Buffer) => {
        leave();
        // Several chunks may come before the stream stops.
        this.#rest.push(data);
        resolve(this.#rest.shift());
      };
      const onEnd = () => {
        leave();
        // A terminal's next line may come after a Ctrl-D.
        this.#ended = !this.#onTerminal;
        resolve(undefined);
      };
      const input = this.#onTerminal ? host.streamTerminalLines(onData, onEnd) : host.streamStdin(onData, onEnd);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  unread(data: Buffer): void {
    if (data.length > 0) this.#rest = [data, ...this.#rest];
  }
}
