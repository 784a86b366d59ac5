import type { CommandContext } from "../command.ts";
import { groupResourceOf, preferred, type ResourceInfo } from "../connection/discovery.ts";
import { fileNames } from "./files.ts";
import { configNames, lastOfList } from "./flag-values.ts";
import { objectNames } from "./live-names.ts";
import { containerNames, marks, namespaceIn, ports } from "./object-parts.ts";
import type { Position } from "./position.ts";

const can =
  (...verbs: readonly string[]) =>
  (info: ResourceInfo) =>
    verbs.every((verb) => info.verbs.includes(verb));
const oneOf =
  (...resources: readonly string[]) =>
  (info: ResourceInfo) =>
    resources.includes(info.resource);
const WORKLOADS = oneOf("pods", "replicationcontrollers", "deployments", "daemonsets", "statefulsets", "cronjobs", "replicasets");
const ROLLED_OUT = oneOf("deployments", "daemonsets", "statefulsets");

/** Commands whose arguments are a type and names, and the types that they can take. */
const WITH_TYPES: Readonly<Record<string, (info: ResourceInfo) => boolean>> = {
  get: can("list"),
  describe: can("list"),
  delete: can("delete"),
  label: can("patch"),
  annotate: can("patch"),
  edit: can("patch"),
  patch: can("patch"),
  wait: can("list"),
  scale: (info) => info.subresources.includes("scale"),
  autoscale: (info) => info.subresources.includes("scale"),
  expose: oneOf("pods", "services", "replicationcontrollers", "deployments", "replicasets"),
  taint: oneOf("nodes"),
  "apply view-last-applied": can("list"),
  "apply edit-last-applied": can("list"),
  "sim trace": can("list"),
  "sim why": can("list"),
  "set image": WORKLOADS,
  "set env": WORKLOADS,
  "set resources": WORKLOADS,
  "set serviceaccount": WORKLOADS,
  "set selector": oneOf("services"),
  "set subject": oneOf("rolebindings", "clusterrolebindings"),
  "rollout history": ROLLED_OUT,
  "rollout pause": oneOf("deployments"),
  "rollout restart": ROLLED_OUT,
  "rollout resume": oneOf("deployments"),
  "rollout status": ROLLED_OUT,
  "rollout undo": ROLLED_OUT,
};

/** Commands whose arguments are names of one type; the others take one name only. */
const NAMES: Readonly<Record<string, string>> = {
  cordon: "nodes",
  uncordon: "nodes",
  drain: "nodes",
  "top node": "nodes",
  "top pod": "pods",
  "sim ssh": "nodes",
  "certificate approve": "certificatesigningrequests",
  "certificate deny": "certificatesigningrequests",
  "create token": "serviceaccounts",
};
const SEVERAL = new Set(["cordon", "uncordon", "drain", "certificate approve", "certificate deny"]);

/** Pods first, or what has pods, by TYPE/NAME. */
const WITH_PODS = new Set(["logs", "exec", "attach", "port-forward", "debug", "sim trace request"]);

const CONFIG: Readonly<Record<string, string>> = {
  "config use-context": "context",
  "config delete-context": "context",
  "config rename-context": "context",
  "config set-context": "context",
  "config get-contexts": "context",
  "config delete-cluster": "cluster",
  "config set-cluster": "cluster",
  "config delete-user": "user",
  "config set-credentials": "user",
};

const WORDS: Readonly<Record<string, readonly string[]>> = {
  completion: ["bash", "zsh", "fish", "powershell"],
  "sim node": ["add", "stop", "start", "cut", "mend"],
  "auth can-i": ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*"],
};

