import * as host from "../../host/cli-host.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import type { FlagSpec } from "../flags.ts";
import { explicitFiles, ownConfigFile, type ContextEntry } from "../kubeconfig/kubeconfig.ts";
import { HelpRequested } from "../flags.ts";
import { HelpAndError, throwAll } from "../errors.ts";
import { assign } from "../kubeconfig/config-values.ts";
import { currentOf, load, modify, put } from "../kubeconfig/kubeconfig-changes.ts";
import { OUTPUT_FLAGS } from "../printers/output.ts";
import { tableWriter } from "../printers/tab-writer.ts";

const entry = (
  name: string,
  short: string,
  usage: string,
  flags: readonly FlagSpec[],
  run: (context: CommandContext) => Promise<number | void>,
  aliases: string[] = [],
): CommandEntry => ({ name, short, aliases, load: async () => ({ usage, flags, run }) });
const NO_HEADERS: FlagSpec = { name: "no-headers", type: "bool", usage: "Leave out the headers." };

const config: CommandSpec = {
  long: 'Modify kubeconfig files using subcommands like "kubectl config set current-context my-context".\n\n Without --kubeconfig and $KUBECONFIG these are kubesim\'s own contexts: one for each cluster.',
  subcommands: [
    entry("current-context", "Display the current-context", "", [], currentContext),
    entry("delete-cluster", "Delete the specified cluster from the kubeconfig", "NAME", [], (context) =>
      remove(context, "clusters", "cluster"),
    ),
    entry("delete-context", "Delete the specified context from the kubeconfig", "NAME", [], (context) =>
      remove(context, "contexts", "context"),
    ),
    entry("delete-user", "Delete the specified user from the kubeconfig", "NAME", [], (context) => remove(context, "users", "user")),
    entry("get-clusters", "Display clusters defined in the kubeconfig", "", [], (context) => names(context, "clusters")),
    entry(
      "get-contexts",
      "Describe one or many contexts",
      "[(-o|--output=)name)]",
      [NO_HEADERS, { name: "output", shorthand: "o", type: "string", usage: "Output format. One of: (name)." }],
      getContexts,
    ),
    entry("get-users", "Display users defined in the kubeconfig", "", [], (context) => names(context, "users")),
    entry("rename-context", "Rename a context from the kubeconfig file", "CONTEXT_NAME NEW_NAME", [], renameContext),
    entry(
      "set",
      "Set an individual value in a kubeconfig file",
      "PROPERTY_NAME PROPERTY_VALUE",
      [{ name: "set-raw-bytes", type: "bool", usage: "Accepted for compatibility" }],
      setValue,
    ),
    entry(
      "set-cluster",
      "Set a cluster entry in kubeconfig",
      "NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true]",
      [
        { name: "certificate-authority", type: "string", usage: "Path to certificate-authority file for the cluster entry in kubeconfig" },
        { name: "embed-certs", type: "bool", usage: "Keep the certificate in the file." },
        { name: "insecure-skip-tls-verify", type: "bool", usage: "Do not check the certificate of the cluster" },
        { name: "proxy-url", type: "string", usage: "Proxy of the cluster entry" },
        { name: "server", type: "string", usage: "Address of the cluster entry" },
        { name: "tls-server-name", type: "string", usage: "Name in the certificate of the cluster entry" },
      ],
      setCluster,
    ),
    entry(
      "set-context",
      "Set a context entry in kubeconfig",
      "[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]",
      [
        { name: "cluster", type: "string", usage: "Cluster of the context entry" },
        { name: "current", type: "bool", usage: "Modify the current context" },
        { name: "namespace", shorthand: "n", type: "string", usage: "Namespace of the context entry" },
        { name: "user", type: "string", usage: "User of the context entry" },
      ],
      setContext,
    ),
    entry(
      "set-credentials",
      "Set a user entry in kubeconfig",
      "NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password] [--auth-provider=provider_name] [--auth-provider-arg=key=value] [--exec-command=exec_command] [--exec-api-version=exec_api_version] [--exec-arg=arg] [--exec-env=key=value]",
      [
        { name: "auth-provider", type: "string", usage: "Plug-in of the user entry" },
        { name: "auth-provider-arg", type: "stringSlice", usage: "'key=value' for the plug-in" },
        { name: "client-certificate", type: "string", usage: "Path to the certificate of the user entry" },
        { name: "client-key", type: "string", usage: "Path to the key of the user entry" },
        { name: "embed-certs", type: "bool", usage: "Keep the certificate in the file." },
        { name: "exec-api-version", type: "string", usage: "API version of the exec plug-in" },
        { name: "exec-arg", type: "stringSlice", usage: "Arguments of the exec plug-in" },
        { name: "exec-command", type: "string", usage: "Command of the exec plug-in" },
        { name: "exec-env", type: "stringArray", usage: "'key=value' of its environment" },
        { name: "exec-interactive-mode", type: "string", usage: "IfAvailable, Never or Always" },
        { name: "exec-provide-cluster-info", type: "bool", usage: "Whether it is told about the cluster" },
        { name: "password", type: "string", usage: "password for the user entry" },
        { name: "token", type: "string", usage: "token for the user entry" },
        { name: "username", type: "string", usage: "username for the user entry" },
      ],
      setCredentials,
    ),
    entry("unset", "Unset an individual value in a kubeconfig file", "PROPERTY_NAME", [], unsetValue),
    entry("use-context", "Set the current-context in a kubeconfig file", "CONTEXT_NAME", [], useContext, ["use"]),
    entry(
      "view",
      "Display merged kubeconfig settings or a specified kubeconfig file",
      "",
      [
        ...OUTPUT_FLAGS.map((flag) => (flag.name === "output" ? { ...flag, default: "yaml" } : flag)),
        { name: "flatten", type: "bool", usage: "Put certificates into the file." },
        { name: "merge", type: "bool", default: true, usage: "Accepted for compatibility" },
        { name: "minify", type: "bool", usage: "Only what the current context uses." },
        { name: "raw", type: "bool", usage: "Show certificates and secrets." },
      ],
      async (context) => (await import("../kubeconfig/config-view.ts")).view(context),
    ),
  ],
};

