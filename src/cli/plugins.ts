import * as host from "../host/cli-host.ts";
import type { CommandEntry } from "./command.ts";

const PREFIX = "kubectl-";

/**
 * The program on the PATH that a command line without such a command means: `kubectl foo bar-baz` is kubectl-foo-bar_baz, or else kubectl-foo.
 * Upstream: kubectl/pkg/cmd/plugin.go HandlePluginCommand
 */
export function findPlugin(
  argv: readonly string[],
  minimum = 1,
): { readonly program: string; readonly args: readonly string[] } | undefined {
  const flag = argv.findIndex((word) => word.startsWith("-"));
  const words = (flag < 0 ? argv : argv.slice(0, flag)).map((word) => word.replaceAll("-", "_"));
  for (let count = words.length; count >= minimum; count--) {
    const name = words.slice(0, count).join("-");
    const program = name.includes("/") ? undefined : host.findProgram(PREFIX + name);
    if (program !== undefined) return { program, args: argv.slice(count) };
  }
  return undefined;
}

export async function runPlugin({ program, args }: { readonly program: string; readonly args: readonly string[] }): Promise<number> {
  return host.runProgram(program, args, { KUBECTL_PATH: host.ownProgram() });
}

/** Every file of the PATH's folders that is named as a plugin; folders that cannot be read are told of. */
export function listPlugins(warn: (text: string) => void): string[] {
  const plugins: string[] = [];
  for (const folder of new Set(host.pathFolders())) {
    if (folder.trim() === "") continue;
    try {
      plugins.push(
        ...host
          .listFolder(folder)
          .filter((name) => name.startsWith(PREFIX))
          .map((name) => host.joinPath(folder, name))
          .filter((file) => host.pathKind(file) !== "folder"),
      );
    } catch {
      warn(`Unable to read directory ${JSON.stringify(folder)} from your PATH: open ${folder}: no such file or directory. Skipping...\n`);
    }
  }
  return plugins;
}

/** What is wrong with a plugin. */
export function pluginWarnings(file: string, seen: Map<string, string>, commands: readonly CommandEntry[]): string[] {
  const name = host.baseName(file);
  const warnings: string[] = [];
  if (!host.isExecutable(file)) warnings.push(`warning: ${file} identified as a kubectl plugin, but it is not executable`);
  const earlier = seen.get(name);
  if (earlier !== undefined) warnings.push(`warning: ${file} is overshadowed by a similarly named plugin: ${earlier}`);
  else seen.set(name, file);
  const [command = ""] = name.slice(PREFIX.length).split("-");
  if (commands.some((each) => each.name === command))
    warnings.push(`warning: ${name} overwrites existing command: ${JSON.stringify(`kubectl ${command}`)}`);
  return warnings;
}
