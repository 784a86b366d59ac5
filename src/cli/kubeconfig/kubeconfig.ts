import * as host from "../../host/cli-host.ts";
import type { Logger } from "../connection/klog.ts";

export interface KubeConfig {
  apiVersion?: string;
  kind?: string;
  preferences?: Record<string, unknown>;
  clusters?: { name: string; cluster: ClusterEntry }[] | null;
  users?: { name: string; user: UserEntry }[] | null;
  contexts?: { name: string; context: ContextEntry }[] | null;
  "current-context"?: string;
}

export interface ClusterEntry {
  server?: string;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "tls-server-name"?: string;
  "proxy-url"?: string;
}

export interface UserEntry {
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  "as-uid"?: string;
  "as-groups"?: string[];
  "as-user-extra"?: Record<string, string[]>;
  "auth-provider"?: { name: string };
  exec?: ExecEntry;
}

/** A program that says who the user is. */
export interface ExecEntry {
  apiVersion?: string;
  command?: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
  interactiveMode?: string;
  provideClusterInfo?: boolean;
}

export interface ContextEntry {
  cluster?: string;
  user?: string;
  namespace?: string;
}

export const kubesimHome = (): string => host.environment("KUBESIM_HOME") ?? host.joinPath(host.homeFolder(), ".kubesim");

/** The user's own choices (namespaces, current context), kept beside the clusters as JSON. */
export const ownConfigFile = (): string => host.joinPath(kubesimHome(), "kubeconfig");
export const clusterFolder = (name: string): string => host.joinPath(kubesimHome(), "clusters", name);

/** The files that hold the configuration: the flag's, $KUBECONFIG's, or undefined for kubesim's own clusters. */
export function explicitFiles(flag: string): string[] | undefined {
  if (flag !== "") return [flag];
  const variable = host.environment("KUBECONFIG");
  return variable ? variable.split(":").filter((file) => file !== "") : undefined;
}

/** Those of them that count: of $KUBECONFIG's, files that are not there say nothing. */
export function readableFiles(flag: string): string[] | undefined {
  const files = explicitFiles(flag);
  return flag === "" ? files?.filter((file) => host.pathKind(file) !== undefined) : files;
}

export async function parseConfig(text: string): Promise<KubeConfig> {
  if (text.startsWith("{")) return JSON.parse(text) as KubeConfig;
  const { parseYamlDocuments } = await import("../../api/parse-yaml.ts");
  const parsed = parseYamlDocuments(text)[0] ?? {};
  if (typeof parsed !== "object" || Array.isArray(parsed))
    throw new Error(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(parsed) ? "array" : typeof parsed} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  const { apiVersion = "v1", kind = "Config" } = parsed as KubeConfig;
  if (apiVersion !== "v1" || kind !== "Config")
    throw new Error(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50"`,
    );
  checkTypes(parsed as Record<string, unknown>);
  return parsed as KubeConfig;
}

const LISTS = { clusters: "NamedCluster", users: "NamedAuthInfo", contexts: "NamedContext" };

function checkTypes(parsed: Readonly<Record<string, unknown>>): void {
  const fail = (field: string, value: unknown, type: string) => {
    const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    throw new Error(`json: cannot unmarshal ${kind} into Go struct field Config.${field} of type ${type}`);
  };
  const current = parsed["current-context"] ?? "";
  if (typeof current !== "string") fail("current-context", current, "string");
  for (const [field, type] of Object.entries(LISTS)) {
    const list = parsed[field] ?? [];
    if (!Array.isArray(list)) fail(field, list, `[]v1.${type}`);
    for (const each of list as Record<string, Record<string, unknown>>[])
      for (const [key, value] of Object.entries(each[field.slice(0, -1)] ?? {}))
        if (key.endsWith("-data") && typeof value === "string") checkBase64(value);
  }
}

function checkBase64(value: string): void {
  const at = illegalBase64At(value.replace(/[\r\n]/g, ""));
  if (at >= 0) throw new Error(`illegal base64 data at input byte ${at}`);
}

/** Where Go stops to read it, or -1. */
export const illegalBase64At = (text: string): number =>
  /[^A-Za-z0-9+/=]/.exec(text)?.index ?? (text.length % 4 === 0 ? -1 : text.length - (text.length % 4));

