import * as host from "../../host/cli-host.ts";
import { runInteractiveShell } from "../../shell/interactive-shell.ts";
import { GREETING } from "../../shell/shell-help.ts";
import { closeCommands } from "../bare.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { COMMANDS } from "../commands.ts";
import { completionOfLine } from "../completion/completions.ts";
import { namespaceOf } from "../connection/connection.ts";
import { GLOBAL_FLAGS } from "../global-flags.ts";
import { kubesimHome, loadConfig } from "../kubeconfig/kubeconfig.ts";
import { currentOf, load, modify, put } from "../kubeconfig/kubeconfig-changes.ts";
import { ShellHistory } from "../kubesim/shell-history.ts";

const shell: CommandSpec = {
  long: "Open a prompt for many commands in a row. Write them with or without the word kubectl in front; pipes, redirections, loops and here-documents work as in a shell. Tab completes from the live cluster. exit or Ctrl-D leaves. Commands can also come from a pipe.",
  examples:
    "# A prompt\nkubesim shell\n\n# For one cluster and namespace\nkubesim shell --context kubesim-two -n web\n\n# Commands from a file\nkubesim shell < commands.txt",
  async run(context) {
    if (context.args.length > 0) throw context.usage(`unexpected arguments: [${context.args.join(" ")}]`);
    const onTerminal = context.io.isTerminal("in") && context.io.isTerminal("out");
    const history = new ShellHistory(onTerminal ? host.joinPath(kubesimHome(), "history") : undefined);
    if (onTerminal && history.isNew) context.io.out(GREETING);
    const session = new ShellSession(context);
    return runInteractiveShell({
      complete: (line) => completionOfLine(session.context(), line),
      kubectlCommands: COMMANDS.map(({ name }) => name),
      history: history.commands,
      globalFlags: () => session.globalFlags(),
      useNamespace: (namespace) => session.useNamespace(namespace),
      suggestions: (word) => closeCommands(word, COMMANDS),
      prompt: () => session.prompt(),
      ran: (source) => history.add(source),
    });
  },
};

export default shell;

/** The cluster and the namespace that the shell's commands mean. */
class ShellSession {
  readonly #started: CommandContext;
  /** Of the command line; undefined: the context's. */
  #namespace: string | undefined;

  constructor(started: CommandContext) {
    this.#started = started;
    this.#namespace = started.flags.has("namespace") ? started.flags.text("namespace") : undefined;
  }

  /** Each time another: a command may have changed the context or the kinds since. */
  context(): CommandContext {
    return this.#started.withFlags(this.#namespace === undefined ? {} : { namespace: this.#namespace }).onlyLooking();
  }

  /** What `kubesim shell --context X` was told goes for every command in it. */
  globalFlags(): string[] {
    const { flags } = this.context();
    return GLOBAL_FLAGS.filter(({ name }) => flags.has(name)).flatMap(({ name, type }) =>
      type === "stringArray" ? flags.list(name).map((value) => `--${name}=${value}`) : [`--${name}=${flags.text(name)}`],
    );
  }

  async useNamespace(namespace: string): Promise<void> {
    if (this.#namespace !== undefined) {
      this.#namespace = namespace;
      return;
    }
    const context = this.context();
    const settings = await load(context);
    const name = context.flags.text("context") || currentOf(settings);
    const known = settings.contexts?.find((each) => each.name === name)?.context;
    const entry = { context: { cluster: "", user: "", ...known, namespace } };
    await modify(context, (own) => put(own, "contexts", name, entry), { field: "contexts", name });
  }

  /** `kubesim:default> `: the context and its namespace. */
  async prompt(): Promise<string> {
    const { flags } = this.context();
    const config = await loadConfig(flags.text("kubeconfig")).catch(() => undefined);
    const cluster = flags.text("context") || config?.["current-context"] || "kubesim";
    const namespace = await namespaceOf(flags);
    if (host.environment("NO_COLOR") || host.environment("TERM") === "dumb") return `${cluster}:${namespace}> `;
    const { default: chalk } = await import("chalk");
    return `${chalk.cyan(cluster)}:${chalk.green(namespace)}> `;
  }
}
