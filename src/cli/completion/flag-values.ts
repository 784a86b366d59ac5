import * as host from "../../host/cli-host.ts";
import type { CommandContext } from "../command.ts";
import { kubesimHome, loadConfig } from "../kubeconfig/kubeconfig.ts";
import { fileNames } from "./files.ts";
import { findObject, objectNames } from "./live-names.ts";
import { containerNames, labelKeys, selectorTerms } from "./object-parts.ts";
import { flagsOf, type Position } from "./position.ts";

const FORMATS = [
  "json",
  "yaml",
  "name",
  "kyaml",
  "go-template=",
  "go-template-file=",
  "jsonpath=",
  "jsonpath-as-json=",
  "jsonpath-file=",
  "template=",
];
const TABLES = ["wide", "custom-columns=", "custom-columns-file="];
const FORMATS_OF: Readonly<Record<string, readonly string[]>> = {
  get: [...FORMATS, ...TABLES],
  "config view": FORMATS,
  events: ["json", "yaml", "name", "wide"],
  "api-resources": ["wide", "name", "json", "yaml"],
  "config get-contexts": ["name"],
  explain: ["plaintext", "plaintext-openapiv2"],
  version: ["json", "yaml"],
  "cluster-info dump": ["json", "yaml"],
};
const FILES = new Set([
  "filename",
  "kustomize",
  "from-file",
  "from-env-file",
  "patch-file",
  "kubeconfig",
  "cert",
  "key",
  "certificate-authority",
  "client-certificate",
  "client-key",
  "output-directory",
  "custom",
  "pod-manifest",
]);

/** What is the same everywhere. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  "dry-run": ["none", "server", "client"],
  cascade: ["background", "orphan", "foreground"],
  validate: ["strict", "warn", "ignore", "true", "false"],
  restart: ["Always", "OnFailure", "Never"],
  "image-pull-policy": ["Always", "IfNotPresent", "Never"],
  protocol: ["TCP", "UDP", "SCTP"],
  profile: ["general", "baseline", "restricted", "netadmin", "sysadmin", "legacy"],
  subresource: ["status", "scale", "resize"],
  "session-affinity": ["None", "ClientIP"],
  verb: ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*"],
  types: ["Normal", "Warning"],
  "sort-by": [".metadata.name", ".metadata.creationTimestamp", ".metadata.namespace", ".status.startTime", ".spec.nodeName"],
  "field-selector": ["metadata.name=", "metadata.namespace=", "status.phase=", "spec.nodeName="],
  "pod-running-timeout": ["1m0s"],
};

/** Objects whose names a flag takes. */
const NAMES: Readonly<Record<string, string>> = {
  namespace: "namespaces",
  serviceaccount: "serviceaccounts",
  clusterrole: "clusterroles",
  role: "roles",
  "priority-class": "priorityclasses",
  class: "ingressclasses",
};

/** What may stand for the value of a flag. */
export async function flagValues(context: CommandContext, position: Position): Promise<readonly string[]> {
  const { command, flag, typed } = position;
  const name = flag?.name ?? "";
  if (name === "output") return FORMATS_OF[command] ?? FORMATS;
  if (name === "type")
    return command === "patch" ? ["json", "merge", "strategic"] : ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];
  if (name === "name" && command.startsWith("cluster ")) return clusterNames();
  if (FILES.has(name)) return fileNames(typed, name === "kustomize" ? "folders" : "all");
  if (FIXED[name]) return FIXED[name];
  if (NAMES[name]) return objectNames(context, NAMES[name]);
  switch (name) {
    case "container":
    case "target":
    case "containers":
      return containerNames(context, position);
    case "selector":
      return selectorTerms(context, position);
    case "label-columns":
      return lastOfList(typed, await labelKeys(context, position));
    case "context":
    case "cluster":
    case "user":
      return configNames(context, name);
    case "for":
      return command === "events" ? [] : conditions(context, position);
    case "image":
      return images(context);
    case "from":
      return (await objectNames(context, "cronjobs")).map((each) => `cronjob/${each}`);
    case "resource":
      return lastOfList(
        typed,
        (await (await context.discovery()).resources()).map(({ resource }) => resource),
      );
    default:
      return [];
  }
}

export async function configNames(context: CommandContext, what: string): Promise<string[]> {
  const config = await loadConfig(context.flags.text("kubeconfig"));
  const entries = { context: config.contexts, cluster: config.clusters, user: config.users }[what];
  return (entries ?? []).map(({ name }) => name);
}

function clusterNames(): string[] {
  const folder = host.joinPath(kubesimHome(), "clusters");
  return host.pathKind(folder) === "folder" ? host.listFolder(folder) : [];
}

/** `a,b,c…`: what was typed up to the last comma stays. */
export function lastOfList(typed: string, candidates: readonly string[]): string[] {
  const before = typed.slice(0, typed.lastIndexOf(",") + 1);
  const taken = new Set(before.split(","));
  return candidates.filter((each) => !taken.has(each)).map((each) => before + each);
}

/** The conditions that the objects in question have. */
async function conditions(context: CommandContext, position: Position): Promise<string[]> {
  const [first = "", second = ""] = position.args;
  const [type, name] = first.includes("/") ? first.split("/") : [first, second];
  const object = await findObject<{ status?: { conditions?: { type: string }[] } }>(
    context,
    type ?? "",
    name ?? "",
    position.given.get("namespace")?.at(-1),
  );
  return ["create", "delete", "jsonpath=", ...(object?.status?.conditions ?? [{ type: "" }]).map((each) => `condition=${each.type}`)];
}

/** Those that the simulation knows; another server has no such list. */
async function images(context: CommandContext): Promise<string[]> {
  const answer = await (await context.client()).get<{ images?: { name: string }[] }>("/kubesim/images").catch(() => undefined);
  return (answer?.images ?? []).map(({ name }) => name.replace(/^docker\.io\/(library\/)?/, ""));
}

/** Flags that can be given once are not offered twice. */
export function flagNames({ spec, given, typed }: Position): string[] {
  const flags = flagsOf(spec).filter(
    ({ hidden, name, type }) => !hidden && (type.startsWith("string") && type !== "string" ? true : !given.has(name)),
  );
  const long = flags.map((flag) => `--${flag.name}${flag.noValue !== undefined && typed === `--${flag.name}` ? "=" : ""}`);
  return [
    ...(typed.startsWith("--") ? [] : flags.flatMap(({ shorthand }) => (shorthand ? [`-${shorthand}`] : []))),
    ...long,
    ...(typed.startsWith("--h") ? ["--help"] : []),
  ];
}
