import * as host from "../../host/cli-host.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import type { FlagSpec } from "../flags.ts";
import {
  explicitFiles,
  loadConfig,
  ownConfigFile,
  parseConfig,
  type ContextEntry,
  type KubeConfig,
} from "../kubeconfig.ts";
import { findPrinter, OUTPUT_FLAGS } from "../printers/output.ts";
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
    entry(
      "delete-cluster",
      "Delete the specified cluster from the kubeconfig",
      "NAME",
      [],
      (context) => remove(context, "clusters", "cluster"),
    ),
    entry(
      "delete-context",
      "Delete the specified context from the kubeconfig",
      "NAME",
      [],
      (context) => remove(context, "contexts", "context"),
    ),
    entry("delete-user", "Delete the specified user from the kubeconfig", "NAME", [], (context) =>
      remove(context, "users", "user"),
    ),
    entry("get-clusters", "Display clusters defined in the kubeconfig", "", [], (context) =>
      names(context, "clusters"),
    ),
    entry(
      "get-contexts",
      "Describe one or many contexts",
      "[(-o|--output=)name)]",
      [
        NO_HEADERS,
        { name: "output", shorthand: "o", type: "string", usage: "Output format. One of: (name)." },
      ],
      getContexts,
    ),
    entry("get-users", "Display users defined in the kubeconfig", "", [], (context) =>
      names(context, "users"),
    ),
    entry(
      "rename-context",
      "Rename a context from the kubeconfig file",
      "CONTEXT_NAME NEW_NAME",
      [],
      renameContext,
    ),
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
      [{ name: "embed-certs", type: "bool", usage: "Keep the certificate in the file." }],
      setCluster,
    ),
    entry(
      "set-context",
      "Set a context entry in kubeconfig",
      "[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]",
      [{ name: "current", type: "bool", usage: "Modify the current context" }],
      setContext,
    ),
    entry(
      "set-credentials",
      "Set a user entry in kubeconfig",
      "NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token]",
      [{ name: "embed-certs", type: "bool", usage: "Keep the certificate in the file." }],
      setCredentials,
    ),
    entry(
      "unset",
      "Unset an individual value in a kubeconfig file",
      "PROPERTY_NAME",
      [],
      unsetValue,
    ),
    entry(
      "use-context",
      "Set the current-context in a kubeconfig file",
      "CONTEXT_NAME",
      [],
      useContext,
      ["use"],
    ),
    entry(
      "view",
      "Display merged kubeconfig settings or a specified kubeconfig file",
      "",
      [
        ...OUTPUT_FLAGS,
        { name: "flatten", type: "bool", usage: "Put certificates into the file." },
        { name: "merge", type: "bool", default: true, usage: "Accepted for compatibility" },
        { name: "minify", type: "bool", usage: "Only what the current context uses." },
        { name: "raw", type: "bool", usage: "Show certificates and secrets." },
      ],
      view,
    ),
  ],
};

export default config;

const load = (context: CommandContext): Promise<KubeConfig> =>
  loadConfig(context.flags.text("kubeconfig"));
const currentOf = (settings: KubeConfig) =>
  settings["current-context"] ||
  (settings.contexts?.length === 1 ? (settings.contexts[0]?.name ?? "") : "");

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
  const settings = await load(context);
  const current = currentOf(settings);
  let contexts = settings.contexts ?? [];
  for (const name of context.args)
    if (!contexts.some((each) => each.name === name)) throw new Error(`context ${name} not found`);
  if (context.args.length > 0)
    contexts = contexts.filter(({ name }) => context.args.includes(name));
  if (context.flags.text("output") === "name")
    return context.io.out(contexts.map(({ name }) => `${name}\n`).join(""));
  const lines = contexts.map(
    ({ name, context: each }) =>
      `${name === current ? "*" : ""}\t${name}\t${each.cluster ?? ""}\t${each.user ?? ""}\t${each.namespace ?? ""}\n`,
  );
  if (!context.flags.bool("no-headers"))
    lines.unshift("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
  context.io.out(tableWriter().render(lines.join("")));
}

