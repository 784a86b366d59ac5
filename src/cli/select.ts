import type { CommandEntry, CommandSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { findSubcommand, type FlagSpec } from "./flags.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";
import { isKubercDisabled } from "./kuberc/kuberc.ts";

// Messages and help speak of kubectl: what is printed is what kubectl prints.
export const ROOT = "kubectl";
/** What kubectl does not have speaks of kubesim. */
export const OWN_ROOT = "kubesim";
const OWN_COMMANDS: ReadonlySet<string> = new Set(["cluster", "sim", "shell"]);

/** What the words of a command line name. */
export interface Selected {
  readonly path: string;
  readonly spec: CommandSpec;
  readonly entry?: CommandEntry | undefined;
  readonly rest: readonly string[];
}

export const knownCommands = () => (isKubercDisabled() ? COMMANDS.filter(({ name }) => name !== "kuberc") : COMMANDS);

/** The command's own flags come before the global ones of the same name. */
export function flagsOf(spec: CommandSpec): readonly FlagSpec[] {
  const hidden = isKubercDisabled() ? "kuberc" : undefined;
  const inherited = GLOBAL_FLAGS.filter(
    (global) =>
      global.name !== hidden &&
      !spec.flags?.some((own) => own.name === global.name || (own.shorthand && own.shorthand === global.shorthand)),
  );
  return [...(spec.flags ?? []), ...inherited];
}

/** Follows the names of commands and subcommands. */
export async function select(argv: readonly string[]): Promise<Selected> {
  let path = ROOT;
  let rest = [...argv];
  let spec: CommandSpec = { subcommands: knownCommands() };
  let entry: CommandEntry | undefined;
  let flags: readonly FlagSpec[] = GLOBAL_FLAGS;
  while (spec.subcommands) {
    const index = findSubcommand(rest, flags);
    const word = index < 0 ? undefined : rest[index];
    const next = spec.subcommands.find((each) => each.name === word || each.aliases?.includes(word ?? ""));
    if (!next) break;
    rest = rest.filter((_, position) => position !== index);
    path = `${path === ROOT && OWN_COMMANDS.has(next.name) ? OWN_ROOT : path} ${next.name}`;
    entry = next;
    spec = await next.load();
    flags = [...(spec.flags ?? []), ...GLOBAL_FLAGS];
  }
  return { path, spec, entry, rest };
}