export default config;

async function currentContext(context: CommandContext): Promise<void> {
  const current = (await load(context))["current-context"];
  if (!current) throw new Error("current-context is not set");
  context.print(current);
}

async function names(context: CommandContext, field: "clusters" | "users"): Promise<void> {
  const all = ((await load(context))[field] ?? []).map(({ name }) => name);
  context.print("NAME");
  for (const name of all) context.print(name);
}

async function getContexts(context: CommandContext): Promise<void> {
  const output = context.flags.text("output");
  if (output !== "" && output !== "name")
    throw new Error(`--output ${output} is not available in kubectl config get-contexts; resetting to default output format`);
  const settings = await load(context);
  const current = currentOf(settings);
  const known = settings.contexts ?? [];
  const missing = context.args.filter((name) => !known.some((each) => each.name === name));
  const contexts = context.args.length === 0 ? known : known.filter(({ name }) => context.args.includes(name));
  if (output === "name") context.io.out(contexts.map(({ name }) => `${name}\n`).join(""));
  else {
    const lines = contexts.map(
      ({ name, context: each }) =>
        `${name === current ? "*" : ""}\t${name}\t${each.cluster ?? ""}\t${each.user ?? ""}\t${each.namespace ?? ""}\n`,
    );
    if (!context.flags.bool("no-headers")) lines.unshift("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
    context.io.out(tableWriter().render(lines.join("")));
  }
  throwAll(missing.map((name) => new Error(`context ${name} not found`)));
}

async function useContext(context: CommandContext): Promise<void> {
  const name = one(context);
  if (!(await load(context)).contexts?.some((each) => each.name === name))
    throw new Error(`no context exists with the name: ${JSON.stringify(name)}`);
  await modify(context, (settings) => void (settings["current-context"] = name));
  context.print(`Switched to context ${JSON.stringify(name)}.`);
}

async function setContext(context: CommandContext): Promise<void> {
  const { flags } = context;
  if (context.args.length > 1) throw new HelpAndError(`Unexpected args: [${context.args.join(" ")}]`);
  if (context.args.length === 0 && !flags.bool("current")) throw new Error("you must specify a non-empty context name or --current");
  if (context.args.length === 1 && flags.bool("current")) throw new Error("you cannot specify both a context name and --current");
  const settings = await load(context);
  const name = flags.bool("current") ? currentOf(settings) : one(context);
  if (name === "") throw new Error("no current context is set");
  const known = settings.contexts?.find((each) => each.name === name)?.context;
  const changes: ContextEntry = {
    ...(flags.has("cluster") ? { cluster: flags.text("cluster") } : {}),
    ...(flags.has("user") ? { user: flags.text("user") } : {}),
    ...(flags.has("namespace") ? { namespace: flags.text("namespace") || undefined } : {}),
  } as ContextEntry;
  await modify(context, (own) => put(own, "contexts", name, { context: { cluster: "", user: "", ...known, ...changes } }), {
    field: "contexts",
    name,
  });
  context.print(`Context ${JSON.stringify(name)} ${known ? "modified" : "created"}.`);
}

async function setCluster(context: CommandContext): Promise<void> {
  const { flags } = context;
  const name = one(context);
  const authority = flags.text("certificate-authority");
  if (flags.bool("insecure-skip-tls-verify") && authority !== "")
    throw new Error("you cannot specify a certificate authority and insecure mode at the same time");
  if (flags.bool("embed-certs")) checkEmbedded("certificate-authority", authority);
  const present = (await load(context)).clusters?.find((each) => each.name === name)?.cluster ?? {};
  const texts = ["server", "tls-server-name", "proxy-url"].filter((flag) => flags.has(flag));
  const cluster: Record<string, unknown> = {
    server: "",
    ...present,
    ...Object.fromEntries(texts.map((flag) => [flag, flags.text(flag)])),
  };
  // Another server is not trusted as the one before was.
  if (flags.has("server")) delete cluster["insecure-skip-tls-verify"];
  if (flags.has("insecure-skip-tls-verify")) cluster["insecure-skip-tls-verify"] = flags.bool("insecure-skip-tls-verify") || undefined;
  if (flags.bool("insecure-skip-tls-verify")) drop(cluster, "certificate-authority");
  if (flags.has("certificate-authority")) {
    delete cluster["insecure-skip-tls-verify"];
    setFile(cluster, "certificate-authority", authority, flags.bool("embed-certs"));
  }
  await modify(context, (own) => put(own, "clusters", name, { cluster: withoutEmpty(cluster) }), {
    field: "clusters",
    name,
  });
  context.print(`Cluster ${JSON.stringify(name)} set.`);
}

function checkEmbedded(flag: string, file: string): void {
  if (file === "") throw new Error(`you must specify a --${flag} to embed`);
  if (host.findText(file) === undefined) throw new Error(`could not stat ${flag} file ${file}: stat ${file}: no such file or directory`);
}

function drop(entry: Record<string, unknown>, field: string): void {
  delete entry[field];
  delete entry[`${field}-data`];
}

/** A certificate or key: by its absolute path, or its bytes. */
function setFile(entry: Record<string, unknown>, field: string, file: string, embed: boolean): void {
  drop(entry, field);
  if (embed) entry[`${field}-data`] = Buffer.from(host.readText(file)).toString("base64");
  else if (file !== "") entry[field] = host.absolutePath(file);
}

const withoutEmpty = (entry: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(entry).filter(([key, value]) => value !== undefined && (value !== "" || key === "server")));

async function setCredentials(context: CommandContext): Promise<void> {
  const { flags } = context;
  const [name, ...more] = context.args;
  if (name === undefined || more.length > 0) throw new HelpAndError(`unexpected args: [${context.args.join(" ")}]`);
  const methods = [
    ...(flags.text("token") === "" ? [] : ["--token"]),
    ...(flags.text("username") + flags.text("password") === "" ? [] : ["--username/--password"]),
  ];
  if (methods.length > 1) throw new Error(`you cannot specify more than one authentication method at the same time: ${methods.join(", ")}`);
  const mode = flags.text("exec-interactive-mode");
  if (flags.has("exec-interactive-mode") && !["IfAvailable", "Never", "Always"].includes(mode))
    throw new Error("invalid interactive mode type, can be only IfAvailable, Never, Always");
  const unpaired = flags.list("auth-provider-arg").find((pair) => !pair.includes("=") && !pair.endsWith("-"));
  if (unpaired !== undefined) throw new HelpAndError(`invalid auth-provider-arg format: ${unpaired}`);
  if (flags.bool("embed-certs") && flags.text("client-certificate") + flags.text("client-key") === "")
    throw new Error("you must specify a --client-certificate or --client-key to embed");
  const present = (await load(context)).users?.find((each) => each.name === name)?.user ?? {};
  const user: Record<string, unknown> = { ...present };
  for (const field of ["client-certificate", "client-key"])
    if (flags.has(field)) {
      if (flags.bool("embed-certs")) checkEmbedded(field, flags.text(field));
      setFile(user, field, flags.text(field), flags.bool("embed-certs"));
    }
  for (const field of ["token", "username", "password"]) if (flags.has(field)) user[field] = flags.text(field);
  if (methods[0] === "--token") for (const field of ["username", "password"]) delete user[field];
  else if (methods.length > 0) delete user["token"];
  setExec(user, context);
  await modify(context, (own) => put(own, "users", name, { user: withoutEmpty(user) }), {
    field: "users",
    name,
  });
  context.print(`User ${JSON.stringify(name)} set.`);
}

const pairsOf = (list: readonly string[]) =>
  list.filter((pair) => pair.includes("=")).map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const);

