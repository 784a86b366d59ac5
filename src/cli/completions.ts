import type { CommandContext, CommandEntry, CommandSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { pathOf, preferred } from "./discovery.ts";
import * as host from "../host/cli-host.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";

const WITH_TYPES = ["get", "describe", "delete", "label", "annotate", "edit", "scale", "wait", "patch", "expose", "explain", "taint"];
const WITH_PODS = ["logs", "exec", "attach", "port-forward"];
const WITH_FILES = ["cat", "ls", "head", "tail", "grep", "wc", "rm", "mkdir", "mv", "cp", "less", "sed", "awk", "sort"];
const IN_THE_SHELL = ["use", "watch", "history", "clear", "exit"];
const WORD_IN_FRONT = ["kubectl", "kubesim", "k"];
const OUTPUTS = ["wide", "yaml", "json", "name", "jsonpath=", "custom-columns=", "go-template="];
const WITH_NODES = ["cordon", "uncordon", "drain", "ssh"];

/** For a line of the shell: candidates for its last word, and the part of it that they replace. */
export async function completionsOfLine(context: CommandContext, line: string): Promise<[string[], string]> {
  // What comes after a pipe or a semicolon is a command of its own.
  const command = line.slice(Math.max(...["|", ";", "&", "("].map((mark) => line.lastIndexOf(mark))) + 1);
  const words = command.trimStart().split(/\s+/);
  const typed = words.at(-1) ?? "";
  while (words[0] === "watch" && words.length > 1) words.shift();
  const first = WORD_IN_FRONT.includes(words[0] ?? "") ? words[1] : words[0];
  let candidates: string[];
  if (words.length === 1)
    candidates = [...(await completions(context, words)), ...IN_THE_SHELL, ...WITH_FILES, ...WORD_IN_FRONT.slice(0, 2)];
  else if (first === "use") candidates = await objectNames(context, "namespaces");
  else if (/[<>]$/.test(words.at(-2) ?? "") || WITH_FILES.includes(first ?? "")) candidates = fileNames(typed);
  else candidates = await completions(context, words);
  const matching = [...new Set(candidates)].filter((candidate) => candidate.startsWith(typed)).sort();
  // A whole word is followed by a blank; the beginning of one is not.
  const [only] = matching;
  if (matching.length === 1 && only !== undefined && !/[=/,]$/.test(only)) return [[`${only} `], typed];
  return [matching, typed];
}

/** Candidates for the last word. */
export async function completions(context: CommandContext, words: readonly string[]): Promise<string[]> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1).filter((word) => !WORD_IN_FRONT.includes(word));
  const { spec, rest, name } = await commandOf(before);
  const scope = namespaceIn(before);
  const candidates = typed.startsWith("-")
    ? flagsOf(spec)
    : ((await flagValues(context, before.at(-1) ?? "", { name, rest, typed, scope })) ??
      (await argumentsFor(context, spec, { name, rest, typed, scope })));
  return candidates.filter((candidate) => candidate.startsWith(typed));
}

interface Position {
  /** Of the command. */
  readonly name: string;
  /** The arguments before. */
  readonly rest: readonly string[];
  readonly typed: string;
  /** The namespace that the line names. */
  readonly scope: string | undefined;
}

function namespaceIn(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === "-n" || word === "--namespace");
  return at >= 0 ? words[at + 1] : words.find((word) => word.startsWith("--namespace="))?.slice("--namespace=".length);
}

/** What may follow a flag; undefined: the flag takes no value, or none that is known. */
async function flagValues(context: CommandContext, flag: string, position: Position): Promise<string[] | undefined> {
  switch (flag) {
    case "-n":
    case "--namespace":
      return objectNames(context, "namespaces");
    case "-o":
    case "--output":
      return OUTPUTS;
    case "-f":
    case "--filename":
      return position.name === "logs" ? undefined : fileNames(position.typed);
    case "-c":
    case "--container":
      return containerNames(context, position);
    case "-l":
    case "--selector":
      return labels(context, position);
    case "-L":
    case "--label-columns":
      return [...new Set((await labels(context, position)).map((label) => label.split("=")[0] ?? ""))];
    case "--context":
      return Object.values((await (await import("./kubeconfig.ts")).loadConfig(context.flags.text("kubeconfig"))).contexts ?? {}).map(
        (each) => each.name,
      );
    default:
      return undefined;
  }
}

