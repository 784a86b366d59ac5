import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";

/** A run of a program of the host: this very one, or another. */
export interface HostRun {
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

export interface HostRunOptions {
  readonly env: ReadonlyMap<string, string>;
  readonly folder: string;
  /** Whether it shares this program's own stream: the terminal. */
  readonly shares: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Out of the terminal's reach: Ctrl-C does not end it. */
  readonly background: boolean;
}

/** Runs this very program once more with other arguments. */
export function runOwnProgram(args: readonly string[], options: HostRunOptions): HostRun {
  return runProgramOfHost(process.execPath, [...process.execArgv, process.argv[1] ?? "", ...args], options);
}

export function runProgramOfHost(file: string, args: readonly string[], { env, folder, shares, background }: HostRunOptions): HostRun {
  const stdio = (shared: boolean) => (shared ? ("inherit" as const) : ("pipe" as const));
  const child = spawn(file, [...args], {
    cwd: folder,
    env: Object.fromEntries(env),
    stdio: [stdio(shares.stdin), stdio(shares.stdout), stdio(shares.stderr)],
    detached: background,
  });
  child.stdin?.on("error", () => undefined);
  return {
    stdout: child.stdout ?? undefined,
    stderr: child.stderr ?? undefined,
    exited: new Promise((resolve) => {
      child.on("error", () => resolve(126));
      child.on("close", (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? "SIGHUP"] ?? 0)));
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
