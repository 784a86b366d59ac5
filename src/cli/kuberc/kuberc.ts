import * as host from "../../host/cli-host.ts";
import type { Logger } from "../connection/klog.ts";

/** Preferences of a user: defaults for flags, aliases, which credential plugins may run. Upstream: k8s.io/kubectl/pkg/config/types.go */
export interface Preference {
  readonly defaults: readonly CommandDefaults[];
  readonly aliases: readonly AliasOverride[];
  readonly credentialPluginPolicy?: string;
  readonly credentialPluginAllowlist?: readonly AllowlistEntry[];
}

export interface CommandDefaults {
  readonly command: string;
  readonly options: readonly OptionDefault[];
}

export interface AliasOverride extends CommandDefaults {
  readonly name: string;
  readonly prependArgs?: readonly string[] | null;
  readonly appendArgs?: readonly string[] | null;
}

export interface OptionDefault {
  readonly name: string;
  readonly default: string;
}

export interface AllowlistEntry {
  readonly name?: string;
  readonly command?: string;
}

/** Which exec credential plugins may run. */
export type PluginPolicy = Pick<Preference, "credentialPluginPolicy" | "credentialPluginAllowlist">;

export const isKubercDisabled = (): boolean => host.environment("KUBECTL_KUBERC")?.toLowerCase() === "false";

/** Whether there is a file to look into: the price of preferences for who has none. */
export function mayHavePreferences(argv: readonly string[]): boolean {
  if (host.environment("KUBERC") || argv.some((word) => word.includes("--kuberc"))) return true;
  return host.pathKind(standardFile()) !== undefined;
}

const standardFile = () => host.joinPath(host.homeFolder(), ".kube", "kuberc");

/** The file, and whether somebody named it; undefined when preferences are turned off. Upstream: kuberc.LoadKuberc */
export function kubercFile(flag: string): { readonly file: string; readonly explicit: boolean } | undefined {
  const variable = host.environment("KUBERC") ?? "";
  if (variable === "off") {
    if (flag !== "") throw new Error("disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive");
    return undefined;
  }
  const standard = standardFile();
  const file = flag !== "" && flag !== standard ? flag : variable || standard;
  return { file, explicit: flag !== "" || variable !== "" };
}

/** The preferences that count, or none; problems of a file that nobody named are only told. Upstream: kuberc.DefaultGetPreferences */
export async function loadPreference(
  flag: string,
  tell: (text: string) => void,
  logger: Logger | undefined,
): Promise<Preference | undefined> {
  const place = kubercFile(flag);
  if (!place) return undefined;
  const { file, explicit } = place;
  const text = host.findText(file);
  if (text === undefined) {
    if (explicit) throw new Error(`kuberc: open ${file}: no such file or directory`);
    return undefined;
  }
  const { decodePreference } = await import("./kuberc-decode.ts");
  try {
    const decoded = decodePreference(text, file, logger);
    if (decoded && decoded.strictError !== "") tell(`kuberc: ignoring strict decoding error in ${file}: ${decoded.strictError}`);
    return decoded?.preference;
  } catch (error) {
    const { message } = error as Error;
    if (explicit) throw new Error(`kuberc: ${message}`, { cause: error });
    tell(`kuberc: no preferences loaded from ${file}: ${message}`);
    return undefined;
  }
}

/** Upstream: Preferences.validate */
export function validatePreference(preference: Preference): void {
  const names = new Set<string>();
  for (const alias of preference.aliases) {
    if (!/^[a-zA-Z]+$/.test(alias.name)) throw new Error("invalid alias name, can only include alphabetical characters");
    checkOptions(alias.options);
    if (names.has(alias.name)) throw new Error(`duplicate alias name ${alias.name}`);
    names.add(alias.name);
  }
  for (const { options } of preference.defaults) checkOptions(options);
  validatePolicy(preference);
}

function checkOptions(options: readonly OptionDefault[]): void {
  for (const { name } of options) if (name.startsWith("-")) throw new Error(`flag name ${name} should be in long form without dashes`);
}

/** Upstream: client-go/plugin/pkg/client/auth/exec ValidatePluginPolicy */
function validatePolicy({ credentialPluginPolicy: policy = "", credentialPluginAllowlist: allowlist }: PluginPolicy): void {
  if (["", "AllowAll", "DenyAll"].includes(policy)) {
    if (allowlist)
      throw new Error(`misconfigured credential plugin allowlist: plugin policy is ${JSON.stringify(policy)} but allowlist is non-nil`);
    return;
  }
  if (policy !== "Allowlist") throw new Error(`unknown plugin policy: ${JSON.stringify(policy)}`);
  if (!allowlist) throw new Error('credential plugin policy set to "Allowlist", but allowlist is unspecified');
  if (allowlist.length === 0)
    throw new Error('credential plugin policy set to "Allowlist", but allowlist is empty; use "DenyAll" policy instead');
  for (const [index, { command = "" }] of allowlist.entries()) {
    if (command === "") throw new Error(`misconfigured credential plugin allowlist: empty allowlist entry #${index + 1}`);
    const clean = host.cleanPath(command);
    if (clean !== command) throw new Error(`non-normalized file path: ${JSON.stringify(command)} vs ${JSON.stringify(clean)}`);
  }
}
