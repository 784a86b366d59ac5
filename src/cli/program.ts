import { CommandContext } from "./command.ts";
import { ExitError, FailedPrinting, HelpAndError, messageOf, renderError, UsageError } from "./errors.ts";
import { findSubcommand, HelpRequested, parseFlags } from "./flags.ts";
import type { Io } from "./io.ts";
import { isKubercDisabled, mayHavePreferences } from "./kuberc/kuberc.ts";
import type { Applied } from "./kuberc/kuberc-preferences.ts";
import { flagsOf, knownCommands, OWN_ROOT, ROOT, select, type Selected } from "./select.ts";

// kubectl's profiles of itself: those of a Go program.
const PROFILES: ReadonlySet<string> = new Set(["cpu", "heap", "goroutine", "threadcreate", "block", "mutex", "allocs", "trace"]);

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
  const { command: selected, policy, original } = await preferred(argv, io);
  const { spec, path } = selected;
  const plugin = await pluginOf(selected, argv);
  if (plugin !== undefined) return plugin;
  const flags = flagsOf(spec);
  if (path === ROOT) {
    const word = selected.rest[findSubcommand(selected.rest, flags)];
    if (word !== undefined && word !== "help") {
      const { unknownCommand } = await import("./bare.ts");
      throw new ExitError(unknownCommand(word, knownCommands()));
    }
  }
  let parsed;
  try {
    parsed = await parseFlags(spec.takesAnything ? ["--", ...selected.rest] : selected.rest, flags, {
      commandPath: path,
      stopAtFirstArgument: spec.stopAtFirstArgument ?? false,
    });
  } catch (error) {
    if (error instanceof UsageError && spec.wrongFlags) throw spec.wrongFlags(error);
    if (!(error instanceof HelpRequested)) throw error;
    if (spec.help) io.out(await spec.help());
    else io.out(await help(selected));
    return 0;
  }
  for (const text of parsed.deprecations) io.err(text);
  // `debug` means something else by it.
  const own = spec.flags?.some(({ name }) => name === "profile");
  const profile = own ? "none" : parsed.flags.text("profile");
  if (PROFILES.has(profile)) throw new Error(`--profile=${profile}: kubesim writes no profiles`);
  if (profile !== "none") throw new Error(`unknown profile '${profile}'`);
  if (!spec.run) return withoutRun(selected, parsed.args, io);
  const missing = (spec.flags ?? [])
    .filter((flag) => flag.required && !parsed.flags.has(flag.name))
    .map((flag) => JSON.stringify(flag.name));
  if (missing.length > 0) throw new Error(`required flag(s) ${missing.join(", ")} not set`);
  const logs = parsed.flags.has("v") || parsed.flags.has("vmodule");
  const logger = logs ? (await import("./connection/klog.ts")).findLogger(parsed.flags, io) : undefined;
  const context = new CommandContext({
    path,
    args: parsed.args,
    dashIndex: parsed.dashIndex,
    flags: parsed.flags,
    io,
    logger,
    policy,
  });
  if (original !== undefined) logger?.text(1, "cmd.go:371", `original command: ${JSON.stringify(`${ROOT} ${original}`)}`);
  const code = (await runOrHelp(selected, context, io)) ?? 0;
  const warnings = context.usedClient?.warnings ?? 0;
  if (code === 0 && warnings > 0 && parsed.flags.bool("warnings-as-errors"))
    throw new Error(`${warnings} warning${warnings === 1 ? "" : "s"} received`);
  return code;
}

/** What a command line names, by the user's preferences if there are any. */
async function preferred(argv: readonly string[], io: Io): Promise<Applied<Selected>> {
  if (isKubercDisabled() || !mayHavePreferences(argv)) return { command: await select(argv), policy: {} };
  const { applyPreferences } = await import("./kuberc/kuberc-preferences.ts");
  try {
    return await applyPreferences(argv, { io, select, flagsOf });
  } catch (error) {
    throw new ExitError(`error occurred while applying preferences ${messageOf(error)}`);
  }
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
    if (error instanceof HelpAndError || error instanceof HelpRequested) io.out(await help(selected));
    if (error instanceof HelpRequested) return 0;
    if (error instanceof FailedPrinting) io.out(error.output);
    if (context.logger) (await import("./connection/request-log.ts")).logFailure(context.logger, error);
    throw error;
  }
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
      throw new ExitError(unknownCommand(word, knownCommands()));
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