async function containerNames(context: CommandContext, { rest, scope }: Position): Promise<string[]> {
  const pods = await objects<{ spec?: Record<"containers" | "initContainers" | "ephemeralContainers", { name: string }[] | undefined> }>(
    context,
    "pods",
    scope,
  );
  const named = pods.filter(({ metadata }) => metadata.name === rest[0]?.replace(/^pods?\//, ""));
  return (named.length > 0 ? named : pods).flatMap(({ spec }) =>
    [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].map((each) => each.name),
  );
}

/** Of the objects in question: `app=` and `app=web`. */
async function labels(context: CommandContext, { rest, scope }: Position): Promise<string[]> {
  const found = new Set<string>();
  for (const { metadata } of await objects(context, rest[0] ?? "pods", scope)) {
    for (const [key, value] of Object.entries(metadata.labels ?? {})) found.add(`${key}=${value}`);
  }
  return [...found];
}

async function commandOf(words: readonly string[]): Promise<{ spec: CommandSpec; rest: string[]; name: string }> {
  let spec: CommandSpec = { subcommands: COMMANDS };
  let name = "";
  const rest: string[] = [];
  let valueOf: string | undefined;
  for (const word of words) {
    const next: CommandEntry | undefined =
      rest.length === 0 ? spec.subcommands?.find((each) => each.name === word || each.aliases?.includes(word)) : undefined;
    if (next) {
      spec = await next.load();
      name = next.name;
    } else if (word.startsWith("-")) valueOf = takesValue(spec, word) ? word : undefined;
    else if (valueOf !== undefined) valueOf = undefined;
    else rest.push(word);
  }
  return { spec, rest, name };
}

/** Whether the next word belongs to the flag. */
function takesValue(spec: CommandSpec, word: string): boolean {
  if (word.includes("=")) return false;
  const flag = [...(spec.flags ?? []), ...GLOBAL_FLAGS].find(({ name, shorthand }) => word === `--${name}` || word === `-${shorthand}`);
  return flag !== undefined && flag.type !== "bool" && flag.noValue === undefined;
}

const flagsOf = (spec: CommandSpec) =>
  [...(spec.flags ?? []), ...GLOBAL_FLAGS].filter(({ hidden }) => !hidden).map(({ name }) => `--${name}`);

async function argumentsFor(context: CommandContext, spec: CommandSpec, { name, rest, typed, scope }: Position): Promise<string[]> {
  if (spec.subcommands && rest.length === 0) return spec.subcommands.filter(({ hidden }) => !hidden).map((each) => each.name);
  if (typed.includes("/") && (WITH_TYPES.includes(name) || WITH_PODS.includes(name))) {
    const [type = ""] = typed.split("/");
    return (await objectNames(context, type, scope)).map((each) => `${type}/${each}`);
  }
  if (WITH_PODS.includes(name) && rest.length === 0) return objectNames(context, "pods", scope);
  if (WITH_NODES.includes(name) && rest.length === 0) return objectNames(context, "nodes");
  const [type] = rest;
  if (["label", "annotate"].includes(name) && rest.length > 1)
    return (await labels(context, { name, rest, typed, scope })).map((label) => `${label.split("=")[0]}=`);
  if (!WITH_TYPES.includes(name)) return [];
  if (type === undefined) {
    const kinds = preferred(await (await context.discovery()).resources()).filter(({ verbs }) => verbs.includes("list"));
    // Short names are for typing; they are offered where nothing longer begins so.
    const names = kinds.map(({ resource }) => resource);
    return names.some((each) => each.startsWith(typed)) ? names : kinds.flatMap(({ shortNames }) => shortNames ?? []);
  }
  return objectNames(context, type, scope);
}

interface Listed {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

async function objects<T extends object>(context: CommandContext, type: string, namespace?: string): Promise<(T & Listed)[]> {
  const info = await (await context.discovery()).find(type);
  if (!info) return [];
  const list = await (await context.client()).get<{ items?: (T & Listed)[] }>(pathOf(info, namespace ?? (await context.namespace())));
  return list.items ?? [];
}

async function objectNames(context: CommandContext, type: string, namespace?: string): Promise<string[]> {
  return (await objects(context, type, namespace)).map(({ metadata }) => metadata.name);
}

/** Files and folders that begin as typed. */
function fileNames(typed: string): string[] {
  const slash = typed.lastIndexOf("/") + 1;
  const folder = typed.slice(0, slash);
  if (host.pathKind(folder || ".") !== "folder") return [];
  return host
    .listFolder(folder || ".")
    .filter((name) => typed.slice(slash).startsWith(".") || !name.startsWith("."))
    .map((name) => `${folder}${name}${host.pathKind(folder + name) === "folder" ? "/" : ""}`);
}
