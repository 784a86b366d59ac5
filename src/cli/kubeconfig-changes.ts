import * as host from "../host/cli-host.ts";
import type { CommandContext } from "./command.ts";
import { explicitFiles, loadConfig, loadFiles, mergeConfigs, ownConfigFile, parseConfig, type KubeConfig } from "./kubeconfig.ts";

/** What the files say together; files that are not there say nothing. */
export async function load(context: CommandContext): Promise<KubeConfig> {
  const files = explicitFiles(context.flags.text("kubeconfig"));
  if (!files) return loadConfig("");
  const present = files.filter((file) => host.findText(file) !== undefined);
  return present.length === 0 ? mergeConfigs([]) : loadFiles(present, context.logger);
}
export const currentOf = (settings: KubeConfig) => settings["current-context"] ?? "";

export type Field = "clusters" | "contexts" | "users";

/** Changes the file that holds the entry, or else the first that is there; kubesim's own choices go to its own file. Upstream: clientcmd.ModifyConfig */
export async function modify(
  context: CommandContext,
  change: (settings: KubeConfig) => void,
  entry?: { readonly field: Field; readonly name: string },
): Promise<string> {
  const files = explicitFiles(context.flags.text("kubeconfig"));
  const file = files ? await fileOf(files, entry) : ownConfigFile();
  const text = host.findText(file);
  const settings: KubeConfig = text === undefined ? {} : await parseConfig(text);
  const before = JSON.stringify(settings);
  const copy = JSON.parse(before) as KubeConfig;
  change(copy);
  // Nothing to change, nothing to write: the file keeps its looks.
  if (JSON.stringify(copy) === before && text !== undefined) return file;
  const saved = normalized(copy);
  if (files) host.writeText(file, (await import("../api/yaml.ts")).renderYaml(saved));
  else
    host.writeText(
      file,
      `${JSON.stringify({ ...saved, clusters: saved.clusters ?? [], contexts: saved.contexts ?? [], users: saved.users ?? [] }, null, 2)}\n`,
    );
  return file;
}

/** Replaces an entry where it stands, or adds it. */
export function put(own: KubeConfig, field: Field, name: string, content: object): void {
  const list = (own[field] ?? []) as { name: string }[];
  const fresh = { name, ...content };
  const at = list.findIndex((each) => each.name === name);
  own[field] = (at < 0 ? [...list, fresh] : list.with(at, fresh)) as never;
}

async function fileOf(files: readonly string[], entry: { readonly field: Field; readonly name: string } | undefined): Promise<string> {
  const present = files.filter((file) => host.findText(file) !== undefined);
  if (entry && present.length > 1)
    for (const file of present) {
      const settings = await parseConfig(host.readText(file));
      if (settings[entry.field]?.some(({ name }) => name === entry.name)) return file;
    }
  return present[0] ?? files.at(-1) ?? "";
}

/** As clientcmd writes it: entries by name, no empty preferences. */
function normalized(settings: KubeConfig): KubeConfig {
  const { preferences, ...rest } = settings;
  const sorted = <T extends { name: string }>(list: T[] | null | undefined): T[] | null =>
    list?.length ? [...list].sort((a, b) => (a.name < b.name ? -1 : 1)) : null;
  return {
    ...rest,
    ...(Object.keys(preferences ?? {}).length > 0 ? { preferences: preferences ?? {} } : {}),
    apiVersion: "v1",
    kind: "Config",
    clusters: sorted(settings.clusters),
    contexts: sorted(settings.contexts),
    users: sorted(settings.users),
    "current-context": settings["current-context"] ?? "",
  };
}
