import * as host from "../../host/cli-host.ts";
import { ConfigurationError, ExitError } from "../errors.ts";
import type { Flags } from "../flags.ts";
import type { ClusterEntry, UserEntry } from "../kubeconfig/kubeconfig.ts";

/** An entry of the kubeconfig that counts, with its name. */
export interface Named<T> {
  readonly name: string;
  readonly entry: T;
}

export interface Access {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure?: boolean | undefined;
  readonly serverName?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** How a user shows who they are, and how the server does. Upstream: client-go/tools/clientcmd client_config.go and validation.go */
export function accessOf(cluster: Named<ClusterEntry>, user: Named<UserEntry>, flags: Flags): Access {
  const tls = certificates(cluster, user, flags);
  const headers = { ...credentials(user, flags), ...impersonation(user, flags) };
  checkPem(tls);
  return { ...tls, headers };
}

function certificates(
  { name: clusterName, entry: cluster }: Named<ClusterEntry>,
  { name: userName, entry: user }: Named<UserEntry>,
  flags: Flags,
) {
  const problems: string[] = [];
  const text = (what: string, field: "certificate-authority" | "client-certificate" | "client-key", owner: string): string | undefined => {
    const entry = (field === "certificate-authority" ? cluster : user) as Readonly<Record<string, string | undefined>>;
    const data = flags.has(field) ? undefined : entry[`${field}-data`];
    if (data) return Buffer.from(data, "base64").toString("utf8");
    const file = flags.text(field) || entry[field];
    if (!file) return undefined;
    const found = host.findText(file);
    if (found === undefined) problems.push(`unable to read ${what} ${file} for ${owner} due to open ${file}: no such file or directory`);
    return found;
  };
  const tls = {
    ca: text("certificate-authority", "certificate-authority", clusterName),
    cert: text("client-cert", "client-certificate", userName),
    key: text("client-key", "client-key", userName),
    insecure: flags.bool("insecure-skip-tls-verify") || cluster["insecure-skip-tls-verify"],
    serverName: flags.text("tls-server-name") || cluster["tls-server-name"],
  };
  const [problem] = problems;
  if (problems.length > 1) throw new ExitError(`Error in configuration: \n${problems.map((each) => `* ${each}\n`).join("")}`);
  if (problem !== undefined) throw new ConfigurationError(problem);
  // The flag stands for itself: what the file trusts does not count then.
  if (flags.bool("insecure-skip-tls-verify") && !flags.has("certificate-authority")) return { ...tls, ca: undefined };
  if (tls.insecure && tls.ca !== undefined) throw new Error("specifying a root certificates file with the insecure flag is not allowed");
  return tls;
}

const isPem = (text: string) => text.includes("-----BEGIN ");

function checkPem({ ca, cert, key }: Pick<Access, "ca" | "cert" | "key">): void {
  if (ca !== undefined && !isPem(ca)) throw new Error("unable to load root certificates: unable to parse bytes as PEM block");
  if (cert !== undefined && !isPem(cert)) throw new Error("tls: failed to find any PEM data in certificate input");
  if (key !== undefined && !isPem(key)) throw new Error("tls: failed to find any PEM data in key input");
}

function credentials({ name, entry: user }: Named<UserEntry>, flags: Flags): Record<string, string> {
  const token = flags.text("token") || user.token || (user.tokenFile ? tokenIn(user.tokenFile) : "");
  const username = flags.text("username") || user.username;
  if (flags.has("token") && flags.has("username"))
    throw new Error(`more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`);
  if (token) return { Authorization: `Bearer ${token}` };
  if (!username) return {};
  return { Authorization: `Basic ${Buffer.from(`${username}:${flags.text("password") || user.password || ""}`).toString("base64")}` };
}

function tokenIn(file: string): string {
  const text = host.findText(file);
  if (text === undefined) throw new Error(`open ${file}: no such file or directory`);
  return text.trim();
}

/** Who is acted as: the flags over the kubeconfig's entry. */
export function impersonation({ name, entry: user }: Named<UserEntry>, flags: Flags): Record<string, string | string[]> {
  const as = flags.text("as") || user.as;
  const groups = flags.has("as-group") ? flags.list("as-group") : (user["as-groups"] ?? []);
  const uid = flags.text("as-uid") || user["as-uid"];
  const extra = flags.has("as-user-extra") ? extraOf(flags.list("as-user-extra")) : Object.entries(user["as-user-extra"] ?? {});
  if (!as && (groups.length > 0 || uid || extra.length > 0))
    throw new ConfigurationError(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
  return {
    ...(as ? { "Impersonate-User": as } : {}),
    ...(uid ? { "Impersonate-Uid": uid } : {}),
    ...(groups.length > 0 ? { "Impersonate-Group": [...groups] } : {}),
    ...Object.fromEntries(extra.map(([key, values]) => [`Impersonate-Extra-${key}`, [...values]])),
  };
}

/** key=value, several times for several values. */
function extraOf(pairs: readonly string[]): [string, string[]][] {
  const values = new Map<string, string[]>();
  for (const pair of pairs) {
    const cut = pair.indexOf("=");
    if (cut < 0) continue;
    const key = pair.slice(0, cut);
    values.set(key, [...(values.get(key) ?? []), pair.slice(cut + 1)]);
  }
  return [...values];
}