/** Changes the file that the configuration comes from; kubesim's own choices go to its own file. */
async function modify(
  context: CommandContext,
  change: (settings: KubeConfig) => void,
): Promise<string> {
  const files = explicitFiles(context.flags.text("kubeconfig"));
  const file = files?.[0] ?? ownConfigFile();
  const text = host.findText(file);
  const settings: KubeConfig =
    text === undefined
      ? {
          apiVersion: "v1",
          kind: "Config",
          preferences: {},
          clusters: [],
          contexts: [],
          users: [],
          "current-context": "",
        }
      : await parseConfig(text);
  change(settings);
  if (files) host.writeText(file, (await import("../../api/yaml.ts")).renderYaml(settings));
  else host.writeText(file, `${JSON.stringify(settings, null, 2)}\n`);
  return file;
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
  const settings = await load(context);
  const name = flags.bool("current") ? currentOf(settings) : one(context);
  if (name === "") throw new Error("no current context is set");
  const known = settings.contexts?.find((each) => each.name === name)?.context;
  const changes: ContextEntry = {
    ...(flags.has("cluster") ? { cluster: flags.text("cluster") } : {}),
    ...(flags.has("user") ? { user: flags.text("user") } : {}),
    ...(flags.has("namespace") ? { namespace: flags.text("namespace") } : {}),
  };
  await modify(context, (own) => {
    own.contexts = [
      ...(own.contexts ?? []).filter((each) => each.name !== name),
      { name, context: { ...known, ...changes } },
    ];
  });
  context.print(`Context ${JSON.stringify(name)} ${known ? "modified" : "created"}.`);
}

async function setCluster(context: CommandContext): Promise<void> {
  const { flags } = context;
  const name = one(context);
  await modify(context, (own) => {
    const present = own.clusters?.find((each) => each.name === name)?.cluster ?? {};
    const cluster = {
      ...present,
      ...(flags.has("server") ? { server: flags.text("server") } : {}),
      ...(flags.has("certificate-authority")
        ? { "certificate-authority": flags.text("certificate-authority") }
        : {}),
      ...(flags.has("insecure-skip-tls-verify")
        ? { "insecure-skip-tls-verify": flags.bool("insecure-skip-tls-verify") }
        : {}),
    };
    own.clusters = [
      ...(own.clusters ?? []).filter((each) => each.name !== name),
      { name, cluster },
    ];
  });
  context.print(`Cluster ${JSON.stringify(name)} set.`);
}

async function setCredentials(context: CommandContext): Promise<void> {
  const { flags } = context;
  const name = one(context);
  await modify(context, (own) => {
    const present = own.users?.find((each) => each.name === name)?.user ?? {};
    const user = {
      ...present,
      ...Object.fromEntries(
        ["client-certificate", "client-key", "token", "username", "password"]
          .filter((flag) => flags.has(flag))
          .map((flag) => [flag, flags.text(flag)]),
      ),
    };
    own.users = [...(own.users ?? []).filter((each) => each.name !== name), { name, user }];
  });
  context.print(`User ${JSON.stringify(name)} set.`);
}

async function renameContext(context: CommandContext): Promise<void> {
  const [from, to] = context.args;
  if (from === undefined || to === undefined)
    throw context.usage(`Unexpected args: [${context.args.join(" ")}]`);
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
    own.contexts = [
      ...(own.contexts ?? []).filter(({ name }) => name !== from),
      { name: to, context: entryOf.context },
    ];
    if (own["current-context"] === from) own["current-context"] = to;
  });
  context.print(`Context ${JSON.stringify(from)} renamed to ${JSON.stringify(to)}.`);
}

