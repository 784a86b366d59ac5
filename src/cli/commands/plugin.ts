import { baseName } from "../../host/cli-host.ts";
import type { CommandSpec } from "../command.ts";
import { listPlugins, pluginWarnings } from "../plugins.ts";

const LONG =
  "Provides utilities for interacting with plugins.\n\n A plugin is a program of yours whose file name begins with kubectl- and that is found on the PATH.";

const list: CommandSpec = {
  long: "List all programs on the PATH whose names begin with kubectl-.",
  examples: "# List all available plugins\nkubectl plugin list\n\n# Only their names\nkubectl plugin list --name-only",
  flags: [{ name: "name-only", type: "bool", usage: "If true, display only the name of each plugin, not its path" }],
  async run(context) {
    const { COMMANDS } = await import("../commands.ts");
    const plugins = listPlugins((text) => context.io.err(text));
    const errors: string[] = [];
    if (plugins.length > 0) context.io.out("The following compatible plugins are available:\n\n");
    else errors.push("error: unable to find any kubectl plugins in your PATH");
    const seen = new Map<string, string>();
    let count = 0;
    for (const plugin of plugins) {
      context.print(context.flags.bool("name-only") ? baseName(plugin) : plugin);
      for (const warning of pluginWarnings(plugin, seen, COMMANDS)) {
        context.io.err(`  - ${warning}\n`);
        count++;
      }
    }
    if (count > 0) errors.push(count === 1 ? "error: one plugin warning was found" : `error: ${count} plugin warnings were found`);
    if (errors.length > 0) throw new Error(errors.map((each) => `${each}\n`).join(""));
  },
};

const plugin: CommandSpec = {
  usage: "[flags]",
  long: LONG,
  examples: "# List all available plugins\nkubectl plugin list",
  subcommands: [{ name: "list", short: "List all visible plugin executables on a user's PATH", load: () => Promise.resolve(list) }],
};

export default plugin;
