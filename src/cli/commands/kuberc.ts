import * as host from "../../host/cli-host.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { messageOf } from "../errors.ts";
import type { FlagSpec } from "../flags.ts";
import { kubercFile, type AliasOverride, type CommandDefaults, type OptionDefault } from "../kuberc/kuberc.ts";
import { findPrinter, OUTPUT_FLAGS, renderJson, unknownFormat, type ObjectPrinter } from "../printers/output.ts";

const API_VERSION = "kubectl.config.k8s.io/v1beta1";
const KUBERC_FLAG: FlagSpec = {
  name: "kuberc",
  type: "string",
  usage: "File with preferences. KUBECTL_KUBERC=false and KUBERC=off turn them off.",
};

/** What stands in the file. */
interface File {
  kind?: string;
  apiVersion?: string;
  defaults: CommandDefaults[] | null;
  aliases: AliasOverride[] | null;
  credentialPluginPolicy?: string;
  credentialPluginAllowlist?: { command?: string }[];
}

const view: CommandSpec = {
  usage: "",
  long: "Display the contents of the kuberc file in the output format given.",
  examples: "# The preferences\nkubectl kuberc view\n\n# As JSON\nkubectl kuberc view --output json",
  flags: [...OUTPUT_FLAGS.map((flag) => (flag.name === "output" ? { ...flag, default: "yaml" } : flag)), KUBERC_FLAG],
  async run(context) {
    const { file, explicit } = fileOf(context);
    const flags = context.flags.has("output") ? context.flags : context.flags.with({ output: "yaml" });
    const text = host.findText(file);
    if (text === undefined) {
      if (explicit) throw new Error(`kuberc file not found at ${file}`);
      return generate(context, file);
    }
    const known = await readFile(text);
    if (!known) throw new Error(`no preferences in ${file}`);
    const printer = await findPrinter(flags);
    if (!printer) throw unknownFormat(flags.text("output"));
    const shown = inOrder({ ...known, aliases: known.aliases ?? [], defaults: known.defaults ?? [] });
    context.io.out(await rendered(shown, flags.text("output"), printer));
  },
};

const set: CommandSpec = {
  usage: "--section (defaults|aliases) --command COMMAND",
  long: "Set values in the kuberc file: defaults for flags, aliases, or which credential plugins may run.",
  examples:
    "# Another default for a flag\nkubectl kuberc set --section defaults --command get --option output=wide\n\n# An alias\nkubectl kuberc set --section aliases --name getn --command get --prependarg nodes --option output=wide",
  flags: [
    { name: "allowlist-entry", type: "stringArray", usage: "Entry of the allowlist, as field=value; may be given several times" },
    { name: "appendarg", type: "stringArray", usage: "Argument behind the others of an alias; may be given several times" },
    { name: "command", type: "string", usage: "Command to configure ('get', 'set env')" },
    KUBERC_FLAG,
    { name: "name", type: "string", usage: "Name of the alias" },
    { name: "option", type: "stringArray", usage: "Flag with its value, as flag=value; may be given several times" },
    { name: "overwrite", type: "bool", usage: "Replace what is there" },
    { name: "policy", type: "string", usage: "Which credential plugins may run: 'AllowAll', 'DenyAll' or 'Allowlist'" },
    { name: "prependarg", type: "stringArray", usage: "Argument before the others of an alias; may be given several times" },
    { name: "section", type: "string", required: true, usage: "Section to modify: 'defaults', 'aliases', or 'credentialplugin'" },
  ],
  async run(context) {
    const { file } = fileOf(context);
    const section = checkedSection(context);
    const text = host.findText(file);
    const known = text === undefined || text === "" ? undefined : await readFile(text);
    const preference: File = known ?? { apiVersion: API_VERSION, kind: "Preference", defaults: null, aliases: null };
    const options = optionsOf(context);
    if (section === "defaults") setDefaults(context, preference, options);
    else if (section === "aliases") setAlias(context, preference, options);
    else setPolicy(context, preference);
    await save(context, file, preference);
  },
};

