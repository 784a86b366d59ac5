import { CommandContext, type CommandSpec } from "../command.ts";
import { ConnectionError, ExitError, messageOf, UsageError } from "../errors.ts";
import { HelpRequested, parseFlags, type FlagSpec, type ParsedArguments } from "../flags.ts";
import type { Io } from "../io.ts";
import { flagsOf, knownCommands, ROOT, select, type Selected } from "../select.ts";
import { StatusError } from "../../api/status.ts";

/** What the shell is to do with the candidates. Upstream: cobra ShellCompDirective */
export const DEFAULT = 0;
export const NO_SPACE = 2;
export const NO_FILES = 4;
const FILE_EXTENSIONS = 8;
const NAMES = ["ShellCompDirectiveError", "ShellCompDirectiveNoSpace", "ShellCompDirectiveNoFileComp", "ShellCompDirectiveFilterFileExt"];

export interface Completion {
  /** The text, and after a tab what it is. */
  readonly candidates: readonly string[];
  readonly directive: number;
}

const HELP_FLAG: FlagSpec = { name: "help", shorthand: "h", type: "bool", usage: "" };

/** Candidates for the last of the words, as cobra's scripts for shells ask for them. Upstream: cobra completions.go */
export async function printCompletions(words: readonly string[], io: Io, withDescriptions: boolean): Promise<void> {
  const { candidates, directive } = await completionsFor(words, io);
  // Upstream's `options` has one stream.
  const tell = words[0] === "options" ? io.out : io.err;
  for (const candidate of candidates) {
    const [line = ""] = (withDescriptions ? candidate : (candidate.split("\t")[0] ?? "")).split("\n");
    io.out(`${line.trim()}\n`);
  }
  io.out(`:${directive}\n`);
  const named = NAMES.filter((_, bit) => directive & (1 << bit));
  tell(`Completion ended with directive: ${named.length > 0 ? named.join(", ") : "ShellCompDirectiveDefault"}\n`);
}

async function completionsFor(words: readonly string[], io: Io): Promise<Completion> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const command = await select(before);
  if (command.path === ROOT && command.rest.some((word) => !word.startsWith("-")) && command.rest[0] !== "help") {
    io.err(
      `[Debug] Cleared global flags for plugin completion\n[Debug] [Error] unable to find a command for arguments: [${before.join(" ")}]\n`,
    );
    return { candidates: [], directive: DEFAULT };
  }
  if (command.rest[0] === "help") return { candidates: commandsOf(await select(before.slice(1)), typed), directive: NO_FILES };
  return new Line(command, typed, io).complete();
}

/** A command with what was given to it so far. */
class Line {
  readonly #command: Selected;
  readonly #io: Io;
  readonly #flags: readonly FlagSpec[];
  readonly #word: string;

  constructor(command: Selected, word: string, io: Io) {
    this.#command = command;
    this.#io = io;
    this.#flags = [...flagsOf(command.spec), HELP_FLAG];
    this.#word = word;
  }

  async complete(): Promise<Completion> {
    const position = this.#flagPosition();
    if ("problem" in position) return this.#failed(position.problem);
    let parsed: ParsedArguments;
    try {
      parsed = await parseFlags(position.before, this.#flags, { commandPath: this.#command.path });
    } catch (error) {
      if (error instanceof HelpRequested) return { candidates: [], directive: NO_FILES };
      if (!(error instanceof UsageError)) throw error;
      const why = error.message.replace(/\nSee .*/s, "");
      return this.#failed(`Error while parsing flags from args [${position.before.join(" ")}]: ${why}`);
    }
    if (parsed.flags.has("help")) return { candidates: [], directive: NO_FILES };
    const behindDashes = parsed.dashIndex >= 0;
    if (position.flag && !behindDashes) return this.#flagValues(position.flag, parsed, position.typed);
    if (this.#word.startsWith("-") && !this.#word.includes("=") && !behindDashes) return this.#flagNames(parsed);
    return this.#argument(parsed, position.typed);
  }

  #failed(problem: string): Completion {
    this.#io.err(`[Debug] [Error] ${problem}\n`);
    return { candidates: [], directive: DEFAULT };
  }

  /** The flag whose value is being typed. Upstream: checkIfFlagCompletion */
  #flagPosition():
    | { readonly problem: string }
    | { readonly flag?: FlagSpec | undefined; readonly typed: string; readonly before: readonly string[] } {
    const { rest } = this.#command;
    const word = this.#word;
    const equals = word.startsWith("-") ? word.indexOf("=") : -1;
    if (word.startsWith("-") && equals < 0) return { typed: word, before: rest };
    const previous = rest.at(-1) ?? "";
    const isFlag = /^--[^-]|^-[^-]/.test(previous) && !previous.includes("=");
    if (equals < 0 && !isFlag) return { typed: word, before: rest };
    const given = equals >= 0 ? word.slice(0, equals) : previous;
    const name = given.startsWith("--") ? given.slice(2) : given.slice(-1);
    const flag = this.#flags.find((each) => (given.startsWith("--") || name.length > 1 ? each.name === name : each.shorthand === name));
    if (!flag) {
      const path = this.#command.path.split(" ").at(-1) ?? "";
      if (equals < 0) return { typed: word, before: rest };
      return { problem: `Subcommand '${path}' does not support flag '${name}'` };
    }
    if (equals >= 0) return { flag, typed: word.slice(equals + 1), before: rest };
    if (flag.type === "bool" || flag.noValue !== undefined) return { typed: word, before: rest };
    return { flag, typed: word, before: rest.slice(0, -1) };
  }

  async #flagValues(flag: FlagSpec, parsed: ParsedArguments, typed: string): Promise<Completion> {
    if (flag.name === "filename") return { candidates: ["json", "yaml", "yml"], directive: FILE_EXTENSIONS };
    const { flagCandidates } = await import("./completion-candidates.ts");
    const own = this.#command.spec.flags?.includes(flag) ?? false;
    return this.#quietly(() => flagCandidates(flag.name, { context: this.#context(parsed), typed, own }));
  }

