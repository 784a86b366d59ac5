import * as host from "../host/cli-host.ts";
import { findRunningDaemon, ensureDaemon } from "../host/cli-daemon.ts";
import type { HttpTarget } from "../host/cli-http.ts";
import type { Flags } from "./flags.ts";
import { ExitError } from "./errors.ts";
import type { Io } from "./io.ts";
import type { Logger } from "./klog.ts";
import {
  clusterFolder,
  explicitFiles,
  kubesimHome,
  loadFiles,
  loadOwn,
  ownConfigFile,
  type ClusterEntry,
  type KubeConfig,
  type UserEntry,
} from "./kubeconfig.ts";

/** Where requests go, as whom, and the namespace they mean. */
export interface Connection {
  readonly target: HttpTarget;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** host:port, as messages name the server. */
  readonly address: string;
  readonly namespace: string;
  /** Whether the namespace was chosen on the command line. */
  readonly explicitNamespace: boolean;
  /** When the command line asks for what it sends and gets. */
  readonly logger?: Logger | undefined;
}

const FLAGS_OF_A_SERVER = [
  "server",
  "cluster",
  "user",
  "token",
  "username",
  "client-certificate",
  "certificate-authority",
  "insecure-skip-tls-verify",
  "tls-server-name",
];

interface ConnectOptions {
  readonly logger?: Logger | undefined;
  /** Whether a cluster of kubesim's own that does not run is started. */
  readonly mayStart?: boolean;
}

/** Finds the cluster that the flags and the environment mean; starts kubesim's own when it is meant and does not run. */
export async function connect(flags: Flags, io: Io, { logger, mayStart = true }: ConnectOptions = {}): Promise<Connection> {
  const files = explicitFiles(flags.text("kubeconfig"));
  const own = files === undefined && !FLAGS_OF_A_SERVER.some((name) => flags.has(name));
  const connection = own
    ? await connectOwn(flags, io, mayStart)
    : fromConfig(files ? await loadFiles(files, logger) : flags.has("server") ? {} : await loadOwn(), flags);
  if (!logger) return connection;
  for (const [feature, enabled] of CLIENT_FEATURES)
    logger.info(1, "envvar.go:195", "Feature gate default state", [
      ["feature", feature],
      ["enabled", enabled],
    ]);
  return { ...connection, logger };
}

/** Upstream: client-go/features/known_features.go; upstream logs them in a random order. */
const CLIENT_FEATURES: readonly (readonly [string, boolean])[] = [
  ["AtomicFIFO", true],
  ["ClientsAllowCARotation", true],
  ["ClientsAllowCBOR", false],
  ["ClientsAllowTLSCacheGC", true],
  ["ClientsPreferCBOR", false],
  ["InOrderInformers", true],
  ["InOrderInformersBatchProcess", true],
  ["InformerResourceVersion", true],
  ["UnlockWhileProcessingFIFO", true],
  ["WatchListClient", true],
];

/** The namespace that the flags or the context mean, without a server. */
export async function namespaceOf(flags: Flags): Promise<string> {
  if (flags.has("namespace")) return flags.text("namespace");
  const files = explicitFiles(flags.text("kubeconfig"));
  const config = files ? await loadFiles(files).catch(() => ({}) as KubeConfig) : await ownChoices();
  const wanted = flags.text("context") || config["current-context"] || (files ? "" : "kubesim");
  return config.contexts?.find((context) => context.name === wanted)?.context.namespace || "default";
}

async function ownChoices(): Promise<KubeConfig> {
  const text = host.findText(ownConfigFile());
  return text === undefined ? {} : text.startsWith("{") ? (JSON.parse(text) as KubeConfig) : loadFiles([ownConfigFile()]);
}

