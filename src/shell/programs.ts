import { BufferWriter } from "../containers/byte-pipe.ts";
import type { Process, Program } from "../containers/process.ts";
import { PROGRAMS_BY_NAME } from "../containers/programs/index.ts";
import { runKubectl, type TerminalStreams } from "./host-program.ts";
import { SHELL_HELP } from "./shell-help.ts";
import { COMMANDS_FOLDER } from "./user-filesystem.ts";
import { UTILITIES } from "./utilities.ts";
import { watch } from "./watch.ts";

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
  globalFlags(): readonly string[];
  /** What was typed so far, oldest first; read anew each time it is shown. */
  readonly history: readonly string[];
  /** The commands that mean that namespace from now on. */
  useNamespace(namespace: string): Promise<void>;
  /** Commands of kubectl that a word may have meant. */
  suggestions(word: string): readonly string[];
}

const IN_THE_SHELL = ["use", "watch", "help", "history", "clear", "command-not-found"];

export function shellPrograms(streams: TerminalStreams, vocabulary: ShellVocabulary): ShellPrograms {
  const kubectl =
    (args: (process: Process) => readonly string[]): Program =>
    (process) =>
      runKubectl(process, withGlobalFlags(vocabulary.globalFlags(), args(process)), streams);
  const programs = new Map<string, Program>([
    ...PROGRAMS_BY_NAME,
    ["kubectl", kubectl((process) => process.args)],
    ["kubectl-command", kubectl((process) => [commandName(process), ...process.args])],
    ["copy", either("cp", (args) => args.some((arg) => arg.includes(":")), kubectl)],
    ["compare", either("diff", (args) => args.length === 0 || args.some((arg) => arg.startsWith("-")), kubectl)],
    ["use", (process) => use(process, vocabulary)],
    ["watch", (process) => watch(process, streams)],
    ["help", (process) => (process.args.length > 0 ? kubectl(() => ["help", ...process.args])(process) : print(process, SHELL_HELP))],
    ["clear", (process) => print(process, "\u001b[H\u001b[2J\u001b[3J")],
    [
      "history",
      (process) => print(process, vocabulary.history.map((line, index) => `${String(index + 1).padStart(5)}  ${line}\n`).join("")),
    ],
    ["command-not-found", (process) => notFound(process, vocabulary)],
  ]);
  const commands = new Map<string, string>([
    ...UTILITIES.filter((name) => PROGRAMS_BY_NAME.has(name)).map((name) => [name, name] as const),
    ...vocabulary.kubectlCommands.map((name) => [name, "kubectl-command"] as const),
    ...["kubectl", "kubesim", "k"].map((name) => [name, "kubectl"] as const),
    ["cp", "copy"],
    ["diff", "compare"],
    ...IN_THE_SHELL.map((name) => [name, name] as const),
  ]);
  return { programs, commands };
}

const commandName = (process: Process): string => process.argv[0]?.split("/").at(-1) ?? "";

/** Without a command there is nothing that the flags could be for. */
const withGlobalFlags = (flags: readonly string[], args: readonly string[]) => (args.length === 0 ? [] : [...flags, ...args]);

/** A word that is kubectl's or a program of the machine, by its arguments. */
function either(
  name: string,
  isKubectls: (args: readonly string[]) => boolean,
  kubectl: (args: (process: Process) => readonly string[]) => Program,
): Program {
  return (process) => {
    if (isKubectls(process.args)) return kubectl(() => [name, ...process.args])(process);
    const own = PROGRAMS_BY_NAME.get(name);
    if (own) return own(process);
    const PATH = (process.env.get("PATH") ?? "").split(":").filter((folder) => folder !== COMMANDS_FOLDER);
    return process.spawn({ argv: process.argv, env: new Map([...process.env, ["PATH", PATH.join(":")]]) }).exited;
  };
}

async function print(process: Process, text: string): Promise<number> {
  await process.print(text);
  return 0;
}

/** `use NAMESPACE`: the commands that follow mean that namespace. */
async function use(process: Process, vocabulary: ShellVocabulary): Promise<number> {
  const [namespace] = process.args;
  if (namespace === undefined || process.args.length > 1 || namespace.startsWith("-")) {
    await process.printError("use NAMESPACE: the commands that follow mean that namespace\n");
    return 1;
  }
  const silent = new BufferWriter();
  const found = await process.spawn({ argv: ["kubectl", "get", "namespace", namespace, "-o", "name"], stdout: silent }).exited;
  if (found === 0) await vocabulary.useNamespace(namespace);
  return found;
}

/** Upstream of the words: bash, and cobra's suggestions. */
async function notFound(process: Process, vocabulary: ShellVocabulary): Promise<number> {
  const [word = ""] = process.args;
  const close = vocabulary.suggestions(word);
  const meant = close.length === 0 ? "" : `\nDid you mean this?\n${close.map((name) => `\t${name}\n`).join("")}`;
  await process.printError(`kubesim: ${word}: command not found\n${meant}`);
  return 127;
}
