import { PassThrough, Writable } from "node:stream";
import { BytePipe, type ByteWriter } from "./byte-pipe.ts";
import type { Process } from "./process.ts";
import { Terminal } from "./terminal.ts";
import type { ExecSession } from "./runtime.ts";

/** The streams of an exec or attach before its process is there. */
export interface SessionStreams {
  readonly stdin: Writable;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly input: BytePipe | undefined;
  readonly output: ByteWriter;
  readonly errors: ByteWriter;
  readonly terminal: Terminal | undefined;
}

/** Writes into a stream of the client; a client that is gone loses what is written. */
export function streamWriter(stream: PassThrough): ByteWriter {
  return {
    write(data) {
      if (stream.destroyed || stream.writableEnded) return undefined;
      if (stream.write(data)) return undefined;
      return new Promise((resolve) => {
        const done = () => {
          stream.off("drain", done);
          stream.off("close", done);
          resolve();
        };
        stream.on("drain", done);
        stream.on("close", done);
      });
    },
  };
}

export function openStreams(options: { readonly stdin: boolean; readonly tty: boolean }, onSignal: (signal: number, terminal: Terminal) => void): SessionStreams {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = streamWriter(stdout);
  const terminal: Terminal | undefined = options.tty ? new Terminal(output, (signal) => terminal && onSignal(signal, terminal)) : undefined;
  const input = terminal?.input ?? (options.stdin ? new BytePipe() : undefined);
  return { stdin: inputStream(input, terminal), stdout, stderr, input, output: terminal ?? output, errors: terminal ?? streamWriter(stderr), terminal };
}

/** What is typed goes to the process; the terminal, if any, edits it first. `endsInput`: the end of the typing is the end of the input. */
export function inputStream(input: BytePipe | undefined, terminal: Terminal | undefined, endsInput = true): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, callback) {
      if (terminal) terminal.type(Buffer.from(chunk));
      else if (input && !input.ended) {
        try {
          const waiting = input.write(Buffer.from(chunk));
          if (waiting) {
            waiting.then(() => callback(), callback);
            return;
          }
        } catch {
          // The process has closed its stdin; what is typed is lost.
        }
      }
      callback();
    },
    final(callback) {
      if (endsInput) input?.end();
      callback();
    },
  });
}

export function execSession(streams: SessionStreams, process: Process): ExecSession {
  const exitCode = process.exited.then((code) => {
    streams.input?.closeReader();
    streams.stdout.end();
    streams.stderr.end();
    return code;
  });
  return {
    stdin: streams.stdin,
    stdout: streams.stdout,
    stderr: streams.stderr,
    exitCode,
    resize(columns, rows) {
      if (!streams.terminal) return;
      streams.terminal.columns = columns;
      streams.terminal.rows = rows;
    },
    disconnect() {
      streams.input?.end();
      if (streams.terminal) process.kill(1);
      streams.stdout.destroy();
      streams.stderr.destroy();
    },
  };
}