/** What may stand for an argument. */
export async function argumentsFor(context: CommandContext, position: Position): Promise<readonly string[]> {
  const { command, spec, args, typed } = position;
  const scope = namespaceIn(position);
  const subcommands = args.length === 0 ? (spec.subcommands ?? []).filter(({ hidden }) => !hidden).map(({ name }) => name) : [];
  const types = WITH_TYPES[command];
  if (types)
    return [...subcommands.filter((name) => name.startsWith(typed) && typed !== ""), ...(await typesAndNames(context, position, types))];
  if (subcommands.length > 0) return subcommands;
  if (WITH_PODS.has(command)) return podArguments(context, position);
  const names = NAMES[command];
  if (names) return SEVERAL.has(command) || args.length === 0 ? without(args, await objectNames(context, names, scope)) : [];
  if (CONFIG[command]) return args.length === 0 ? configNames(context, CONFIG[command]) : [];
  if (command === "sim node" && args.length === 1) return objectNames(context, "nodes");
  if (command === "auth can-i" && args.length === 1) return kindNames(context, () => true, typed);
  if (WORDS[command]) return args.length === 0 ? WORDS[command] : [];
  if (command === "explain") return args.length === 0 ? explained(context, position) : [];
  if (command === "cp") return copied(context, position);
  return command === "kustomize" ? fileNames(typed, "folders") : [];
}

const without = (args: readonly string[], names: readonly string[]) => names.filter((name) => !args.includes(name));

/** `TYPE`, `TYPE,TYPE`, `TYPE/NAME`, then names, then what the command does to them. */
async function typesAndNames(
  context: CommandContext,
  position: Position,
  isMeant: (info: ResourceInfo) => boolean,
): Promise<readonly string[]> {
  const { args, typed, command } = position;
  const slash = typed.indexOf("/");
  const [first] = args;
  if (slash >= 0 && (first === undefined || first.includes("/"))) return qualifiedNames(context, position);
  if (first === undefined) return kindNames(context, isMeant, typed);
  const isNamed = first.includes("/") || args.length > 1;
  if (isNamed && (command === "label" || command === "annotate"))
    return marks(context, position, command === "label" ? "labels" : "annotations");
  if (isNamed && command === "set image") return (await containerNames(context, position)).map((name) => `${name}=`);
  if (isNamed && command.startsWith("set ")) return [];
  if (first.includes("/")) return [];
  const lists = await Promise.all(first.split(",").map((type) => objectNames(context, type, namespaceIn(position))));
  return without(args.slice(1), lists.flat());
}

async function qualifiedNames(context: CommandContext, position: Position): Promise<string[]> {
  const [type = ""] = position.typed.split("/");
  const names = await objectNames(context, type, namespaceIn(position));
  return without(
    position.args,
    names.map((name) => `${type}/${name}`),
  );
}

/** Short names are for typing; they are offered where nothing longer begins so. */
async function kindNames(context: CommandContext, isMeant: (info: ResourceInfo) => boolean, typed: string): Promise<string[]> {
  const kinds = preferred(await (await context.discovery()).resources()).filter(isMeant);
  const plain = kinds.map(({ resource }) => resource);
  const last = typed.slice(typed.lastIndexOf(",") + 1);
  for (const names of [
    plain,
    kinds.flatMap(({ shortNames }) => shortNames),
    kinds.map(({ singular }) => singular).filter(Boolean),
    kinds.map(groupResourceOf),
  ])
    if (names.some((name) => name.startsWith(last))) return lastOfList(typed, names);
  return [];
}

async function podArguments(context: CommandContext, position: Position): Promise<readonly string[]> {
  const { command, args, typed } = position;
  if (args.length === 1 && command === "port-forward") return ports(context, position);
  if (args.length === 1 && command === "logs") return containerNames(context, position);
  if (args.length > 0) return [];
  if (typed.includes("/")) return qualifiedNames(context, position);
  const names = await objectNames(context, "pods", namespaceIn(position));
  if (typed === "" || names.some((name) => name.startsWith(typed))) return names;
  const withPods =
    command === "debug" ? oneOf("nodes", "pods") : (info: ResourceInfo) => WORKLOADS(info) || oneOf("services", "jobs")(info);
  return (await kindNames(context, withPods, typed)).map((kind) => `${kind}/`);
}

async function explained(context: CommandContext, position: Position): Promise<readonly string[]> {
  const { fieldPaths } = await import("./field-paths.ts");
  return position.typed.includes(".") ? fieldPaths(context, position.typed) : kindNames(context, () => true, position.typed);
}

async function copied(context: CommandContext, position: Position): Promise<readonly string[]> {
  const { typed } = position;
  if (typed.includes(":")) return (await import("./remote-paths.ts")).remotePaths(context, position);
  const pods = await objectNames(context, "pods", namespaceIn(position));
  return [...fileNames(typed), ...pods.map((name) => `${name}:`)];
}
