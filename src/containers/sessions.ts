import { PassThrough, Writable } from "node:stream";
import { BytePipe, type ByteWriter } from "./byte-pipe.ts";
import type { Container } from "./container.ts";
import type { Process } from "./process.ts";
import { Terminal } from "./terminal.ts";
import { ContainerError, type ExecSession } from "./runtime.ts";

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

export function openStreams(
  options: { readonly stdin: boolean; readonly tty: boolean },
  onSignal: (signal: number, terminal: Terminal) => void,
): SessionStreams {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = streamWriter(stdout);
  const terminal: Terminal | undefined = options.tty ? new Terminal(output, (signal) => terminal && onSignal(signal, terminal)) : undefined;
  const input = terminal?.input ?? (options.stdin ? new BytePipe() : undefined);
  return {
    stdin: inputStream(input, terminal),
    stdout,
    stderr,
    input,
    output: terminal ?? output,
    errors: terminal ?? streamWriter(stderr),
    terminal,
  };
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

/**
 * Joins the streams of a container's first process. The end of what is typed ends the session, unless it is to end the
 * input of the process; how the process ends is not told. Upstream: containerd internal/cri/io/container_io.go Attach
 */
export function attachTo(container: Container, { stdin }: { readonly stdin: boolean }): ExecSession {
  const { process, input, terminal, config } = container;
  if (!process) throw new ContainerError("NotRunning", "container is not running");
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const listener = { stdout: streamWriter(stdout), stderr: streamWriter(stderr) };
  container.listeners.add(listener);
  let over: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (over = resolve));
  const end = () => {
    container.listeners.delete(listener);
    stdout.end();
    stderr.end();
    over(0);
  };
  const inputOver = () => {
    if (config.stdinOnce && !config.tty) input?.end();
    else end();
  };
  void process.exited.then(end);
  const typing = inputStream(stdin ? input : undefined, stdin ? terminal : undefined, false);
  if (stdin && input) typing.once("finish", inputOver);
  return {
    stdin: typing,
    stdout,
    stderr,
    exitCode: ended,
    resize(columns, rows) {
      terminal?.resize(columns, rows);
    },
    disconnect() {
      if (stdin && config.stdinOnce && !config.tty) input?.end();
      end();
    },
  };
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
      streams.terminal?.resize(columns, rows);
    },
    disconnect() {
      streams.input?.end();
      if (streams.terminal) process.kill(1);
      streams.stdout.destroy();
      streams.stderr.destroy();
    },
  };
}