/** Merges configurations: of two entries with one name the first counts, field by field for contexts. */
export function mergeConfigs(configs: readonly KubeConfig[]): KubeConfig {
  const clusters = new Map<string, ClusterEntry>();
  const users = new Map<string, UserEntry>();
  const contexts = new Map<string, ContextEntry>();
  let current = "";
  for (const config of configs) {
    for (const { name, cluster } of config.clusters ?? []) if (!clusters.has(name)) clusters.set(name, cluster);
    for (const { name, user } of config.users ?? []) if (!users.has(name)) users.set(name, user);
    for (const { name, context } of config.contexts ?? []) contexts.set(name, { ...context, ...contexts.get(name) });
    current ||= config["current-context"] ?? "";
  }
  return {
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    clusters: [...clusters].map(([name, cluster]) => ({ name, cluster })).sort(byName),
    users: [...users].map(([name, user]) => ({ name, user })).sort(byName),
    contexts: [...contexts].map(([name, context]) => ({ name, context })).sort(byName),
    "current-context": current,
  };
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

export async function loadFiles(files: readonly string[], logger?: Logger): Promise<KubeConfig> {
  return mergeConfigs(
    (await readFiles(files, logger)).map(({ file, config }) => withAbsolutePaths(config, host.folderOf(host.absolutePath(file)))),
  );
}

/** As they are written: relative paths stay so. */
export async function loadAsWritten(files: readonly string[], logger?: Logger): Promise<KubeConfig> {
  return mergeConfigs((await readFiles(files, logger)).map(({ config }) => config));
}

async function readFiles(files: readonly string[], logger: Logger | undefined): Promise<{ file: string; config: KubeConfig }[]> {
  const configs: { file: string; config: KubeConfig }[] = [];
  for (const file of files) {
    if (host.pathKind(file) === "folder")
      throw new Error(`error loading config file ${JSON.stringify(file)}: read ${file}: is a directory`);
    const text = host.findText(file);
    if (text === undefined) {
      if (files.length === 1) throw new Error(`stat ${file}: no such file or directory`);
      continue;
    }
    configs.push({ file, config: await parseFile(file, text) });
    logger?.text(6, "loader.go:407", `Config loaded from file:  ${file}`);
  }
  return configs;
}

async function parseFile(file: string, text: string): Promise<KubeConfig> {
  try {
    return await parseConfig(text);
  } catch (error) {
    throw new Error(`error loading config file ${JSON.stringify(file)}: ${(error as Error).message}`, { cause: error });
  }
}

function withAbsolutePaths(config: KubeConfig, folder: string): KubeConfig {
  const absolute = (file: string) => (file.startsWith("/") ? file : host.joinPath(folder, file));
  const fix = <T extends object>(entry: T, fields: readonly (keyof T)[]): T => {
    const copy = { ...entry };
    for (const field of fields)
      if (typeof copy[field] === "string" && copy[field] !== "") copy[field] = absolute(String(copy[field])) as T[keyof T];
    return copy;
  };
  return {
    ...config,
    clusters: (config.clusters ?? []).map((each) => ({
      ...each,
      cluster: fix(each.cluster ?? {}, ["certificate-authority"]),
    })),
    users: (config.users ?? []).map((each) => ({
      ...each,
      user: withAbsoluteCommand(fix(each.user ?? {}, ["client-certificate", "client-key", "tokenFile"]), absolute),
    })),
  };
}

/** A bare name is looked for on the PATH. */
const withAbsoluteCommand = (user: UserEntry, absolute: (file: string) => string): UserEntry =>
  user.exec?.command?.includes("/") ? { ...user, exec: { ...user.exec, command: absolute(user.exec.command) } } : user;

/** Kubesim's own configuration: the user's choices over what the daemons wrote. */
export async function loadOwn(): Promise<KubeConfig> {
  const configs: KubeConfig[] = [];
  const chosen = host.findText(ownConfigFile());
  if (chosen !== undefined) configs.push(await parseConfig(chosen));
  const folder = host.joinPath(kubesimHome(), "clusters");
  const names = host.pathKind(folder) === "folder" ? host.listFolder(folder) : [];
  names.sort((a, b) => Number(b === "default") - Number(a === "default"));
  for (const name of names) {
    const text = host.findText(host.joinPath(folder, name, "kubeconfig"));
    if (text !== undefined) configs.push(await parseConfig(text));
  }
  return mergeConfigs(configs);
}

export async function loadConfig(flag: string): Promise<KubeConfig> {
  const files = readableFiles(flag);
  return files ? loadFiles(files) : loadOwn();
}
