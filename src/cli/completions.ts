import type { CommandContext, CommandEntry, CommandSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { pathOf, preferred } from "./discovery.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";

const WITH_TYPES = [
  "get",
  "describe",
  "delete",
  "label",
  "annotate",
  "edit",
  "scale",
  "wait",
  "patch",
  "expose",
  "explain",
  "taint",
];
const WITH_PODS = ["logs", "exec", "attach", "port-forward"];
const WITH_NODES = ["cordon", "uncordon", "drain", "ssh"];

/** Candidates for the last word. */
export async function completions(
  context: CommandContext,
  words: readonly string[],
): Promise<string[]> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1).filter((word) => word !== "kubectl" && word !== "kubesim");
  const { spec, rest, name } = await commandOf(before);
  const candidates = typed.startsWith("-")
    ? flagsOf(spec)
    : before.at(-1) === "-n" || before.at(-1) === "--namespace"
      ? await objectNames(context, "namespaces")
      : await argumentsFor(context, spec, name, rest, typed);
  return candidates.filter((candidate) => candidate.startsWith(typed));
}

async function commandOf(
  words: readonly string[],
): Promise<{ spec: CommandSpec; rest: string[]; name: string }> {
  let spec: CommandSpec = { subcommands: COMMANDS };
  let name = "";
  const rest: string[] = [];
  for (const word of words) {
    const next: CommandEntry | undefined =
      rest.length === 0
        ? spec.subcommands?.find((each) => each.name === word || each.aliases?.includes(word))
        : undefined;
    if (next) {
      spec = await next.load();
      name = next.name;
    } else if (!word.startsWith("-")) rest.push(word);
  }
  return { spec, rest, name };
}

const flagsOf = (spec: CommandSpec) =>
  [...(spec.flags ?? []), ...GLOBAL_FLAGS]
    .filter(({ hidden }) => !hidden)
    .map(({ name }) => `--${name}`);

async function argumentsFor(
  context: CommandContext,
  spec: CommandSpec,
  name: string,
  rest: readonly string[],
  typed: string,
): Promise<string[]> {
  if (spec.subcommands && rest.length === 0)
    return spec.subcommands.filter(({ hidden }) => !hidden).map((each) => each.name);
  if (WITH_PODS.includes(name) && rest.length === 0) return objectNames(context, "pods");
  if (WITH_NODES.includes(name) && rest.length === 0) return objectNames(context, "nodes");
  if (!WITH_TYPES.includes(name)) return [];
  const [type] = rest;
  if (typed.includes("/"))
    return (await objectNames(context, typed.split("/")[0] ?? "")).map(
      (each) => `${typed.split("/")[0]}/${each}`,
    );
  if (type === undefined)
    return preferred(await (await context.discovery()).resources())
      .filter(({ verbs }) => verbs.includes("list"))
      .map(({ resource }) => resource);
  return objectNames(context, type);
}

async function objectNames(context: CommandContext, type: string): Promise<string[]> {
  const info = await (await context.discovery()).find(type);
  if (!info) return [];
  const list = await (
    await context.client()
  ).get<{ items?: { metadata: { name: string } }[] }>(pathOf(info, await context.namespace()));
  return (list.items ?? []).map(({ metadata }) => metadata.name);
}
