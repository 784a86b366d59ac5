import type { WebSocket } from "ws";
import type { Status } from "../../api/generated/meta-v1.ts";
import { exitWhenInterrupted, streamStdin } from "../../host/cli-host.ts";
import { makeTerminalRaw, onResize, terminalSize, withoutReturns } from "../../host/cli-terminal.ts";
import { openWebSocket } from "../../host/cli-web-socket.ts";
import { renderQuery, statusErrorOf, type Query } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { ExitError } from "../errors.ts";

const PROTOCOL = "v5.channel.k8s.io";
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;

export interface RemoteStreams {
  readonly stdin: boolean;
  readonly tty: boolean;
  /** A size that is one too large comes first: who edits a line draws it anew. */
  readonly redraw?: boolean | undefined;
  /** Typed in a row, they end the input without being sent. */
  readonly detachKeys?: Uint8Array | undefined;
  /** Instead of the terminal: bytes to send, and who gets what comes. */
  readonly input?: Uint8Array | undefined;
  readonly onOutput?: ((chunk: Buffer) => void) | undefined;
  readonly onError?: ((chunk: Buffer) => void) | undefined;
}

/** Runs a remote command over WebSocket channels and resolves with its exit code. Upstream: client-go/tools/remotecommand */
export async function runRemote(context: CommandContext, path: string, query: Query, streams: RemoteStreams): Promise<number> {
  // Who has taken over a terminal gives it back first. Upstream: k8s.io/kubectl/pkg/util/term TTY.Safe
  if (streams.stdin && !streams.input && context.io.isTerminal("in")) exitWhenInterrupted();
  const client = await context.client();
  const full =
    path +
    renderQuery({
      ...query,
      stdin: streams.stdin || undefined,
      stdout: true,
      stderr: streams.tty ? undefined : true,
      tty: streams.tty || undefined,
    });
  const { Accept: _, ...headers } = client.headers();
  const log = await client.upgradeLog("GET", full, { ...headers, "Sec-Websocket-Protocol": PROTOCOL });
  const outcome = await openWebSocket(client.connection.target, full, PROTOCOL, headers);
  log?.answered(outcome.answer);
  if (outcome.kind === "refused") {
    const error = statusErrorOf(outcome.answer.status, outcome.body, "GET", path);
    if (error.reason === "NotFound" || error.reason === "Forbidden") throw error;
    throw new Error(`unable to upgrade connection: ${error.message}`);
  }
  context.logger?.info(4, "websocket.go:134", "Subprotocol negotiated", [["protocol", PROTOCOL]]);
  context.logger?.info(5, "websocket.go:269", "Websocket read starts", [["deadline", "1m1s"]]);
  return converse(context, outcome.socket, streams);
}

function converse(context: CommandContext, socket: WebSocket, streams: RemoteStreams): Promise<number> {
  const send = (channel: number, data: Uint8Array) => {
    if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.from([channel]), data]));
  };
  const stop = streams.stdin ? sendInput(streams, send) : () => undefined;
  const stopResize = streams.tty ? sendSizes(send, streams.redraw ?? false) : () => undefined;
  const onOutput = streams.onOutput ?? ((chunk: Buffer) => context.io.out(showsRaw(context, streams) ? withoutReturns(chunk) : chunk));
  const onError = streams.onError ?? ((chunk: Buffer) => context.io.err(chunk));
  let status: Status | undefined;
  socket.on("message", (data: Buffer) => {
    const body = data.subarray(1);
    if (data[0] === STDOUT) onOutput(body);
    else if (data[0] === STDERR) onError(body);
    else if (data[0] === ERROR && body.length > 0) status = JSON.parse(body.toString("utf8")) as Status;
  });
  return new Promise<number>((resolve, reject) => {
    socket.on("close", (code: number) => {
      stop();
      stopResize();
      if (!status && code !== 1000) reject(new Error(`websocket: close ${code} (abnormal closure): unexpected EOF`));
      else finish(status, resolve, reject);
    });
    socket.on("error", () => undefined);
    socket.resume();
  });
}

/** Whether what is written goes to the terminal that was made to hand on single characters. */
const showsRaw = ({ io }: CommandContext, { tty, input }: RemoteStreams) => tty && !input && io.isTerminal("in") && io.isTerminal("out");

function finish(status: Status | undefined, resolve: (code: number) => void, reject: (error: Error) => void): void {
  if (!status || status.status === "Success") return resolve(0);
  const exit = status.details?.causes?.find(({ reason }) => reason === "ExitCode");
  if (status.reason === "NonZeroExitCode" && exit) {
    const code = Number(exit.message);
    return reject(new ExitError(`command terminated with exit code ${code}`, code));
  }
  reject(new Error(status.message ?? "unknown error"));
}

type Send = (channel: number, data: Uint8Array) => void;

function sendInput(streams: RemoteStreams, send: Send): () => void {
  const end = () => send(CLOSE, Buffer.from([STDIN]));
  if (streams.input) {
    for (let at = 0; at < streams.input.length; at += 32_768) send(STDIN, streams.input.subarray(at, at + 32_768));
    end();
    return () => undefined;
  }
  let detached = false;
  const detach = detachable(streams.detachKeys, (chunk) => send(STDIN, chunk));
  const restore = streams.tty ? makeTerminalRaw() : () => undefined;
  const input = streamStdin((chunk) => {
    if (detached || !detach(chunk)) return;
    detached = true;
    end();
  }, end);
  return () => {
    input.stop();
    restore();
  };
}

/** Holds back what may be the beginning of the sequence; true once it is whole. Upstream: github.com/moby/term proxy.go */
function detachable(keys: Uint8Array | undefined, pass: (chunk: Uint8Array) => void): (chunk: Uint8Array) => boolean {
  let matched = 0;
  return (chunk) => {
    if (!keys || keys.length === 0) {
      pass(chunk);
      return false;
    }
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte !== keys[matched]) {
        out.push(...keys.subarray(0, matched));
        matched = 0;
      }
      if (byte === keys[matched]) matched++;
      else out.push(byte);
      if (matched === keys.length) break;
    }
    if (out.length > 0) pass(Buffer.from(out));
    return matched === keys.length;
  };
}

function sendSizes(send: Send, redraw: boolean): () => void {
  const now = (more = 0) => {
    const size = terminalSize();
    if (size) send(RESIZE, Buffer.from(`${JSON.stringify({ Width: size.width + more, Height: size.height + more })}\n`));
  };
  if (redraw) now(1);
  now();
  return onResize(() => now());
}
