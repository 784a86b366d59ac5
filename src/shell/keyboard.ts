import type { ByteReader } from "../containers/byte-pipe.ts";
import { Terminal } from "../containers/terminal.ts";
import * as host from "../host/cli-host.ts";

/**
 * The keyboard, line by line, for programs such as `cat` and `read`. The line discipline is ours: a Ctrl-D that the
 * host's terminal takes for the end of its input would end it for the shell too.
 */
export class Keyboard implements ByteReader {
  readonly #onInterrupt: () => void;
  #terminal: Terminal | undefined;
  #rest: Buffer[] = [];

  constructor(onInterrupt: () => void) {
    this.#onInterrupt = onInterrupt;
  }

  async read(signal: AbortSignal): Promise<Buffer | undefined> {
    const kept = this.#rest.shift();
    if (kept) return kept;
    this.#terminal ??= new Terminal({ write: (data) => host.writeOut(data) }, () => this.#onInterrupt());
    const terminal = this.#terminal;
    const input = host.streamStdin(
      true,
      (data) => terminal.type(data),
      () => terminal.input.end(),
    );
    try {
      const line = await terminal.input.read(signal);
      // The next to read has the keyboard again.
      if (line === undefined) this.#terminal = undefined;
      return line;
    } finally {
      input.stop();
    }
  }

  unread(data: Buffer): void {
    if (data.length > 0) this.#rest = [data, ...this.#rest];
  }
}

/** Standard input from a pipe or a file. */
export class PipedInput implements ByteReader {
  #rest: Buffer[] = [];
  #ended = false;

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
      const input = host.streamStdin(
        false,
        (data) => {
          leave();
          // Several chunks may come before the stream stops.
          this.#rest.push(data);
          resolve(this.#rest.shift());
        },
        () => {
          leave();
          this.#ended = true;
          resolve(undefined);
        },
      );
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  unread(data: Buffer): void {
    if (data.length > 0) this.#rest = [data, ...this.#rest];
  }
}