const kuberc: CommandSpec = {
  usage: "SUBCOMMAND",
  long: "Manage the user's preferences, which the kuberc file holds.",
  examples:
    "# The preferences\nkubectl kuberc view\n\n# Another default for a flag\nkubectl kuberc set --section defaults --command get --option output=wide",
  subcommands: [
    { name: "set", short: "Set values in the kuberc configuration", load: () => Promise.resolve(set) },
    { name: "view", short: "Display the current kuberc configuration", load: () => Promise.resolve(view) },
  ],
};

export default kuberc;

/** A Go struct: its fields come in their own order where they are not sorted. */
async function rendered(shown: File, output: string, printer: ObjectPrinter): Promise<string> {
  if (output === "json") return `${renderJson(shown)}\n`;
  if (output === "kyaml") return (await import("../printers/kyaml.ts")).renderKyaml(shown, true);
  return output === "name" ? "preference.kubectl.config.k8s.io/<unknown>\n" : printer({ ...shown });
}

function fileOf(context: CommandContext): { readonly file: string; readonly explicit: boolean } {
  const place = kubercFile(context.flags.text("kuberc"));
  if (!place) throw new Error("KUBERC is disabled via KUBERC=off environment variable");
  return place;
}

/** Whatever its version, read as v1beta1: so upstream does it here. */
async function readFile(text: string): Promise<File | undefined> {
  const { parseYamlDocuments } = await import("../../api/parse-yaml.ts");
  try {
    const [value] = parseYamlDocuments(text);
    if (value === undefined) return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      const kind = Array.isArray(value) ? "array" : typeof value;
      throw new Error(
        `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${kind} into Go value of type v1beta1.Preference`,
      );
    }
    return inOrder(value as File);
  } catch (error) {
    throw new Error(`error parsing kuberc file: ${messageOf(error).replace("yaml: line", "error converting YAML to JSON: yaml: line")}`, {
      cause: error,
    });
  }
}

/** The fields that are known, as Go's type has them. */
function inOrder(file: File): File {
  const { kind, apiVersion, defaults, aliases, credentialPluginPolicy, credentialPluginAllowlist } = file;
  return {
    ...(kind ? { kind } : {}),
    ...(apiVersion ? { apiVersion } : {}),
    defaults: defaults?.map(({ command, options }) => ({ command: command ?? "", options: (options ?? null) as OptionDefault[] })) ?? null,
    aliases: aliases?.map(aliasInOrder) ?? null,
    ...(credentialPluginPolicy ? { credentialPluginPolicy } : {}),
    ...(credentialPluginAllowlist?.length ? { credentialPluginAllowlist } : {}),
  };
}

const aliasInOrder = ({ name, command, prependArgs, appendArgs, options }: AliasOverride): AliasOverride => ({
  name: name ?? "",
  command: command ?? "",
  ...(prependArgs?.length ? { prependArgs } : {}),
  ...(appendArgs?.length ? { appendArgs } : {}),
  ...((options?.length ? { options } : {}) as { options: OptionDefault[] }),
});

async function generate(context: CommandContext, file: string): Promise<void> {
  context.io.out(`kuberc file not found at ${file}\nWould you like to generate a default kuberc file with recommended options? (y/N): `);
  const [answer = ""] = (await context.io.stdin()).split("\n");
  if (answer.trim().toLowerCase() !== "y") return;
  const on = (command: string, name: string) => ({ command, options: [{ name, default: "true" }] });
  const defaults = [on("apply", "server-side"), on("delete", "interactive")];
  await save(context, file, { apiVersion: API_VERSION, kind: "Preference", defaults, aliases: null });
}

async function save(context: CommandContext, file: string, preference: File): Promise<void> {
  const { renderYaml } = await import("../../api/yaml.ts");
  host.writeText(file, renderYaml(inOrder(preference)), 0o644);
  context.print(`Updated ${file}`);
}

type Section = "defaults" | "aliases" | "credentialplugin";