/** Kubesim's own clusters need no YAML: daemon.json names the local socket, and the user's choices are JSON. */
async function connectOwn(flags: Flags, io: Io, mayStart: boolean): Promise<Connection> {
  const choices = await ownChoices();
  const context = flags.text("context") || choices["current-context"] || "kubesim";
  const entry = choices.contexts?.find((each) => each.name === context)?.context;
  const cluster = clusterOfContext(entry?.cluster ?? context);
  if (cluster === undefined || (flags.has("context") && cluster !== "default" && host.pathKind(clusterFolder(cluster)) === undefined)) {
    return fromConfig(await loadOwn(), flags);
  }
  let daemon = findRunningDaemon(kubesimHome(), cluster);
  if (!daemon) {
    if (!mayStart) throw new Error(`the cluster ${JSON.stringify(cluster)} does not run`);
    io.err(`Starting the cluster ${JSON.stringify(cluster)} ...\n`);
    daemon = await ensureDaemon(kubesimHome(), cluster);
  }
  const namespace = flags.text("namespace") || entry?.namespace || "default";
  const base = {
    namespace,
    explicitNamespace: flags.has("namespace"),
    headers: impersonation(flags, context),
    address: daemon.url.replace(/^https?:\/\//, ""),
  };
  if (daemon.socket !== undefined) return { ...base, target: { url: daemon.url, socketPath: daemon.socket } };
  const config = await loadOwn();
  return fromConfig({ ...config, "current-context": context }, flags);
}

/** "kubesim" is the cluster "default", "kubesim-x" the cluster "x". */
function clusterOfContext(name: string): string | undefined {
  if (name === "kubesim") return "default";
  return name.startsWith("kubesim-") ? name.slice("kubesim-".length) : undefined;
}

function fromConfig(config: KubeConfig, flags: Flags): Connection {
  const contextName = flags.text("context") || config["current-context"] || "";
  const context = config.contexts?.find((each) => each.name === contextName)?.context;
  if (contextName !== "" && !context && (flags.has("context") || config.contexts))
    throw new ExitError(`Error in configuration: context was not found for specified context: ${contextName}`);
  const clusterName = flags.text("cluster") || context?.cluster || "";
  const cluster: ClusterEntry = config.clusters?.find((each) => each.name === clusterName)?.cluster ?? {};
  if (flags.has("cluster") && cluster.server === undefined) throw new Error(`no server found for cluster ${JSON.stringify(clusterName)}`);
  // Where roles are bound, --user is somebody else, and there may be many.
  const isAsked = flags.has("user") && flags.list("user").length === 0;
  const userName = (isAsked ? flags.text("user") : "") || context?.user || "";
  if (isAsked && !config.users?.some((each) => each.name === userName))
    throw new Error(`auth info ${JSON.stringify(userName)} does not exist`);
  const user: UserEntry = config.users?.find((each) => each.name === userName)?.user ?? {};
  const url = serverUrl(flags.text("server") || cluster.server || "http://localhost:8080", flags);
  const names = new Map([
    ["certificate-authority", clusterName],
    ["client-cert", userName],
    ["client-key", userName],
  ]);
  return {
    target: { url, ...certificates(cluster, user, flags, names) },
    headers: { ...credentials(user, flags), ...impersonation(flags, userName) },
    address: url.replace(/^https?:\/\//, "").replace(/\/.*$/, ""),
    namespace: flags.text("namespace") || context?.namespace || "default",
    explicitNamespace: flags.has("namespace"),
  };
}

function serverUrl(server: string, flags: Flags): string {
  if (/^https?:\/\//.test(server)) return server.replace(/\/$/, "");
  return `${flags.has("certificate-authority") || flags.has("client-certificate") ? "https" : "http"}://${server}`;
}

function certificates(cluster: ClusterEntry, user: UserEntry, flags: Flags, names: ReadonlyMap<string, string>) {
  const text = (data: string | undefined, file: string | undefined, what: string) => {
    if (data) return Buffer.from(data, "base64").toString("utf8");
    if (!file) return undefined;
    const found = host.findText(file);
    if (found === undefined)
      throw new Error(`unable to read ${what} ${file} for ${names.get(what) ?? ""} due to open ${file}: no such file or directory`);
    return found;
  };
  return {
    ca: text(
      flags.has("certificate-authority") ? undefined : cluster["certificate-authority-data"],
      flags.text("certificate-authority") || cluster["certificate-authority"],
      "certificate-authority",
    ),
    cert: text(
      flags.has("client-certificate") ? undefined : user["client-certificate-data"],
      flags.text("client-certificate") || user["client-certificate"],
      "client-cert",
    ),
    key: text(flags.has("client-key") ? undefined : user["client-key-data"], flags.text("client-key") || user["client-key"], "client-key"),
    insecure: flags.bool("insecure-skip-tls-verify") || cluster["insecure-skip-tls-verify"],
    serverName: flags.text("tls-server-name") || cluster["tls-server-name"],
  };
}

function credentials(user: UserEntry, flags: Flags): Record<string, string> {
  const token = flags.text("token") || user.token || (user.tokenFile ? host.readText(user.tokenFile).trim() : "");
  if (token) return { Authorization: `Bearer ${token}` };
  const name = flags.text("username") || user.username;
  return name
    ? {
        Authorization: `Basic ${Buffer.from(`${name}:${flags.text("password") || user.password || ""}`).toString("base64")}`,
      }
    : {};
}

function impersonation(flags: Flags, userName: string): Record<string, string | string[]> {
  const user = flags.text("as");
  const [uid, groups, extra] = [flags.text("as-uid"), flags.list("as-group"), flags.list("as-user-extra")];
  if (user === "" && (uid !== "" || groups.length > 0 || extra.length > 0))
    throw new Error(`requesting uid, groups or user-extra for ${userName} without impersonating a user`);
  return {
    ...(user === "" ? {} : { "Impersonate-User": user }),
    ...(uid === "" ? {} : { "Impersonate-Uid": uid }),
    ...(groups.length === 0 ? {} : { "Impersonate-Group": groups }),
    ...extraHeaders(extra),
  };
}

/** `reason=test` */
function extraHeaders(pairs: readonly string[]): Record<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const pair of pairs) {
    const [key = "", ...value] = pair.split("=");
    const name = `Impersonate-Extra-${encodeURIComponent(key)}`;
    headers.set(name, [...(headers.get(name) ?? []), value.join("=")]);
  }
  return Object.fromEntries(headers);
}
