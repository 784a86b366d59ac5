import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** Another run of this program. */
export interface OwnRun {
  /** Resolves with the exit code; 128 and more for a signal. */
  readonly exited: Promise<number>;
  /** Undefined where the stream is this program's own. */
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** Resolves when there is room for more. */
  write(data: Buffer): Promise<void>;
  endInput(): void;
  kill(signal: NodeJS.Signals): void;
}

export interface OwnRunOptions {
  readonly env: ReadonlyMap<string, string>;
  readonly folder: string;
  /** Whether it shares this program's own stream: the terminal. */
  readonly shares: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
}

const SIGNAL_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGKILL: 137, SIGPIPE: 141, SIGTERM: 143 };

/** Runs this very program once more with other arguments, as a process that Ctrl-C ends by itself. */
export function runOwnProgram(args: readonly string[], { env, folder, shares }: OwnRunOptions): OwnRun {
  const stdio = (shared: boolean) => (shared ? ("inherit" as const) : ("pipe" as const));
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", ...args], {
    cwd: folder,
    env: Object.fromEntries(env),
    stdio: [stdio(shares.stdin), stdio(shares.stdout), stdio(shares.stderr)],
  });
  child.stdin?.on("error", () => undefined);
  return {
    stdout: child.stdout ?? undefined,
    stderr: child.stderr ?? undefined,
    exited: new Promise((resolve) => {
      child.on("error", () => resolve(126));
      child.on("close", (code, signal) => resolve(code ?? SIGNAL_CODES[signal ?? ""] ?? 128));
    }),
    write: (data) =>
      new Promise((resolve) => {
        if (!child.stdin?.writable) resolve();
        else child.stdin.write(data, () => resolve());
      }),
    endInput: () => child.stdin?.end(),
    kill: (signal) => child.kill(signal),
  };
}
