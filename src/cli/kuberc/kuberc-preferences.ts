import type { CommandSpec } from "../command.ts";
import { messageOf, UsageError } from "../errors.ts";
import { parseFlags, type FlagSpec } from "../flags.ts";
import type { Io } from "../io.ts";
import { Logger } from "../connection/klog.ts";
import {
  loadPreference,
  validatePreference,
  type AliasOverride,
  type OptionDefault,
  type PluginPolicy,
  type Preference,
} from "./kuberc.ts";

/** What a command line names, as far as preferences look at it. */
export interface Command {
  readonly path: string;
  readonly spec: CommandSpec;
  readonly rest: readonly string[];
}

export interface Applied<T extends Command> {
  readonly command: T;
  readonly policy: PluginPolicy;
  /** What it means, with the preferences written out. */
  readonly original?: string | undefined;
}

export interface Surroundings<T extends Command> {
  readonly io: Io;
  select(argv: readonly string[]): Promise<T>;
  flagsOf(spec: CommandSpec): readonly FlagSpec[];
}

/** The command that a command line means by the user's preferences. Upstream: k8s.io/kubectl/pkg/kuberc Preferences.Apply */
export async function applyPreferences<T extends Command>(argv: readonly string[], around: Surroundings<T>): Promise<Applied<T>> {
  const command = await around.select(argv);
  const plain = { command, policy: {} };
  if (argv.length === 0) return plain;
  const preference = await loaded(explicitFile(argv), around.io, new Logger(around.io, levelOf(argv), []));
  if (!preference) return plain;
  validatePreference(preference);
  const { credentialPluginPolicy = "", credentialPluginAllowlist = [] } = preference;
  const applied = isUnknown(command) ? await aliased(preference, argv, around) : { command };
  const overridden = await withDefaults(preference, applied ?? { command }, { argv, around });
  return { ...overridden, policy: { credentialPluginPolicy, credentialPluginAllowlist } };
}

/** Before the flags are parsed. */
function levelOf(argv: readonly string[]): number {
  const at = argv.findIndex((word) => /^--?v(=?\d+)?$/.test(word));
  const word = argv[at] ?? "";
  return Number(/\d+$/.exec(word)?.[0] ?? argv[at + 1]) || 0;
}

async function loaded(file: string, io: Io, logger: Logger): Promise<Preference | undefined> {
  try {
    return await loadPreference(file, (text) => io.err(text), logger);
  } catch (error) {
    throw new Error(`kuberc error ${messageOf(error)}`, { cause: error });
  }
}

/** The flag's value, found before flags are parsed. */
function explicitFile(argv: readonly string[]): string {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  const at = words.findIndex((word) => word === "--kuberc" || word.includes("--kuberc="));
  if (at < 0) return "";
  const file = words[at] === "--kuberc" ? words[at + 1] : words[at]?.split("=")[1];
  if (!file) throw new Error("kuberc file is not found");
  return file;
}

const isRoot = ({ path }: Command) => !path.includes(" ");
const isUnknown = (command: Command) => isRoot(command) && command.rest.some((word) => !word.startsWith("-"));
const nameOf = ({ path }: Command) => path.split(" ").at(-1) ?? "";
const wordsOf = (text: string) => text.split(/\s+/).filter((word) => word !== "");

interface Meant<T extends Command> {
  readonly command: T;
  readonly original?: string | undefined;
  /** Aliases cannot have defaults of their own. */
  readonly alias?: string;
}

