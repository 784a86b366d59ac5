import type { CommandEntry, CommandSpec } from "./command.ts";
import type { FlagSpec } from "./flags.ts";
import { helpText } from "./help-texts.ts";

/** The help of a command, laid out as kubectl lays it out. Upstream: k8s.io/kubectl/pkg/util/templates */
export function renderHelp(path: string, spec: CommandSpec, entry: CommandEntry | undefined): string {
  const root = entry === undefined;
  const sections: string[] = [
    root
      ? "kubectl controls the Kubernetes cluster manager.\n\n Find more information at: https://kubernetes.io/docs/reference/kubectl/"
      : (spec.long ?? (entry.short.endsWith(".") ? entry.short : `${entry.short}.`)).trim(),
  ];
  if (entry?.aliases?.length) sections.push(`Aliases:\n${[entry.name, ...entry.aliases].join(", ")}`);
  const known = helpText(path);
  const examples = spec.examples ?? known.examples;
  if (known.resources && !spec.long?.includes("api-resources"))
    sections.push('Use "kubectl api-resources" for a complete list of supported resources.');
  if (examples) sections.push(`Examples:\n${indent(examples.trim(), "  ")}`);
  if (spec.subcommands) sections.push(...commandLists(spec.subcommands, root));
  const flags = (spec.flags ?? []).filter((flag) => !flag.hidden);
  if (flags.length > 0) sections.push(`Options:\n${renderFlags(flags)}`);
  const usage =
    known.usage ??
    spec.usage ??
    (root ? "[flags] [options]" : spec.subcommands ? "SUBCOMMAND [options]" : flags.length > 0 ? "[options]" : "");
  sections.push(`Usage:\n  ${path} ${usage.includes("[options]") ? usage : `${usage}${usage === "" ? "" : " "}[options]`}`.trimEnd());
  const more = [
    ...(spec.subcommands ? [`Use "${path} <command> --help" for more information about a given command.`] : []),
    `Use "${path.split(" ")[0]} options" for a list of global command-line options (applies to all commands).`,
  ];
  return `${sections.join("\n\n")}\n\n${more.join("\n")}\n`;
}

/** Flags with their defaults, sorted by name. */
export function renderFlags(flags: readonly FlagSpec[]): string {
  const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted
    .map((flag) => `    ${flag.shorthand ? `-${flag.shorthand}, ` : ""}--${flag.name}=${defaultText(flag)}:\n\t${flag.usage}`)
    .join("\n\n");
}

function defaultText(flag: FlagSpec): string {
  if (flag.type === "string") return `'${flag.default ?? ""}'`;
  if (flag.type === "bool") return String(flag.default ?? false);
  if (flag.type === "stringToString") return String(flag.default ?? "[]");
  if (flag.type.startsWith("string")) return `[${flag.default ?? ""}]`;
  if (flag.type === "moduleSpec") return String(flag.default ?? "");
  if (flag.type === "duration") return String(flag.default ?? "0s");
  return String(flag.default ?? 0);
}

const GROUPS = [
  "Basic Commands (Beginner)",
  "Basic Commands (Intermediate)",
  "Deploy Commands",
  "Cluster Management Commands",
  "Troubleshooting and Debugging Commands",
  "Advanced Commands",
  "Settings Commands",
  "Kubesim Commands",
  "Other Commands",
];

function commandLists(commands: readonly CommandEntry[], root: boolean): string[] {
  const shown = commands.filter((command) => !command.hidden);
  const longest = Math.max(...shown.map((command) => command.name.length));
  const width = root ? longest + 1 : Math.max(longest, 11);
  const list = (entries: readonly CommandEntry[]) =>
    entries.map((command) => `  ${command.name.padEnd(Math.max(width, 15))} ${command.short}`).join("\n");
  if (!root) return [`Available Commands:\n${shown.map((command) => `  ${command.name.padEnd(width)}   ${command.short}`).join("\n")}`];
  return GROUPS.map((group) => [group, shown.filter((command) => (command.group ?? "Other Commands") === group)] as const)
    .filter(([, entries]) => entries.length > 0)
    .map(([group, entries]) => `${group}:\n${list(entries)}`);
}

const indent = (text: string, by: string) =>
  text
    .split("\n")
    .map((line) => by + line)
    .join("\n");