  #flagNames(parsed: ParsedArguments): Completion {
    const own = [...(this.#command.spec.flags ?? []), HELP_FLAG];
    const inherited = this.#flags.filter((flag) => !own.includes(flag));
    const open = (flag: FlagSpec) =>
      !flag.hidden && (!parsed.flags.has(flag.name) || (flag.type.startsWith("string") && flag.type !== "string"));
    const names = (flag: FlagSpec) =>
      [`--${flag.name}`, ...(flag.shorthand ? [`-${flag.shorthand}`] : [])]
        .filter((name) => name.startsWith(this.#word))
        .map((name) => `${name}\t${flag === HELP_FLAG ? `help for ${this.#command.path.split(" ").at(-1)}` : flag.usage}`);
    const byName = (a: FlagSpec, b: FlagSpec) => (a.name < b.name ? -1 : 1);
    const required = own.filter((flag) => flag.required && !parsed.flags.has(flag.name)).flatMap(names);
    const isRoot = this.#command.path === ROOT;
    const ordered = isRoot ? [...own, ...inherited].sort(byName) : [...inherited.sort(byName), ...own.sort(byName)];
    return { candidates: required.length > 0 ? required : ordered.filter(open).flatMap(names), directive: NO_FILES };
  }

  async #argument(parsed: ParsedArguments, typed: string): Promise<Completion> {
    const { spec, path } = this.#command;
    const candidates: string[] = [];
    let directive = DEFAULT;
    const ownFlagGiven = spec.flags?.some(({ name }) => parsed.flags.has(name)) ?? false;
    if (parsed.args.length === 0 && !ownFlagGiven && (spec.subcommands || path === ROOT)) {
      candidates.push(...commandsOf(this.#command, typed));
      directive = NO_FILES;
    }
    for (const flag of spec.flags ?? [])
      if (flag.required && !parsed.flags.has(flag.name) && `--${flag.name}`.startsWith(typed))
        candidates.push(`--${flag.name}\t${flag.usage}`);
    const { argumentCandidates } = await import("./completion-candidates.ts");
    const found = await this.#quietly(() => argumentCandidates({ context: this.#context(parsed), typed, own: true }));
    return found.directive < 0
      ? { candidates, directive }
      : { candidates: [...candidates, ...found.candidates], directive: found.directive };
  }

  /** What the server cannot say is no candidate. */
  async #quietly(ask: () => Promise<Completion>): Promise<Completion> {
    try {
      return await ask();
    } catch (error) {
      if (
        error instanceof StatusError ||
        error instanceof ConnectionError ||
        error instanceof ExitError ||
        messageOf(error).startsWith("the server doesn't have")
      )
        return { candidates: [], directive: NO_FILES };
      throw error;
    }
  }

  #context(parsed: ParsedArguments): CommandContext {
    const { path } = this.#command;
    // Only candidates are printed.
    const io = { ...this.#io, err: () => undefined };
    return new CommandContext({ path, args: parsed.args, dashIndex: parsed.dashIndex, flags: parsed.flags, io });
  }
}

function commandsOf({ path, spec }: { readonly path: string; readonly spec: CommandSpec }, typed: string): string[] {
  const known =
    path === ROOT ? [...knownCommands(), { name: "help", short: "Help about any command", hidden: false }] : (spec.subcommands ?? []);
  return known
    .filter(({ name, hidden }) => (!hidden || name === "options") && name.startsWith(typed))
    .map(({ name, short }) => `${name}\t${short}`)
    .sort();
}