/** Plug-ins that fetch credentials: kubesim keeps what is said of them, but runs none. */
function setExec(user: Record<string, unknown>, { flags }: CommandContext): void {
  if (flags.has("auth-provider")) {
    const settings = Object.fromEntries(pairsOf(flags.list("auth-provider-arg")));
    user["auth-provider"] = { config: settings, name: flags.text("auth-provider") };
  }
  const known = user["exec"] as Record<string, unknown> | undefined;
  if (!flags.has("exec-command") && !known) return;
  const exec: Record<string, unknown> = { args: null, env: null, provideClusterInfo: false, ...known };
  if (flags.has("exec-command")) exec["command"] = flags.text("exec-command");
  if (flags.has("exec-api-version")) exec["apiVersion"] = flags.text("exec-api-version");
  if (flags.list("exec-arg").length > 0) exec["args"] = flags.list("exec-arg");
  if (flags.has("exec-interactive-mode")) exec["interactiveMode"] = flags.text("exec-interactive-mode");
  if (flags.has("exec-provide-cluster-info")) exec["provideClusterInfo"] = flags.bool("exec-provide-cluster-info");
  if (flags.list("exec-env").length > 0) exec["env"] = pairsOf(flags.list("exec-env")).map(([name, value]) => ({ name, value }));
  user["exec"] = exec;
}

