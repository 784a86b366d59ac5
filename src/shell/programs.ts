import { BrokenPipeError, BufferWriter, type ByteReader, type ByteWriter } from "../containers/byte-pipe.ts";
import type { Process, Program } from "../containers/process.ts";
import { PROGRAMS_BY_NAME } from "../containers/programs/index.ts";
import { type OwnRun, runOwnProgram } from "../host/cli-child.ts";
import { fromShellPath } from "../host/user-files.ts";

const SIGINT = 2;
const SIGTERM = 15;

/** The utilities that make sense on the user's own files. */
const UTILITIES = [
  "sh",
  "bash",
  "cat",
  "ls",
  "touch",
  "rm",
  "mkdir",
  "rmdir",
  "mv",
  "ln",
  "chmod",
  "stat",
  "find",
  "readlink",
  "realpath",
  "mktemp",
  "du",
  "basename",
  "dirname",
  "head",
  "tail",
  "wc",
  "grep",
  "tee",
  "tr",
  "cut",
  "sort",
  "uniq",
  "seq",
  "sed",
  "awk",
  "tar",
  "base64",
  "md5sum",
  "sha256sum",
  "rev",
  "tac",
  "sleep",
  "env",
  "printenv",
  "which",
  "test",
  "[",
  "xargs",
  "timeout",
  "yes",
  "date",
];

/** The streams of the terminal that the shell runs on: who has them as they are shares the terminal itself. */
export interface TerminalStreams {
  readonly input: ByteReader;
  readonly output: ByteWriter;
  readonly errors: ByteWriter;
}

export interface ShellPrograms {
  /** Program by name, for the process table. */
  readonly programs: ReadonlyMap<string, Program>;
  /** Command names and the program that each runs, for the file system. */
  readonly commands: ReadonlyMap<string, string>;
}

export interface ShellVocabulary {
  /** Kubectl's own commands, each of which can be typed without the word kubectl. */
  readonly kubectlCommands: readonly string[];
  /** Given to every kubectl command, first. */
  readonly globalFlags: readonly string[];
  /** What was typed so far, oldest first; read anew each time it is shown. */
  readonly history: readonly string[];
}

export function shellPrograms(streams: TerminalStreams, { kubectlCommands, globalFlags, history }: ShellVocabulary): ShellPrograms {
  const kubectl =
    (args: (process: Process) => readonly string[]): Program =>
    (process) =>
      runKubectl(process, [...globalFlags, ...args(process)], streams);
  const programs = new Map<string, Program>([
    ...PROGRAMS_BY_NAME,
    ["kubectl", kubectl((process) => process.args)],
    ["kubectl-command", kubectl((process) => [commandName(process), ...process.args])],
    // With a pod's name in it, it is kubectl's; else it copies the user's files.
    [
      "copy",
      (process) => (process.args.some((arg) => arg.includes(":")) ? kubectl(() => ["cp", ...process.args])(process) : run("cp", process)),
    ],
    ["use", use],
    ["watch", (process) => watch(process, streams)],
    ["clear", async (process) => (await process.print("\u001b[H\u001b[2J\u001b[3J"), 0)],
    [
      "history",
      async (process) => (await process.print(history.map((line, index) => `${String(index + 1).padStart(5)}  ${line}\n`).join("")), 0),
    ],
  ]);
  const commands = new Map<string, string>([
    ...UTILITIES.filter((name) => PROGRAMS_BY_NAME.has(name)).map((name) => [name, name] as const),
    ...kubectlCommands.map((name) => [name, "kubectl-command"] as const),
    ...["kubectl", "kubesim", "k"].map((name) => [name, "kubectl"] as const),
    ["help", "kubectl-command"],
    ["cp", "copy"],
    ...["use", "watch", "clear", "history"].map((name) => [name, name] as const),
  ]);
  return { programs, commands };
}

const commandName = (process: Process): string => process.argv[0]?.split("/").at(-1) ?? "";

function run(program: string, process: Process): Promise<number> {
  const found = PROGRAMS_BY_NAME.get(program);
  return found ? found(process) : Promise.resolve(127);
}

/** A kubectl command in a process of the host, on the shell's terminal where its streams are the terminal's. */
async function runKubectl(process: Process, args: readonly string[], streams: TerminalStreams): Promise<number> {
  const shares = {
    stdin: process.stdin === streams.input,
    stdout: process.stdout === streams.output,
    stderr: process.stderr === streams.errors,
  };
  const child = runOwnProgram(args, { env: process.env, folder: fromShellPath(process.cwd), shares });
  // The terminal has told it already of a Ctrl-C; what was started behind a pipe has not heard.
  process.on(SIGINT, () => child.kill("SIGINT"));
  process.on(SIGTERM, () => child.kill("SIGTERM"));
  process.onExit(() => child.kill("SIGTERM"));
  if (!shares.stdin) void feed(process, child);
  await Promise.all([drain(process, child, child.stdout, process.stdout), drain(process, child, child.stderr, process.stderr)]);
  return child.exited;
}

async function feed(process: Process, child: OwnRun): Promise<void> {
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

async function drain(process: Process, child: OwnRun, from: AsyncIterable<Buffer> | undefined, to: ByteWriter): Promise<void> {
  if (!from) return;
  try {
    for await (const chunk of from) await process.write(to, chunk);
  } catch (error) {
    if (!(error instanceof BrokenPipeError)) throw error;
    child.kill("SIGTERM");
  }
}

/** `use NAMESPACE`: the commands that follow mean that namespace. */
async function use(process: Process): Promise<number> {
  const [namespace] = process.args;
  if (namespace === undefined || process.args.length > 1) {
    await process.printError("use NAMESPACE: the commands that follow mean that namespace\n");
    return 1;
  }
  const silent = new BufferWriter();
  const found = await process.spawn({ argv: ["kubectl", "get", "namespace", namespace, "-o", "name"], stdout: silent }).exited;
  if (found !== 0) return found;
  return process.spawn({ argv: ["kubectl", "config", "set-context", "--current", `--namespace=${namespace}`], stdout: silent }).exited;
}

const WATCH_SECONDS = 2;

/** `watch [-n SECONDS] COMMAND`: the command's output again and again, until Ctrl-C. */
async function watch(process: Process, streams: TerminalStreams): Promise<number> {
  const args = [...process.args];
  let seconds = WATCH_SECONDS;
  while (args[0]?.startsWith("-")) {
    const flag = args.shift() ?? "";
    if (flag === "-n" || flag === "--interval") seconds = Number(args.shift());
    else if (/^-n[\d.]+$/.test(flag)) seconds = Number(flag.slice(2));
    else if (!["-t", "-d", "--no-title", "--differences"].includes(flag)) return usage(process, `watch: unknown option ${flag}`);
  }
  if (args.length === 0 || !(seconds > 0)) return usage(process, "watch [-n SECONDS] COMMAND");
  const onTerminal = process.stdout === streams.output;
  for (;;) {
    const shown = new BufferWriter();
    const child = process.spawn({
      argv: ["bash", "-c", args.length === 1 ? (args[0] ?? "") : '"$@"', "watch", ...args],
      stdout: shown,
      stderr: shown,
    });
    await process.race(child.exited);
    const title = `Every ${seconds.toFixed(1)}s: ${args.join(" ")}\n\n`;
    await process.print(onTerminal ? `\u001b[H\u001b[2J${title}${shown.text}` : `${title}${shown.text}`);
    await process.sleep(seconds * 1000);
  }
}

async function usage(process: Process, text: string): Promise<number> {
  await process.printError(`${text}\n`);
  return 1;
}
