import { CommandContext, type CommandEntry, type CommandSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { ExitError, FailedPrinting, HelpAndError, renderError } from "./errors.ts";
import { findSubcommand, HelpRequested, parseFlags, type FlagSpec } from "./flags.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";
import type { Io } from "./io.ts";

// Messages and help speak of kubectl: what is printed is what kubectl prints.
const ROOT = "kubectl";
// kubectl's own profiles of itself: kubesim writes none.
const PROFILES: ReadonlySet<string> = new Set(["", "none", "cpu", "heap", "goroutine", "threadcreate", "block", "mutex", "allocs"]);
/** What kubectl does not have speaks of kubesim. */
const OWN_ROOT = "kubesim";
const OWN_COMMANDS: ReadonlySet<string> = new Set(["cluster", "sim", "shell"]);

interface Selected {
  readonly path: string;
  readonly spec: CommandSpec;
  readonly entry?: CommandEntry | undefined;
  readonly rest: readonly string[];
}

/** Runs one command line and returns its exit code. */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await run(argv, io);
  } catch (error) {
    const { text, exitCode } = renderError(error);
    if (text !== "") io.err(text);
    return exitCode;
  }
}

async function run(argv: readonly string[], io: Io): Promise<number> {
  const selected = await select(argv);
  const { spec, path } = selected;
  const plugin = await pluginOf(selected, argv);
  if (plugin !== undefined) return plugin;
  const flags: FlagSpec[] = [
    ...(spec.flags ?? []),
    ...GLOBAL_FLAGS.filter(
      (global) => !spec.flags?.some((own) => own.name === global.name || (own.shorthand && own.shorthand === global.shorthand)),
    ),
  ];
  if (path === ROOT) {
    const word = selected.rest[findSubcommand(selected.rest, flags)];
    if (word !== undefined && word !== "help") {
      const { unknownCommand } = await import("./bare.ts");
      throw new ExitError(unknownCommand(word, COMMANDS));
    }
  }
  let parsed;
  try {
    parsed = parseFlags(selected.rest, flags, {
      commandPath: path,
      stopAtFirstArgument: spec.stopAtFirstArgument ?? false,
    });
  } catch (error) {
    if (!(error instanceof HelpRequested)) throw error;
    io.out(await help(selected));
    return 0;
  }
  // `debug` means something else by it.
  const own = spec.flags?.some(({ name }) => name === "profile");
  const profile = own ? "" : parsed.flags.text("profile");
  if (!PROFILES.has(profile)) throw new Error(`unknown profile '${profile}'`);
  if (!spec.run) return withoutRun(selected, parsed.args, io);
  const missing = (spec.flags ?? [])
    .filter((flag) => flag.required && !parsed.flags.has(flag.name))
    .map((flag) => JSON.stringify(flag.name));
  if (missing.length > 0) throw new Error(`required flag(s) ${missing.join(", ")} not set`);
  const context = new CommandContext({
    path,
    args: parsed.args,
    dashIndex: parsed.dashIndex,
    flags: parsed.flags,
    io,
  });
  const code = (await runOrHelp(selected, context, io)) ?? 0;
  const warnings = context.usedClient?.warnings ?? 0;
  if (code === 0 && warnings > 0 && parsed.flags.bool("warnings-as-errors"))
    throw new Error(`${warnings} warning${warnings === 1 ? "" : "s"} received`);
  return code;
}

/** The exit code of the program on the PATH that unknown words mean; `create` takes such sub-commands too. */
async function pluginOf({ path, rest }: Selected, argv: readonly string[]): Promise<number | undefined> {
  const [word = "-"] = rest;
  const depth = path === ROOT ? 1 : path === `${ROOT} create` ? 2 : 0;
  if (depth === 0 || word.startsWith("-") || word === "help" || argv[0]?.startsWith("-")) return undefined;
  const { findPlugin, runPlugin } = await import("./plugins.ts");
  const plugin = findPlugin(argv, depth);
  return plugin && runPlugin(plugin);
}

async function runOrHelp(selected: Selected, context: CommandContext, io: Io): Promise<number | void> {
  try {
    return await selected.spec.run?.(context);
  } catch (error) {
    if (error instanceof HelpAndError) io.out(await help(selected));
    if (error instanceof FailedPrinting) io.out(error.output);
    throw error;
  }
}

/** Follows the names of commands and subcommands. */
async function select(argv: readonly string[]): Promise<Selected> {
  let path = ROOT;
  let rest = [...argv];
  let spec: CommandSpec = { subcommands: COMMANDS };
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

async function withoutRun(selected: Selected, args: readonly string[], io: Io): Promise<number> {
  const [word] = args;
  if (selected.path === ROOT) {
    if (word === undefined) {
      const { isBareShell } = await import("./bare.ts");
      if (isBareShell(io)) return runCommandLine(["shell"], io);
    } else if (word === "help") {
      const target = await select(args.slice(1));
      const unknown = args.length > 1 && target.path === ROOT;
      if (unknown)
        io.err(
          `Unknown help topic [${args
            .slice(1)
            .map((each) => `\`${each}\``)
            .join(" ")}]\n${await help(target)}`,
        );
      else io.out(await help(target));
      return 0;
    } else {
      const { unknownCommand } = await import("./bare.ts");
      throw new ExitError(unknownCommand(word, COMMANDS));
    }
  }
  if (word !== undefined)
    throw new Error(`unknown command ${JSON.stringify(args.join(" "))}\nSee '${selected.path} -h' for help and examples`);
  // A command that only groups others was not used rightly. Upstream: cmdutil.DefaultSubCommandRun
  const grouping = selected.path !== ROOT && !selected.path.startsWith(`${OWN_ROOT} `);
  if (grouping && selected.path !== `${ROOT} rollout`) io.err(await help(selected));
  else io.out(await help(selected));
  return grouping ? 1 : 0;
}

async function help(selected: Selected): Promise<string> {
  const { renderHelp } = await import("./help.ts");
  return renderHelp(selected.path, selected.spec, selected.entry);
}
