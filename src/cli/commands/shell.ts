import * as host from "../../host/cli-host.ts";
import { openPrompt } from "../../host/cli-prompt.ts";
import { runInteractiveShell } from "../../shell/interactive-shell.ts";
import { CommandContext, type CommandSpec } from "../command.ts";
import { COMMANDS } from "../commands.ts";
import { completionsOfLine } from "../completions.ts";
import { namespaceOf } from "../connection.ts";
import { GLOBAL_FLAGS } from "../global-flags.ts";
import { kubesimHome, loadConfig } from "../kubeconfig.ts";

const HISTORY_MAX = 1000;

const GREETING = `Welcome to kubesim: a Kubernetes cluster, in this terminal.
  get nodes                         what it is made of; Tab completes, Up recalls
  run web --image=nginx             start a pod, then: get po -w, logs web, exec -it web -- sh
  get po -A | grep dns > dns.txt    pipes, files, loops and here-documents work as in any shell
  use kube-system, help, exit       another namespace; all commands; leave (Ctrl-C only ends a command)
`;

const shell: CommandSpec = {
  long: "Open a prompt for many commands in a row. Write them with or without the word kubectl in front; pipes, redirections, loops and here-documents work as in a shell. Tab completes from the live cluster. exit or Ctrl-D leaves.",
  async run(context) {
    const file = host.joinPath(kubesimHome(), "history");
    const known = host.findText(file);
    const onTerminal = context.io.isTerminal("in") && context.io.isTerminal("out");
    if (onTerminal && known === undefined) context.io.out(GREETING);
    const history = (known ?? "").split("\n").filter(Boolean);
    const prompt = openPrompt(history, async (line) => completionsOfLine(fresh(context), line));
    const code = await runInteractiveShell({
      globalFlags: givenFlags(context),
      kubectlCommands: COMMANDS.map(({ name }) => name),
      history,
      lines: {
        read: async (continued) => prompt.read(continued ? "> " : await promptOf(context, onTerminal)),
        ran(source) {
          // One line of the file is one command: those of many lines are not kept.
          if (source.includes("\n") || history.at(-1) === source) return;
          history.push(source);
          if (onTerminal) host.writeText(file, `${history.slice(-HISTORY_MAX).join("\n")}\n`);
        },
      },
    });
    prompt.close();
    return code;
  },
};

export default shell;

/** Another command may have changed the context or the kinds since. */
function fresh(context: CommandContext): CommandContext {
  const io = { ...context.io, err: () => undefined };
  return new CommandContext({ path: context.path, args: [], dashIndex: -1, flags: context.flags, io });
}

/** What `kubesim shell --context X` was told goes for every command in it. */
function givenFlags(context: CommandContext): string[] {
  return GLOBAL_FLAGS.filter(({ name, type }) => type === "string" && context.flags.has(name)).map(
    ({ name }) => `--${name}=${context.flags.text(name)}`,
  );
}

/** `kubesim:default> `: the context and its namespace. */
async function promptOf(context: CommandContext, onTerminal: boolean): Promise<string> {
  if (!onTerminal) return "";
  const config = await loadConfig(context.flags.text("kubeconfig")).catch(() => undefined);
  const cluster = context.flags.text("context") || config?.["current-context"] || "kubesim";
  const namespace = await namespaceOf(context.flags);
  if (host.environment("NO_COLOR")) return `${cluster}:${namespace}> `;
  const { default: chalk } = await import("chalk");
  return `${chalk.cyan(cluster)}:${chalk.green(namespace)}> `;
}
