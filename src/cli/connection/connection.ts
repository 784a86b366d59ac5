import * as host from "../../host/cli-host.ts";
import { findRunningDaemon, ensureDaemon } from "../../host/cli-daemon.ts";
import type { HttpTarget } from "../../host/cli-http.ts";
import type { Flags } from "../flags.ts";
import { ExitError } from "../errors.ts";
import type { Io } from "../io.ts";
import { requestTimeoutMs } from "../go-duration.ts";
import type { Logger } from "./klog.ts";
import {
  clusterFolder,
  kubesimHome,
  loadFiles,
  loadOwn,
  ownConfigFile,
  readableFiles,
  type ClusterEntry,
  type KubeConfig,
  type UserEntry,
} from "../kubeconfig/kubeconfig.ts";
import type { PluginPolicy } from "../kuberc/kuberc.ts";
import { accessOf, impersonation } from "./server-access.ts";

/** Where requests go, as whom, and the namespace they mean. */
export interface Connection {
  readonly target: HttpTarget;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** host:port, as messages name the server. */
  readonly address: string;
  readonly namespace: string;
  /** Whether the namespace was chosen on the command line. */
  readonly explicitNamespace: boolean;
  /** How long one answer may take; 0: as long as it takes. */
  readonly requestTimeoutMs: number;
  /** Why there are no credentials: no request can be sent. */
  readonly failure?: Error | undefined;
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

/** What a command line says of its server. */
interface Asked {
  readonly flags: Flags;
  readonly io: Io;
  readonly logger: Logger | undefined;
  readonly policy: PluginPolicy;
  /** Whether a cluster of kubesim's own that does not run is started. */
  readonly startsCluster: boolean;
}

/** Finds the cluster that the flags and the environment mean; starts kubesim's own when it is meant and does not run. */
export async function connect({ flags, io, logger, policy, startsCluster }: Asked): Promise<Connection> {
  const files = readableFiles(flags.text("kubeconfig"));
  const connection = isOwnCluster(flags, files)
    ? await connectOwn(flags, io, startsCluster)
    : await fromConfig(files ? await loadFiles(files, logger) : flags.has("server") ? {} : await loadOwn(), flags, policy);
  if (!logger) return connection;
  for (const [feature, enabled] of CLIENT_FEATURES)
    logger.info(1, "envvar.go:195", "Feature gate default state", [
      ["feature", feature],
      ["enabled", enabled],
    ]);
  return { ...connection, logger };
}

/** Without a kubeconfig and a flag that says where the server is, kubesim's own cluster is meant. */
export const isOwnCluster = (flags: Flags, files = readableFiles(flags.text("kubeconfig"))): boolean =>
  files === undefined && !FLAGS_OF_A_SERVER.some((name) => flags.has(name));

/** Whether a cluster of kubesim's own is meant: its connection needs no more than whom to act as. */
export function checkOwn(flags: Flags): boolean {
  if (!isOwnCluster(flags)) return false;
  impersonation({ name: flags.text("context") || "kubesim", entry: {} }, flags);
  return true;
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
  const files = readableFiles(flags.text("kubeconfig"));
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
    return fromConfig(await loadOwn(), flags, {});
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
    headers: impersonation({ name: context, entry: {} }, flags),
    requestTimeoutMs: requestTimeoutMs(flags),
    address: daemon.url.replace(/^https?:\/\//, ""),
  };
  if (daemon.socket !== undefined) return { ...base, target: { url: daemon.url, socketPath: daemon.socket } };
  const config = await loadOwn();
  return fromConfig({ ...config, "current-context": context }, flags, {});
}

/** "kubesim" is the cluster "default", "kubesim-x" the cluster "x". */
function clusterOfContext(name: string): string | undefined {
  if (name === "kubesim") return "default";
  return name.startsWith("kubesim-") ? name.slice("kubesim-".length) : undefined;
}

async function fromConfig(config: KubeConfig, flags: Flags, policy: PluginPolicy): Promise<Connection> {
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
  if (cluster["proxy-url"]) throw new Error(`kubesim goes through no proxies: proxy-url ${cluster["proxy-url"]} of cluster ${clusterName}`);
  // Upstream has none left either, but for oidc.
  const provider = user["auth-provider"]?.name;
  if (provider !== undefined) throw new Error(`no Auth Provider found for name ${JSON.stringify(provider)}`);
  const { headers, ...tls } = accessOf({ name: clusterName, entry: cluster }, { name: userName, entry: user }, flags);
  const connection = {
    target: { url, ...tls },
    headers,
    address: url.replace(/^\w+:\/\//, "").replace(/\/.*$/, ""),
    namespace: flags.text("namespace") || context?.namespace || "default",
    explicitNamespace: flags.has("namespace"),
    requestTimeoutMs: requestTimeoutMs(flags),
  };
  if (!user.exec || headers["Authorization"] || tls.cert) return connection;
  const { attempted, checkExec } = await import("./exec-credential.ts");
  checkExec(user.exec, userName);
  const credential = await attempted({ exec: user.exec, cluster: { ...cluster, server: url, ca: tls.ca }, policy });
  if (credential instanceof Error) return { ...connection, failure: credential };
  const { token, clientCertificateData, clientKeyData } = credential;
  return {
    ...connection,
    target: clientCertificateData ? { ...connection.target, cert: clientCertificateData, key: clientKeyData } : connection.target,
    headers: token ? { ...headers, Authorization: `Bearer ${token}` } : headers,
  };
}

function serverUrl(server: string, flags: Flags): string {
  if (server.startsWith("://")) throw new Error(`host must be a URL or a host:port pair: ${JSON.stringify(server)}`);
  if (/^\w+:\/\//.test(server)) return server.replace(/\/$/, "");
  return `${flags.has("certificate-authority") || flags.has("client-certificate") ? "https" : "http"}://${server}`;
}