function checkedSection({ flags }: CommandContext): Section {
  const section = flags.text("section");
  const args = flags.list("prependarg").length + flags.list("appendarg").length;
  if (section !== "defaults" && section !== "aliases" && section !== "credentialplugin")
    throw new Error(`--section must be "defaults", "aliases", or "credentialplugin", got: ${section}`);
  if (section === "aliases" && flags.text("name") === "") throw new Error("--name is required when --section=aliases");
  if (section === "defaults" && flags.text("name") !== "") throw new Error("--name should not be specified when --section=defaults");
  if (section === "defaults" && args > 0) throw new Error("--prependarg and --appendarg are only valid for --section=aliases");
  if (section === "credentialplugin") checkPolicy(flags.text("policy"), flags.list("allowlist-entry"));
  else if (flags.text("command") === "") throw new Error("--command is required when --section=aliases or --section=defaults");
  return section;
}

function checkPolicy(policy: string, entries: readonly string[]): void {
  const needs = "--section=credentialplugin and --policy=Allowlist";
  if (policy === "") throw new Error("--policy is required when --section=credentialplugin");
  if (policy === "Allowlist") {
    if (entries.length === 0) throw new Error(`--allowlist-entry is required when ${needs}`);
  } else if (policy !== "AllowAll" && policy !== "DenyAll")
    throw new Error(` --policy must be  "AllowAll", "DenyAll", or "Allowlist", got: ${policy}`);
  else if (entries.length > 0) throw new Error(`--allowlist-entry may only be used when ${needs}`);
}

function optionsOf({ flags }: CommandContext): OptionDefault[] {
  return flags.list("option").map((option) => {
    const cut = option.indexOf("=");
    if (cut < 0) throw new Error(`invalid option format ${JSON.stringify(option)}, expected flag=value`);
    return { name: option.slice(0, cut).replace(/^-+/, ""), default: option.slice(cut + 1) };
  });
}

function setDefaults({ flags }: CommandContext, preference: File, options: OptionDefault[]): void {
  const command = flags.text("command");
  const present = preference.defaults ?? [];
  const known = present.findIndex((each) => each.command === command);
  if (known >= 0 && !flags.bool("overwrite"))
    throw new Error(`defaults for command ${JSON.stringify(command)} already exist, use --overwrite to replace`);
  const fresh = { command, options: options.length > 0 ? options : (present[known]?.options ?? (null as unknown as OptionDefault[])) };
  preference.defaults = known < 0 ? [...present, fresh] : present.with(known, fresh);
}

function setAlias({ flags }: CommandContext, preference: File, options: OptionDefault[]): void {
  const name = flags.text("name");
  const present = preference.aliases ?? [];
  const known = present.findIndex((each) => each.name === name);
  if (known >= 0 && !flags.bool("overwrite")) throw new Error(`alias ${JSON.stringify(name)} already exists, use --overwrite to replace`);
  const before = present[known];
  const or = (given: readonly string[], earlier: readonly string[] | null | undefined) => (given.length > 0 ? given : (earlier ?? []));
  const fresh: AliasOverride = {
    name,
    command: flags.text("command"),
    prependArgs: or(flags.list("prependarg"), before?.prependArgs),
    appendArgs: or(flags.list("appendarg"), before?.appendArgs),
    options: options.length > 0 ? options : (before?.options ?? []),
  };
  preference.aliases = known < 0 ? [...present, fresh] : present.with(known, fresh);
}

function setPolicy({ flags }: CommandContext, preference: File): void {
  const policy = flags.text("policy");
  if (policy === "Allowlist") preference.credentialPluginAllowlist = allowlistOf(flags.list("allowlist-entry"));
  preference.credentialPluginPolicy = policy;
}

function allowlistOf(given: readonly string[]): { command: string }[] {
  const problems: string[] = [];
  const entries: { command: string }[] = [];
  for (const pair of given.flatMap((each) => each.split(","))) {
    const cut = pair.indexOf("=");
    const field = pair.slice(0, cut);
    if (cut < 0) problems.push(`improperly formatted allowlist entry: ${JSON.stringify(pair)}`);
    else if (field === "name") problems.push('allowlist entry field "name" is deprecated, use "command" instead');
    else if (field !== "command") problems.push(`unrecognized allowlist entry field: ${JSON.stringify(field)}`);
    else if (pair.slice(cut + 1).trim() === "") problems.push(`empty value in allowlist entry for field ${JSON.stringify(field)}`);
    else entries.push({ command: pair.slice(cut + 1) });
  }
  if (problems.length > 0) throw new Error(problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`);
  return entries;
}
