import { findText } from "../../host/cli-host.ts";
import type { CommandContext } from "../command.ts";
import type { KubeConfig } from "./kubeconfig.ts";
import { currentOf, load } from "./kubeconfig-changes.ts";
import { findPrinter, renderJson, unknownFormat } from "../printers/output.ts";

/** Upstream: pkg/cmd/config/view.go */
export async function view(context: CommandContext): Promise<void> {
  if (context.args.length > 0) throw context.usage(`unexpected arguments: [${context.args.join(" ")}]`);
  const { flags } = context;
  const printer = await findPrinter(flags);
  if (!printer) throw unknownFormat(flags.text("output"));
  const flatten = context.flags.bool("flatten");
  let settings = await load(context, flatten);
  if (context.flags.bool("minify")) settings = minified(settings, context.flags.text("context") || currentOf(settings));
  if (flatten) settings = flattened(settings);
  if (!context.flags.bool("raw") && !context.flags.bool("flatten")) settings = redacted(settings);
  const ordered = {
    kind: "Config",
    apiVersion: "v1",
    clusters: nullIfEmpty(settings.clusters?.map(({ name, cluster }) => ({ name, cluster: inOrder(cluster, CLUSTER_FIELDS) }))),
    users: nullIfEmpty(settings.users?.map(({ name, user }) => ({ name, user: inOrder(user, USER_FIELDS) }))),
    contexts: nullIfEmpty(
      settings.contexts?.map(({ name, context: each }) => ({ name, context: inOrder(each, ["cluster", "user", "namespace"]) })),
    ),
    "current-context": settings["current-context"] ?? "",
  };
  // A Go struct: its fields come in their own order, not by name.
  if (flags.text("output") === "name") return context.print("config/<unknown>");
  if (flags.text("output") === "json") return context.io.out(`${renderJson(ordered)}\n`);
  context.io.out(printer(ordered));
}

const CLUSTER_FIELDS = [
  "server",
  "tls-server-name",
  "insecure-skip-tls-verify",
  "certificate-authority",
  "certificate-authority-data",
  "proxy-url",
  "disable-compression",
];
const USER_FIELDS = [
  "client-certificate",
  "client-certificate-data",
  "client-key",
  "client-key-data",
  "token",
  "tokenFile",
  "username",
  "password",
  "auth-provider",
  "exec",
];
const inOrder = (entry: object, fields: readonly string[]) =>
  Object.fromEntries(Object.entries(entry).sort(([a], [b]) => rank(fields, a) - rank(fields, b)));
const rank = (fields: readonly string[], field: string) => {
  const at = fields.indexOf(field);
  return at < 0 ? fields.length : at;
};

const nullIfEmpty = <T>(list: T[] | null | undefined): T[] | null => (list?.length ? list : null);

function minified(settings: KubeConfig, name: string): KubeConfig {
  const kept = settings.contexts?.find((each) => each.name === name);
  if (!kept) throw new Error(name === "" ? "current-context must exist in order to minify" : `cannot locate context ${name}`);
  return {
    ...settings,
    "current-context": name,
    contexts: [kept],
    clusters: settings.clusters?.filter((each) => each.name === kept.context.cluster) ?? [],
    users: settings.users?.filter((each) => each.name === kept.context.user) ?? [],
  };
}

/** Files become their contents. Upstream: clientcmdapi.FlattenConfig */
function flattened(settings: KubeConfig): KubeConfig {
  const embed = <T extends object>(entry: T, fields: readonly string[]): T => {
    const copy = { ...entry } as Record<string, unknown>;
    for (const field of fields) {
      const file = copy[field];
      if (typeof file !== "string" || file === "") continue;
      const text = findText(file);
      if (text === undefined) throw new Error(`open ${file}: no such file or directory`);
      copy[`${field}-data`] = Buffer.from(text).toString("base64");
      delete copy[field];
    }
    return copy as T;
  };
  return {
    ...settings,
    users: (settings.users ?? []).map((each) => ({ ...each, user: embed(each.user, ["client-certificate", "client-key"]) })),
    clusters: (settings.clusters ?? []).map((each) => ({ ...each, cluster: embed(each.cluster, ["certificate-authority"]) })),
  };
}

function redacted(settings: KubeConfig): KubeConfig {
  const hide = <T extends object>(value: T, fields: readonly string[], by: string): T =>
    Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fields.includes(key) ? by : each])) as T;
  return {
    ...settings,
    clusters: (settings.clusters ?? []).map((each) => ({
      ...each,
      cluster: hide(each.cluster, ["certificate-authority-data"], "DATA+OMITTED"),
    })),
    users: (settings.users ?? []).map((each) => ({
      ...each,
      user: hide(hide(each.user, ["client-certificate-data", "client-key-data"], "DATA+OMITTED"), ["token", "password"], "REDACTED"),
    })),
  };
}