async function remove(
  context: CommandContext,
  field: "clusters" | "contexts" | "users",
  noun: string,
): Promise<void> {
  const name = one(context);
  let found = false;
  const file = await modify(context, (own) => {
    const list = (own[field] ?? []) as { name: string }[];
    found = list.some((each) => each.name === name);
    own[field] = list.filter((each) => each.name !== name) as never;
  });
  if (!found) throw new Error(`cannot delete ${noun} ${name}, not in ${file}`);
  context.print(`deleted ${noun} ${name} from ${file}`);
}

async function setValue(context: CommandContext): Promise<void> {
  const [property, value] = context.args;
  if (property === undefined || value === undefined)
    throw context.usage(`Unexpected args: [${context.args.join(" ")}]`);
  await modify(context, (own) => assign(own, property, value));
  context.print(`Property ${JSON.stringify(property)} set.`);
}

async function unsetValue(context: CommandContext): Promise<void> {
  const property = one(context);
  await modify(context, (own) => assign(own, property, undefined));
  context.print(`Property ${JSON.stringify(property)} unset.`);
}

function assign(own: KubeConfig, property: string, value: string | undefined): void {
  const [field = "", name = "", key = ""] = property.split(".");
  if (field === "current-context") {
    own["current-context"] = value ?? "";
    return;
  }
  const inner = { clusters: "cluster", contexts: "context", users: "user" }[field];
  if (!inner) throw new Error(`unable to locate path ${property}`);
  const list = ((own as Record<string, unknown>)[field] ?? []) as Record<string, unknown>[];
  let item = list.find((each) => each["name"] === name);
  if (!item) list.push((item = { name, [inner]: {} }));
  const target = { ...(item[inner] as Record<string, unknown>) };
  if (value === undefined) delete target[key];
  else target[key] = value;
  item[inner] = target;
  (own as Record<string, unknown>)[field] = list;
}

async function view(context: CommandContext): Promise<void> {
  let settings = await load(context);
  if (context.flags.bool("minify"))
    settings = minified(settings, context.flags.text("context") || currentOf(settings));
  if (!context.flags.bool("raw") && !context.flags.bool("flatten")) settings = redacted(settings);
  const shown = {
    ...settings,
    clusters: nullIfEmpty(settings.clusters),
    contexts: nullIfEmpty(settings.contexts),
    users: nullIfEmpty(settings.users),
  };
  const { preferences: _, ...rest } = shown;
  const printer =
    (await findPrinter(
      context.flags.has("output") ? context.flags : context.flags.with({ output: "yaml" }),
    )) ?? ((object) => JSON.stringify(object));
  context.io.out(printer(rest as never));
}

const nullIfEmpty = <T>(list: T[] | null | undefined): T[] | null => (list?.length ? list : null);

function minified(settings: KubeConfig, name: string): KubeConfig {
  const kept = settings.contexts?.find((each) => each.name === name);
  if (!kept)
    throw new Error(
      name === ""
        ? "current-context must exist in order to minify"
        : `cannot locate context ${name}`,
    );
  return {
    ...settings,
    "current-context": name,
    contexts: [kept],
    clusters: settings.clusters?.filter((each) => each.name === kept.context.cluster) ?? [],
    users: settings.users?.filter((each) => each.name === kept.context.user) ?? [],
  };
}

function redacted(settings: KubeConfig): KubeConfig {
  const hide = <T extends object>(value: T, fields: readonly string[], by: string): T =>
    Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, fields.includes(key) ? by : each]),
    ) as T;
  return {
    ...settings,
    clusters: (settings.clusters ?? []).map((each) => ({
      ...each,
      cluster: hide(each.cluster, ["certificate-authority-data"], "DATA+OMITTED"),
    })),
    users: (settings.users ?? []).map((each) => ({
      ...each,
      user: hide(
        hide(each.user, ["client-certificate-data", "client-key-data"], "DATA+OMITTED"),
        ["token", "password"],
        "REDACTED",
      ),
    })),
  };
}

function one(context: CommandContext): string {
  const [name, ...more] = context.args;
  if (name === undefined || more.length > 0)
    throw context.usage(`Unexpected args: [${context.args.join(" ")}]`);
  return name;
}
