import * as host from "../../host/cli-host.ts";
import { UTILITIES } from "../../shell/utilities.ts";
import { argumentsFor } from "./arguments.ts";
import { fileNames } from "./files.ts";
import { flagNames, flagValues } from "./flag-values.ts";
import { objectNames } from "./live-names.ts";
import { type Position, positionOf } from "./position.ts";
import { lastCommandOf, quoted } from "./shell-line.ts";
import type { CommandContext } from "../command.ts";
import { COMMANDS } from "../commands.ts";
import { GLOBAL_FLAGS } from "../global-flags.ts";

const PROGRAM_NAMES = ["kubectl", "kubesim", "k"];
const OF_THE_SHELL = ["use", "watch", "history", "clear", "exit", "help", "cd", "source", "export", "echo"];
/** Their argument is a command. */
const PREFIXES: Readonly<Record<string, ReadonlySet<string>>> = {
  watch: new Set(["-n", "--interval"]),
  xargs: new Set(["-n", "-I", "-P", "-L", "-d"]),
  timeout: new Set(["-s", "-k"]),
};
/** Programs of the machine are many: they are offered once something is typed. */
const PROGRAM_LETTERS_MIN = 2;
/** Behind these, what is typed goes on. */
const OPEN_END = /[=/:,.]$|\([^)]*$/;

export interface LineCompletion {
  /** Where in the line the text begins that the candidates replace. */
  readonly start: number;
  readonly candidates: readonly { readonly text: string; readonly label: string; readonly end: string }[];
}

/** What may stand for the last word of a line of the shell. */
export async function completionOfLine(context: CommandContext, line: string): Promise<LineCompletion> {
  const last = lastCommandOf(line);
  const { typed, places, quote, quoteAt } = last;
  const found = last.isText ? [] : last.isRedirection ? fileNames(typed) : await candidatesInShell(context, last.words, typed);
  const matching = [...new Set(found)].filter((candidate) => candidate.startsWith(typed)).sort();
  // What stands before the last separator stays as it was written.
  const kept = Math.max(...["/", "=", ":", ","].map((separator) => typed.lastIndexOf(separator))) + 1;
  const start = places[kept] ?? line.length;
  const opening = quote !== "" && quoteAt < start && (places[kept - 1] ?? -1) < quoteAt ? quoteAt : start;
  const begins = quote !== "" && opening === quoteAt ? quote : "";
  return {
    start: opening,
    candidates: matching.map((candidate) => ({
      text: begins + quoted(candidate.slice(kept), quote),
      label: labelOf(candidate, kept),
      end: OPEN_END.test(candidate) ? "" : `${quote} `,
    })),
  };
}

/** The part that the candidates differ in. */
function labelOf(candidate: string, kept: number): string {
  return candidate.slice(kept) || candidate;
}

async function candidatesInShell(context: CommandContext, words: readonly string[], typed: string): Promise<readonly string[]> {
  const [command, ...args] = words;
  if (command === undefined) return firstWords(typed);
  const options = PREFIXES[command];
  if (options) return candidatesInShell(context, withoutOptions(command, args, options), typed);
  if (PROGRAM_NAMES.includes(command)) return completions(context, [...args, typed]);
  if (command.startsWith("-")) return completions(context, [...words, typed]);
  if (command === "use") return args.length === 0 ? objectNames(context, "namespaces") : [];
  if (command === "help") return completions(context, [...args, typed]);
  if (command === "cd") return fileNames(typed, "folders");
  if (COMMANDS.some(({ name }) => name === command)) return completions(context, [...words, typed]);
  return fileNames(typed);
}

/** The words of the command that another command is given. */
function withoutOptions(command: string, args: readonly string[], withValue: ReadonlySet<string>): readonly string[] {
  let at = 0;
  while (args[at]?.startsWith("-")) at += withValue.has(args[at] ?? "") ? 2 : 1;
  return args.slice(command === "timeout" ? at + 1 : at);
}

function firstWords(typed: string): readonly string[] {
  if (typed.includes("/") || typed.startsWith("~")) return fileNames(typed);
  const own = [...COMMANDS.filter(({ hidden }) => !hidden).map(({ name }) => name), ...OF_THE_SHELL, ...PROGRAM_NAMES.slice(0, 2)];
  if (typed.length < PROGRAM_LETTERS_MIN || own.some((name) => name.startsWith(typed))) return own;
  return [...UTILITIES, ...host.programNames()];
}

/** Candidates for the last word of a kubectl command; the program's own name may stand in front. */
export async function completions(context: CommandContext, words: readonly string[]): Promise<string[]> {
  const [first = ""] = words;
  const position = await positionOf(words.length > 1 && PROGRAM_NAMES.includes(first) ? words.slice(1) : words);
  const found = await candidatesAt(contextAt(context, position), position);
  return found.filter((candidate) => candidate.startsWith(position.typed)).map((candidate) => position.prefix + candidate);
}

async function candidatesAt(context: CommandContext, position: Position): Promise<readonly string[]> {
  if (position.isForeign) return [];
  if (position.flag) return flagValues(context, position);
  if (position.typed.startsWith("-")) return flagNames(position);
  return argumentsFor(context, position);
}

/** `--context two`: names are those of the cluster that the line means. */
function contextAt(context: CommandContext, { given }: Position): CommandContext {
  const values: Record<string, string> = {};
  for (const { name, type } of GLOBAL_FLAGS) {
    const value = type === "string" ? given.get(name)?.at(-1) : undefined;
    if (value !== undefined) values[name] = value;
  }
  return Object.keys(values).length === 0 ? context : context.withFlags(values);
}