async function aliased<T extends Command>(
  { aliases }: Preference,
  argv: readonly string[],
  around: Surroundings<T>,
): Promise<Meant<T> | undefined> {
  const at = argv.findIndex((word) => !word.startsWith("-") && !word.startsWith("__complete"));
  const alias = aliases.find(({ name }) => name === argv[at]);
  if (!alias) return undefined;
  const existing = await around.select(wordsOf(alias.command));
  if (isRoot(existing))
    throw new Error(
      `command ${JSON.stringify(alias.command)} not found to set alias ${JSON.stringify(alias.name)}: [${wordsOf(alias.command).join(" ")}]`,
    );
  const flags = around.flagsOf(existing.spec);
  const given = chosen(alias.options, flags, argv, (name) => `invalid alias flag ${name} in alias kubectl`);
  await checkValues(
    given,
    flags,
    (option, why) => `could not apply value ${option.default} to flag ${option.name} in alias kubectl err: ${why}`,
  );
  const before = argv.slice(0, at);
  const after = [...(alias.prependArgs ?? []), ...argv.slice(at + 1), ...(alias.appendArgs ?? [])];
  const command = {
    ...existing,
    spec: { ...existing.spec, usage: "" },
    path: `${existing.path.split(" ")[0]} ${alias.name}`,
    rest: [...given.map(asFlag), ...before, ...after],
  };
  return { command, alias: alias.name, original: originalOf(alias, given, [...before, alias.name, ...after]) };
}

function originalOf(alias: AliasOverride, given: readonly OptionDefault[], argv: readonly string[]): string {
  const sanitized = argv.join(" ").replaceAll(alias.name, "");
  return `${alias.command}${given.map((option) => ` ${asFlag(option)}`).join("")}${sanitized === "" ? "" : ` ${sanitized}`}`;
}

async function withDefaults<T extends Command>(
  { defaults }: Preference,
  meant: Meant<T>,
  { argv, around }: { argv: readonly string[]; around: Surroundings<T> },
): Promise<Meant<T>> {
  let { command, original } = meant;
  if (isUnknown(command)) return meant;
  for (const each of defaults) {
    if (meant.alias !== undefined && each.command === meant.alias) throw new Error(`alias ${meant.alias} can not be overridden`);
    const overridden = await around.select(wordsOf(each.command));
    if (isUnknown(overridden)) {
      around.io.err(`Warning: command ${JSON.stringify(each.command)} not found to set kuberc override\n`);
      continue;
    }
    if (nameOf(overridden) !== nameOf(command)) continue;
    const flags = around.flagsOf(command.spec);
    const given = chosen(each.options, flags, argv, (name) => `invalid flag ${name} for command ${each.command}`);
    await checkValues(
      given,
      flags,
      (option, why) => `could not apply override value ${option.default} to flag ${option.name} in command ${each.command} err: ${why}`,
    );
    command = { ...command, rest: [...given.map(asFlag), ...command.rest] };
    original = argv.join(" ") + given.map((option) => ` ${asFlag(option)}`).join("");
  }
  return { ...meant, command, original };
}

const asFlag = ({ name, default: value }: OptionDefault) => `--${name}=${value}`;

/** The options that the command line leaves open. */
function chosen(
  options: readonly OptionDefault[],
  flags: readonly FlagSpec[],
  argv: readonly string[],
  invalid: (name: string) => string,
): OptionDefault[] {
  return options.filter((option) => {
    const flag = flags.find(({ name }) => name === option.name);
    if (!flag) throw new Error(invalid(option.name));
    return !argv.some((word) => gives(word, flag));
  });
}

function gives(word: string, { name, shorthand }: FlagSpec): boolean {
  if (word === `--${name}` || word.startsWith(`--${name}=`)) return true;
  if (!shorthand) return false;
  return word.startsWith(`-${shorthand}`) || (/^-[a-zA-Z]+$/.test(word) && word.slice(1).includes(shorthand));
}

async function checkValues(
  options: readonly OptionDefault[],
  flags: readonly FlagSpec[],
  failed: (option: OptionDefault, why: string) => string,
): Promise<void> {
  for (const option of options) {
    try {
      await parseFlags([asFlag(option)], flags, { commandPath: "" });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new Error(failed(option, error.message.replace(/\nSee .*/s, "")), { cause: error });
    }
  }
}
