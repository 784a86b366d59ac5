import type { Readable, Writable } from "node:stream";
import type { Status } from "../../api/generated/meta-v1.ts";
import { internalError, messageOf, StatusError } from "../../api/status.ts";
import { type StreamOptions, type StreamSession, UpgradeRefused } from "../node-gateway.ts";

/** One exec or attach as the client's protocol carries it: WebSocket channels or SPDY streams. */
export interface RemoteCommandChannels {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** The API server translates for this client: to the kubelet it speaks SPDY. Upstream: util/proxy/streamtranslator.go */
  readonly translated: boolean;
  onResize(listener: (columns: number, rows: number) => void): void;
  /** The client is gone. */
  onClose(listener: () => void): void;
  /** The last word; then the connection is closed. */
  finish(status: Status): void;
}

export function streamOptionsOf(query: URLSearchParams, container: string): StreamOptions {
  const flag = (name: string) => query.get(name) === "true" || query.get(name) === "1";
  const tty = flag("tty");
  return { container, stdin: flag("stdin"), stdout: flag("stdout"), stderr: flag("stderr") && !tty, tty };
}

/** Connects a session to its client, and tells how it ended. */
export async function runRemoteCommand(
  channels: RemoteCommandChannels,
  options: StreamOptions,
  start: () => Promise<StreamSession>,
): Promise<void> {
  let session: StreamSession;
  try {
    session = await start();
  } catch (error) {
    channels.finish(failure(error, channels.translated));
    return;
  }
  channels.onClose(() => session.disconnect());
  channels.onResize((columns, rows) => session.resize(columns, rows));
  if (options.stdin && channels.stdin) channels.stdin.pipe(session.stdin);
  else session.stdin.end();
  session.stdin.on("error", () => undefined);
  const drained = [
    drain(session.stdout, options.stdout ? channels.stdout : undefined),
    drain(session.stderr, options.stderr ? channels.stderr : undefined),
  ];
  try {
    const exitCode = await session.exitCode;
    // The status must not overtake what the process wrote.
    await Promise.all(drained);
    channels.finish(exitStatus(exitCode));
  } catch (error) {
    channels.finish(failure(error, channels.translated));
  }
}

/** Resolves when all that the source had has left through the sink: what a sink still holds is not yet sent. */
function drain(source: Readable, sink: Writable | undefined): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      if (!sink || sink.destroyed || sink.writableEnded) resolve();
      else sink.write(NOTHING, () => resolve());
    };
    source.once("end", over);
    source.once("close", over);
    source.once("error", over);
    if (sink) source.pipe(sink, { end: false });
    else source.resume();
  });
}

const NOTHING = Buffer.alloc(0);

// Upstream: k8s.io/kubelet/pkg/cri/streaming/remotecommand/exec.go
function exitStatus(exitCode: number): Status {
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    reason: "NonZeroExitCode",
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

/** A translator wraps what its own client to the kubelet fails with once more. */
function failure(error: unknown, translated: boolean): Status {
  if (error instanceof UpgradeRefused) return internalError(new Error(`unable to upgrade connection: ${error.message}`)).status;
  if (!(error instanceof StatusError)) return internalError(error instanceof Error ? error : new Error(messageOf(error))).status;
  return translated && error.reason !== "NonZeroExitCode" ? internalError(new Error(error.message)).status : error.status;
}
