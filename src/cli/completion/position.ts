import type { CommandEntry, CommandSpec } from "../command.ts";
import { COMMANDS } from "../commands.ts";
import type { FlagSpec } from "../flags.ts";
import { GLOBAL_FLAGS } from "../global-flags.ts";

/** Where in a command line the last word stands. */
export interface Position {
  /** `get`, `rollout undo`; empty before the command. */
  readonly command: string;
  readonly spec: CommandSpec;
  /** The arguments before. */
  readonly args: readonly string[];
  /** Behind `--`, or where the arguments are another program's. */
  readonly isForeign: boolean;
  /** The flags before, with their values. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  /** The flag whose value is being typed. */
  readonly flag: FlagSpec | undefined;
  /** In front of that value, in the same word: `--output=`. */
  readonly prefix: string;
  readonly typed: string;
}

export const flagsOf = (spec: CommandSpec): FlagSpec[] => [
  ...(spec.flags ?? []),
  ...GLOBAL_FLAGS.filter(({ name }) => !spec.flags?.some((own) => own.name === name)),
];

/** @param words without the program's name; the last is being typed */
export async function positionOf(words: readonly string[]): Promise<Position> {
  let spec: CommandSpec = { subcommands: COMMANDS };
  const names: string[] = [];
  const args: string[] = [];
  const given = new Map<string, string[]>();
  let flag: FlagSpec | undefined;
  let isForeign = false;
  const give = ({ name }: FlagSpec, value: string) => given.set(name, [...(given.get(name) ?? []), value]);
  for (const word of words.slice(0, -1)) {
    const entry = args.length === 0 && !flag ? subcommandOf(spec, word) : undefined;
    if (isForeign) args.push(word);
    else if (flag) {
      give(flag, word);
      flag = undefined;
    } else if (word === "--") isForeign = true;
    else if (word.startsWith("-") && word !== "-") {
      const found = flagOf(spec, word);
      if (found && found.value === undefined && takesValue(found.flag)) flag = found.flag;
      else if (found) give(found.flag, found.value ?? "true");
    } else if (entry) {
      spec = await entry.load();
      names.push(entry.name);
    } else {
      args.push(word);
      isForeign = spec.stopAtFirstArgument === true;
    }
  }
  const typed = words.at(-1) ?? "";
  const attached = !flag && !isForeign && typed.startsWith("-") ? valueOf(spec, typed) : undefined;
  const common = { command: names.join(" "), spec, args, isForeign, given };
  if (attached) return { ...common, flag: attached.flag, prefix: attached.prefix, typed: typed.slice(attached.prefix.length) };
  return { ...common, flag, prefix: "", typed };
}

const subcommandOf = (spec: CommandSpec, word: string): CommandEntry | undefined =>
  spec.subcommands?.find((each) => each.name === word || each.aliases?.includes(word));

/** Whether the next word belongs to the flag. */
export const takesValue = (flag: FlagSpec): boolean => flag.type !== "bool" && flag.noValue === undefined;

/** The flag that a word names: `--flag`, `--flag=value`, `-it`, `-nvalue`; of several letters the last. */
function flagOf(spec: CommandSpec, word: string): { readonly flag: FlagSpec; readonly value: string | undefined } | undefined {
  const flags = flagsOf(spec);
  if (word.startsWith("--")) {
    const [name = "", ...value] = word.slice(2).split("=");
    const flag = flags.find((each) => each.name === name);
    return flag && { flag, value: word.includes("=") ? value.join("=") : undefined };
  }
  for (let at = 1; at < word.length; at++) {
    const flag = flags.find(({ shorthand }) => shorthand === word[at]);
    if (!flag) return undefined;
    const rest = word.slice(at + 1).replace(/^=/, "");
    if (takesValue(flag) || rest === "") return { flag, value: rest === "" ? undefined : rest };
  }
  return undefined;
}

/** `--output=js`, `-ojs`: a value in the flag's own word. */
function valueOf(spec: CommandSpec, word: string): { readonly flag: FlagSpec; readonly prefix: string } | undefined {
  const found = flagOf(spec, word);
  if (!found || found.flag.type === "bool") return undefined;
  if (word.startsWith("--")) return word.includes("=") ? { flag: found.flag, prefix: word.slice(0, word.indexOf("=") + 1) } : undefined;
  return found.value === undefined ? undefined : { flag: found.flag, prefix: word.slice(0, word.length - found.value.length) };
}
