import * as host from "../../host/cli-host.ts";
import { DEFAULT, NO_FILES, NO_SPACE, type Completion } from "./cobra-completion.ts";
import { CommandContext } from "../command.ts";
import { groupResourceOf, preferred } from "../connection/discovery.ts";
import { attachablePod, type LivePod, namedObject } from "../pods/pods.ts";
import { targetsOfArgs } from "../objects/resource-arguments.ts";
import { fetchObjects } from "../objects/resources.ts";

/** A word that is being typed. */
export interface Typed {
  readonly context: CommandContext;
  readonly typed: string;
  /** For flags: whether the command has it, and not all of them. */
  readonly own: boolean;
}

/** What the arguments of a command are. */
type Rule =
  | { readonly form: "resources"; readonly types?: readonly string[]; readonly once?: boolean }
  | { readonly form: "names"; readonly type: string }
  | { readonly form: "pods"; readonly behind?: "containers" | "ports" }
  | { readonly form: "entries"; readonly field: "contexts" | "clusters" | "users" }
  | { readonly form: "words"; readonly words: readonly string[] }
  | { readonly form: "copies" };

const RESOURCES: Rule = { form: "resources" };
const types = (list: string, once = false): Rule => ({ form: "resources", types: list.split(" "), once });
const NODES: Rule = { form: "names", type: "node" };
const PODS: Rule = { form: "pods" };
const CONTEXTS: Rule = { form: "entries", field: "contexts" };
const SCALABLE = "deployment replicaset replicationcontroller statefulset";
const ROLLED_OUT = "deployment daemonset statefulset";

/** Upstream: ValidArgsFunction of each command */
const ARGUMENTS: Readonly<Record<string, Rule>> = {
  annotate: RESOURCES,
  "apply edit-last-applied": RESOURCES,
  "apply view-last-applied": RESOURCES,
  attach: PODS,
  autoscale: types(SCALABLE),
  completion: { form: "words", words: ["bash", "fish", "powershell", "zsh"] },
  "config delete-cluster": { form: "entries", field: "clusters" },
  "config delete-context": CONTEXTS,
  "config delete-user": { form: "entries", field: "users" },
  "config rename-context": CONTEXTS,
  "config set-context": CONTEXTS,
  "config use-context": CONTEXTS,
  cordon: NODES,
  cp: { form: "copies" },
  "create token": { form: "names", type: "serviceaccount" },
  debug: RESOURCES,
  delete: RESOURCES,
  describe: RESOURCES,
  drain: NODES,
  edit: RESOURCES,
  exec: PODS,
  expose: types("pod service replicationcontroller deployment replicaset"),
  get: RESOURCES,
  label: RESOURCES,
  logs: { form: "pods", behind: "containers" },
  patch: RESOURCES,
  "port-forward": { form: "pods", behind: "ports" },
  "rollout history": types(ROLLED_OUT),
  "rollout pause": types("deployment"),
  "rollout restart": types(ROLLED_OUT),
  "rollout resume": types("deployment"),
  "rollout status": types(ROLLED_OUT, true),
  "rollout undo": types(ROLLED_OUT),
  scale: types(SCALABLE),
  "set image": types("daemonsets deployments pods cronjobs replicasets replicationcontrollers statefulsets", true),
  taint: types("node"),
  "top node": NODES,
  "top pod": { form: "names", type: "pod" },
  uncordon: NODES,
};

const OUTPUTS =
  "json yaml kyaml name go-template go-template-file template templatefile jsonpath jsonpath-as-json jsonpath-file custom-columns custom-columns-file wide";
// Pods are behind these.
const WITH_PODS = "daemonsets deployments pods jobs replicasets replicationcontrollers services statefulsets".split(" ");

const none = (directive: number): Completion => ({ candidates: [], directive });
const only = (candidates: readonly string[]): Completion => ({ candidates, directive: NO_FILES });
const starting = (words: readonly string[], typed: string) => words.filter((word) => word.startsWith(typed));

/** A negative directive: there is nothing known of the command's arguments. */
export async function argumentCandidates(word: Typed): Promise<Completion> {
  const { context, typed } = word;
  const { args } = context;
  const rule = ARGUMENTS[context.path.replace(/^\S+ /, "")];
  switch (rule?.form) {
    case undefined:
      return none(-1);
    case "resources":
      return resourceCandidates(word, rule);
    case "names":
      return only(args.length === 0 ? await namesOf(context, rule.type, typed) : []);
    case "pods":
      return podCandidates(word, rule.behind);
    case "entries":
      return only(args.length === 0 ? await entriesOf(context, rule.field, typed) : []);
    case "words":
      return args.length === 0 ? only(starting(rule.words, typed)) : none(DEFAULT);
    case "copies":
      return copyCandidates(word);
  }
}

export async function flagCandidates(name: string, word: Typed): Promise<Completion> {
  const { context, typed, own } = word;
  const command = context.path.replace(/^\S+ /, "");
  if (name === "namespace") return only(await namesOf(context, "namespace", typed));
  if (!own && (name === "context" || name === "cluster" || name === "user")) return only(await entriesOf(context, `${name}s`, typed));
  if (name === "output" && command === "get") return only(starting(OUTPUTS.split(" "), typed));
  if (name === "subresource" && own && command !== "auth can-i") return only(["status", "scale", "resize"]);
  if (name === "clusterrole" && command === "create clusterrolebinding") return only(await namesOf(context, "clusterrole", typed));
  if (name === "container" && command === "exec") {
    const [pod] = context.args;
    return only(pod === undefined ? [] : await containersOf(context, pod, typed));
  }
  return none(DEFAULT);
}

