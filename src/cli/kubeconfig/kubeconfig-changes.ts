import * as host from "../../host/cli-host.ts";
import type { CommandContext } from "../command.ts";
import {
  explicitFiles,
  loadAsWritten,
  loadConfig,
  loadFiles,
  mergeConfigs,
  ownConfigFile,
  parseConfig,
  type KubeConfig,
} from "./kubeconfig.ts";

/** What the files say together; files that are not there say nothing. With `flattened`, paths are absolute. */
export async function load(context: CommandContext, flattened = false): Promise<KubeConfig> {
  const files = explicitFiles(context.flags.text("kubeconfig"));
  if (!files) return loadConfig("");
  const present = files.filter((file) => host.findText(file) !== undefined);
  return present.length === 0 ? mergeConfigs([]) : flattened ? loadFiles(present, context.logger) : loadAsWritten(present, context.logger);
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
  const copy = structuredClone(settings);
  change(copy);
  relativize(copy, host.folderOf(host.absolutePath(file)));
  // Nothing to change, nothing to write: the file keeps its looks.
  if (canonical(copy) === canonical(settings) && text !== undefined) return file;
  const saved = normalized(copy);
  if (files) host.writeText(file, (await import("../../api/yaml.ts")).renderYaml(saved));
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

/** Whatever the order of its fields, and whether empty ones are written. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(
          Object.entries(each)
            .filter(([, field]) => field !== "" && field !== null)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : each,
  );

/** Files below the kubeconfig's folder are named from there. Upstream: clientcmd.RelativizePathWithNoBacksteps */
function relativize(settings: KubeConfig, folder: string): void {
  const fix = (entry: Record<string, unknown> | undefined, fields: readonly string[]) => {
    for (const field of fields) {
      const path = entry?.[field];
      if (entry && typeof path === "string" && path.startsWith(`${folder}/`)) entry[field] = path.slice(folder.length + 1);
    }
  };
  for (const { cluster } of settings.clusters ?? []) fix(cluster as Record<string, unknown>, ["certificate-authority"]);
  for (const { user } of settings.users ?? []) fix(user as Record<string, unknown>, ["client-certificate", "client-key", "tokenFile"]);
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