async function renameContext(context: CommandContext): Promise<void> {
  const [from, to] = context.args;
  if (from === undefined || to === undefined || context.args.length > 2)
    throw new HelpAndError(`Unexpected args: [${context.args.join(" ")}]`);
  const known = (await load(context)).contexts;
  const entryOf = known?.find(({ name }) => name === from);
  if (!entryOf)
    throw new Error(
      `cannot rename the context ${JSON.stringify(from)}, it's not in ${explicitFiles(context.flags.text("kubeconfig"))?.[0] ?? ownConfigFile()}`,
    );
  if (known?.some(({ name }) => name === to))
    throw new Error(
      `cannot rename the context ${JSON.stringify(from)}, the context ${JSON.stringify(to)} already exists in ${explicitFiles(context.flags.text("kubeconfig"))?.[0] ?? ownConfigFile()}`,
    );
  await modify(context, (own) => {
    own.contexts = [...(own.contexts ?? []).filter(({ name }) => name !== from), { name: to, context: entryOf.context }];
    if (own["current-context"] === from) own["current-context"] = to;
  });
  context.print(`Context ${JSON.stringify(from)} renamed to ${JSON.stringify(to)}.`);
}

async function remove(context: CommandContext, field: "clusters" | "contexts" | "users", noun: string): Promise<void> {
  const [name] = context.args;
  if (name === undefined || context.args.length > 1)
    throw noun === "user" ? context.usage("user to delete is required") : new HelpRequested();
  let found = false;
  let wasActive = false;
  const file = await modify(context, (own) => {
    const list = (own[field] ?? []) as { name: string }[];
    found = list.some((each) => each.name === name);
    wasActive = field === "contexts" && own["current-context"] === name;
    if (found) own[field] = list.filter((each) => each.name !== name) as never;
  });
  if (!found) throw new Error(`cannot delete ${noun} ${name}, not in ${file}`);
  if (wasActive) context.io.err('warning: this removed your active context, use "kubectl config use-context" to select a different one\n');
  context.print(`deleted ${noun} ${name} from ${file}`);
}

async function setValue(context: CommandContext): Promise<void> {
  const [property, value] = context.args;
  if (property === undefined || value === undefined || context.args.length > 2)
    throw new HelpAndError(`Unexpected args: [${context.args.join(" ")}]`);
  const bytes = property.endsWith("-data") && context.flags.bool("set-raw-bytes");
  await modify(context, (own) => assign(own, property, bytes ? Buffer.from(value).toString("base64") : value));
  context.print(`Property ${JSON.stringify(property)} set.`);
}

async function unsetValue(context: CommandContext): Promise<void> {
  const property = one(context);
  await modify(context, (own) => assign(own, property, undefined));
  context.print(`Property ${JSON.stringify(property)} unset.`);
}

function one(context: CommandContext): string {
  const [name, ...more] = context.args;
  if (name === undefined || more.length > 0) throw new HelpAndError(`Unexpected args: [${context.args.join(" ")}]`);
  return name;
}