/** Upstream: resourceTypeAndNameCompletionFunc */
async function resourceCandidates({ context, typed }: Typed, rule: Rule & { form: "resources" }): Promise<Completion> {
  const { args } = context;
  const [first] = args;
  const repeats = !rule.once;
  const typesFor = async () => (rule.types ? starting(rule.types, typed) : resourceTypes(context, typed));
  if (first !== undefined && !first.includes("/")) {
    if (!repeats && args.length > 1) return only([]);
    return only((await namesOf(context, first, typed)).filter((name) => !args.slice(1).includes(name)));
  }
  const slash = typed.indexOf("/");
  if (slash >= 0) {
    if (!repeats && first !== undefined) return only([]);
    const type = typed.slice(0, slash);
    const names = (await namesOf(context, type, typed.slice(slash + 1))).map((name) => `${type}/${name}`);
    return only(names.filter((name) => !args.includes(name)));
  }
  if (first === undefined) return only(await typesFor());
  return repeats ? { candidates: (await typesFor()).map((type) => `${type}/`), directive: NO_FILES | NO_SPACE } : only([]);
}

async function resourceTypes(context: CommandContext, typed: string): Promise<string[]> {
  const comma = typed.lastIndexOf(",") + 1;
  const infos = preferred(await (await context.discovery()).resources()).filter(({ verbs }) => verbs.includes("get"));
  const rank = (info: (typeof infos)[number]) => `${info.group}\0${info.resource}`;
  const names = infos.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).map(groupResourceOf);
  return starting(names, typed.slice(comma)).map((name) => typed.slice(0, comma) + name);
}

async function namesOf(context: CommandContext, type: string, typed: string): Promise<string[]> {
  const found = await fetchObjects(context, await targetsOfArgs(context, [type]), { chunkSize: 500 });
  return starting(
    found.map(({ name }) => name),
    typed,
  );
}

/** Upstream: doPodResourceCompletion and what follows it */
async function podCandidates(word: Typed, behind: "containers" | "ports" | undefined): Promise<Completion> {
  const { context, typed } = word;
  const [target, ...more] = context.args;
  if (target !== undefined) {
    if (more.length > 0 || behind === undefined) return only([]);
    return only(behind === "containers" ? await containersOf(context, target, typed) : await portsOf(context, target, typed));
  }
  const slash = typed.indexOf("/");
  if (slash >= 0) {
    const type = typed.slice(0, slash);
    return only((await namesOf(context, type, typed.slice(slash + 1))).map((name) => `${type}/${name}`));
  }
  const pods = await namesOf(context, "pod", typed);
  const others = starting(WITH_PODS, typed).map((type) => `${type}/`);
  return { candidates: [...pods, ...others], directive: pods.length === 0 ? NO_FILES | NO_SPACE : NO_FILES };
}

async function containersOf(context: CommandContext, target: string, typed: string): Promise<string[]> {
  const { spec } = await podOf(context, target);
  return starting(
    [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map(({ name }) => name),
    typed,
  );
}

const podOf = async (context: CommandContext, target: string): Promise<LivePod> =>
  attachablePod(context, await namedObject(context, target));

async function portsOf(context: CommandContext, target: string, typed: string): Promise<string[]> {
  const [local = ""] = typed.split(":");
  const pair = (port: number) => `${typed === "" ? port : local}:${port}`;
  const [type = "", name] = target.includes("/") ? target.split("/") : ["pod", target];
  if (["service", "services", "svc"].includes(type)) {
    const [service] = await fetchObjects(context, await targetsOfArgs(context, [type, name ?? ""]));
    const { ports = [] } = (service?.object["spec"] ?? {}) as { ports?: { port: number }[] };
    return starting(
      ports.map(({ port }) => pair(port)),
      typed,
    );
  }
  const { spec }: LivePod = await podOf(context, target);
  return starting(
    (spec.containers ?? []).flatMap(({ ports = [] }) => ports.map(({ containerPort }) => pair(containerPort))),
    typed,
  );
}

async function entriesOf(context: CommandContext, field: "contexts" | "clusters" | "users", typed: string): Promise<string[]> {
  const { load } = await import("../kubeconfig/kubeconfig-changes.ts");
  return starting(
    ((await load(context))[field] ?? []).map(({ name }) => name),
    typed,
  );
}

/** Upstream: pkg/cmd/cp/cp.go ValidArgsFunction */
async function copyCandidates({ context, typed }: Typed): Promise<Completion> {
  if (context.args.length > 0 || /^[/.~]/.test(typed) || typed.includes(":")) return none(NO_SPACE);
  const slash = typed.indexOf("/");
  if (slash > 0) {
    const namespace = typed.slice(0, slash);
    const { path, args, dashIndex, io } = context;
    const within = new CommandContext({ path, args, dashIndex, io, flags: context.flags.with({ namespace }) });
    return { candidates: (await namesOf(within, "pod", typed.slice(slash + 1))).map((pod) => `${namespace}/${pod}:`), directive: NO_SPACE };
  }
  const candidates = [
    ...(await namesOf(context, "namespace", typed)).map((name) => `${name}/`),
    ...(await namesOf(context, "pod", typed)).map((name) => `${name}:`),
  ];
  if (candidates.length > 0 && typed === "") candidates.push("./", "/");
  else if (candidates.length > 0)
    candidates.push(...starting(host.listFolder("."), typed).map((name) => (host.pathKind(name) === "folder" ? `${name}/` : name)));
  return { candidates, directive: NO_SPACE };
}
