import * as host from "../../host/cli-host.ts";
import { messageOf } from "../errors.ts";
import type { PluginPolicy } from "../kuberc/kuberc.ts";
import type { ClusterEntry, ExecEntry } from "../kubeconfig/kubeconfig.ts";

/** What a plugin says of its user. */
export interface ExecCredential {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
}

interface Plugin {
  readonly exec: ExecEntry;
  readonly cluster: ClusterEntry & { readonly server: string; readonly ca?: string | undefined };
  readonly policy: PluginPolicy;
}

const VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
const NOT_INSTALLED =
  "\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\nTo learn more about this feature, consult the documentation available at:\n      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins";

/** What is wrong with an entry before anything runs. Upstream: clientcmd validateAuthInfo */
export function checkExec({ apiVersion = "", command = "", interactiveMode }: ExecEntry, user: string): void {
  if (command === "") throw new Error(`command must be specified for ${user} to use exec authentication plugin`);
  if (apiVersion === "") throw new Error(`apiVersion must be specified for ${user} to use exec authentication plugin`);
  if (interactiveMode === undefined && apiVersion === VERSIONS[0])
    throw new Error(`interactiveMode must be specified for ${user} to use exec authentication plugin`);
  if (interactiveMode !== undefined && !["Never", "IfAvailable", "Always"].includes(interactiveMode))
    throw new Error(`invalid interactiveMode for ${user}: ${JSON.stringify(interactiveMode)}`);
  if (!VERSIONS.includes(apiVersion)) throw new Error(`exec plugin: invalid apiVersion ${JSON.stringify(apiVersion)}`);
}

/** Runs the plugin for a credential. Upstream: client-go/plugin/pkg/client/auth/exec */
export async function execCredential({ exec, cluster, policy }: Plugin): Promise<ExecCredential> {
  const interactive = isInteractive(exec);
  const command = exec.command ?? "";
  checkPolicy(command, policy);
  const { apiVersion = "" } = exec;
  const info = {
    kind: "ExecCredential",
    apiVersion,
    spec: { ...(exec.provideClusterInfo ? { cluster: clusterInfo(cluster) } : {}), interactive },
  };
  const env = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
  const outcome = await host.runForOutput(command, exec.args ?? [], {
    env: { ...env, KUBERNETES_EXEC_INFO: `${JSON.stringify(info)}\n` },
    interactive,
  });
  if (outcome.code === "ENOENT" && !command.includes("/"))
    throw new Error(`exec: executable ${command} not found${NOT_INSTALLED}${exec.installHint ? `\n\n${exec.installHint}` : ""}`);
  if (outcome.code === "ENOENT") throw new Error(`exec: fork/exec ${command}: no such file or directory`);
  if (outcome.code === "EACCES") throw new Error(`exec: fork/exec ${command}: permission denied`);
  if (outcome.code !== 0) throw new Error(`exec: executable ${command} failed with exit code ${outcome.code}`);
  return credentialIn(outcome.output, apiVersion);
}

function isInteractive({ interactiveMode }: ExecEntry): boolean {
  const terminal = host.isTerminal("in");
  if (interactiveMode === "Always" && !terminal)
    throw new Error("exec plugin cannot support interactive mode: standard input is not a terminal");
  return interactiveMode !== "Never" && terminal;
}

function checkPolicy(command: string, { credentialPluginPolicy: kind, credentialPluginAllowlist: allowlist = [] }: PluginPolicy): void {
  if (kind === "DenyAll") throw new Error(`plugin ${JSON.stringify(command)} not allowed: policy set to "DenyAll"`);
  if (kind !== "Allowlist") return;
  const found = command.includes("/") ? command : (host.findProgram(command) ?? command);
  const allowed = allowlist.some(
    (entry) => entry.command === command || entry.command === found || host.findProgram(entry.command ?? "") === found,
  );
  if (!allowed) throw new Error(`plugin path ${JSON.stringify(found)} is not permitted by the credential plugin allowlist`);
}

function clusterInfo(cluster: Plugin["cluster"]) {
  return {
    server: cluster.server,
    ...(cluster["tls-server-name"] ? { "tls-server-name": cluster["tls-server-name"] } : {}),
    ...(cluster["insecure-skip-tls-verify"] ? { "insecure-skip-tls-verify": true } : {}),
    ...(cluster.ca === undefined ? {} : { "certificate-authority-data": Buffer.from(cluster.ca).toString("base64") }),
    config: null,
  };
}

function credentialIn(output: string, apiVersion: string): ExecCredential {
  let answer: { kind?: string; apiVersion?: string; status?: ExecCredential };
  try {
    answer = JSON.parse(output) as typeof answer;
  } catch (error) {
    const header =
      'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    throw new Error(`decoding stdout: couldn't get version/kind; json parse error: json: cannot unmarshal string into ${header}`, {
      cause: error,
    });
  }
  if (answer.apiVersion !== apiVersion)
    throw new Error(`exec plugin is configured to use API version ${apiVersion}, plugin returned version ${answer.apiVersion ?? ""}`);
  const { status } = answer;
  if (!status) throw new Error("exec plugin didn't return a status field");
  const { token, clientCertificateData: certificate, clientKeyData: key } = status;
  if (!token && !certificate && !key) throw new Error("exec plugin didn't return a token or cert/key pair");
  if (!certificate !== !key) throw new Error("exec plugin returned only certificate or key, not both");
  return status;
}

/** The credential, or why there is none: requests tell of it. */
export async function attempted(plugin: Plugin): Promise<ExecCredential | Error> {
  try {
    return await execCredential(plugin);
  } catch (error) {
    return new Error(`getting credentials: ${messageOf(error)}`, { cause: error });
  }
}
