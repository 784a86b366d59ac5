import { BrokenPipeError, type ByteReader, type ByteWriter } from "../containers/byte-pipe.ts";
import type { Process } from "../containers/process.ts";
import { type HostRun, type HostRunOptions, runOwnProgram, runProgramOfHost } from "../host/cli-child.ts";
import { fromShellPath } from "../host/user-files.ts";
import { COMMANDS_FOLDER } from "./user-filesystem.ts";

const SIGINT = 2;
const SIGTERM = 15;

/** The streams of the terminal that the shell runs on: who has them as they are shares the terminal itself. */
export interface TerminalStreams {
  readonly input: ByteReader;
  readonly output: ByteWriter;
  readonly errors: ByteWriter;
  /** Whether the input is a terminal. */
  readonly onTerminal: boolean;
  /** Whether a process belongs to what was started with `&`. */
  isBackground(process: Process): boolean;
}

/** A kubectl command, in a process of the host. */
export function runKubectl(process: Process, args: readonly string[], streams: TerminalStreams): Promise<number> {
  // Without a command kubesim would open a shell in the shell.
  return runChild(process, streams, (options) => runOwnProgram(args.length === 0 ? ["help"] : args, options));
}

/** A program of the user's machine. */
export function runHostProgram(process: Process, file: string, streams: TerminalStreams): Promise<number> {
  return runChild(process, streams, (options) => runProgramOfHost(file, process.args, options));
}

/** On the shell's terminal where the process's streams are the terminal's. */
async function runChild(process: Process, streams: TerminalStreams, start: (options: HostRunOptions) => HostRun): Promise<number> {
  const fromShell = process.stdin === streams.input;
  const background = streams.isBackground(process);
  // In the background not even to print: a program that ends puts the terminal back as it found it, under the prompt.
  const shares = {
    stdin: fromShell && streams.onTerminal && !background,
    stdout: process.stdout === streams.output && !background,
    stderr: process.stderr === streams.errors && !background,
  };
  const child = start({ env: hostEnvironment(process), folder: fromShellPath(process.cwd), shares, background });
  // The host's terminal tells all that run in front of it of a Ctrl-C; twice would be taken for impatience.
  process.on(SIGINT, () => {
    if (background || !streams.onTerminal) child.kill("SIGINT");
  });
  process.on(SIGTERM, () => child.kill("SIGTERM"));
  process.onExit(() => child.kill("SIGTERM"));
  // A script's own lines are not its commands' input.
  if (fromShell) child.endInput();
  else void feed(process, child);
  await Promise.all([drain(process, child, child.stdout, process.stdout), drain(process, child, child.stderr, process.stderr)]);
  return child.exited;
}

function hostEnvironment(process: Process): Map<string, string> {
  const folders = (process.env.get("PATH") ?? "").split(":").filter((folder) => folder !== COMMANDS_FOLDER);
  return new Map([...process.env, ["PATH", folders.join(":")]]);
}

async function feed(process: Process, child: HostRun): Promise<void> {
  const over = new AbortController();
  void child.exited.then(() => over.abort());
  try {
    const signal = AbortSignal.any([over.signal, process.signal]);
    for (let chunk = await process.stdin.read(signal); chunk !== undefined; chunk = await process.stdin.read(signal))
      await child.write(chunk);
  } catch {
    // It ended before its input did.
  }
  child.endInput();
}

async function drain(process: Process, child: HostRun, from: AsyncIterable<Buffer> | undefined, to: ByteWriter): Promise<void> {
  if (!from) return;
  try {
    for await (const chunk of from) await process.write(to, chunk);
  } catch (error) {
    if (!(error instanceof BrokenPipeError)) throw error;
    child.kill("SIGTERM");
  }
}
