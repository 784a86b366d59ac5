import type { CommandSpec } from "../command.ts";
import { apiVersionOf, groupResourceOf, preferred, type ResourceInfo } from "../connection/discovery.ts";
import { renderJson } from "../printers/output.ts";
import { tableWriter } from "../printers/tab-writer.ts";

const apiResources: CommandSpec = {
  long: "Print the supported API resources on the server.",
  examples:
    "# All resources\nkubectl api-resources\n\n# With verbs and categories\nkubectl api-resources -o wide\n\n# Of one group\nkubectl api-resources --api-group=apps",
  flags: [
    { name: "api-group", type: "string", usage: "Only resources of this API group." },
    { name: "cached", type: "bool", usage: "Use what is cached." },
    { name: "categories", type: "stringSlice", usage: "Only resources of these categories." },
    {
      name: "namespaced",
      type: "bool",
      default: true,
      usage: "If false, those without namespaces; otherwise those with. By default all.",
    },
    { name: "no-headers", type: "bool", usage: "Leave out the headers." },
    {
      name: "output",
      shorthand: "o",
      type: "string",
      usage: "Output format. One of: (json, yaml, name, wide).",
    },
    { name: "show-managed-fields", type: "bool", usage: "Accepted for compatibility" },
    { name: "sort-by", type: "string", usage: "Sort by 'name' or 'kind'." },
    { name: "verbs", type: "stringSlice", usage: "Only resources with these verbs." },
  ],
  async run(context) {
    const { flags } = context;
    const output = flags.text("output");
    if (context.args.length > 0) throw context.usage(`unexpected arguments: [${context.args.join(" ")}]`);
    await context.checkConfig();
    if (!["", "wide", "name", "json", "kyaml", "yaml"].includes(output))
      throw new Error(
        `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: json,kyaml,name,wide,yaml`,
      );
    if (!["", "name", "kind"].includes(flags.text("sort-by"))) throw new Error("--sort-by accepts only name or kind");
    const discovery = await context.discovery();
    const all = flags.bool("cached") ? await discovery.resources() : await discovery.refresh();
    const by = (info: ResourceInfo) =>
      flags.text("sort-by") === "kind" ? info.kind : flags.text("sort-by") === "name" ? info.resource : info.group + "\0" + info.resource;
    const shown = preferred(all)
      .filter((info) => info.verbs.length > 0)
      .filter((info) => !flags.has("api-group") || info.group === flags.text("api-group"))
      .filter((info) => !flags.has("namespaced") || info.namespaced === flags.bool("namespaced"))
      .filter((info) => flags.list("verbs").every((verb) => info.verbs.includes(verb)))
      .filter((info) => flags.list("categories").every((category) => info.categories.includes(category)))
      .sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0));
    if (output === "name") return context.io.out(shown.map((info) => `${groupResourceOf(info)}\n`).join(""));
    if (output !== "" && output !== "wide") return context.io.out(await printed(output, shown));
    const wide = output === "wide";
    const lines = shown.map((info) =>
      [
        info.resource,
        info.shortNames.join(","),
        apiVersionOf(info),
        String(info.namespaced),
        info.kind,
        ...(wide ? [info.verbs.join(","), info.categories.join(",")] : []),
      ].join("\t"),
    );
    if (!flags.bool("no-headers"))
      lines.unshift(["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", ...(wide ? ["VERBS", "CATEGORIES"] : [])].join("\t"));
    context.io.out(tableWriter().render(lines.map((line) => `${line}\n`).join("")));
  },
};

export default apiResources;

/** All of them in one list, whatever groups they are of; its fields in the order of Go's type. */
async function printed(output: string, shown: readonly ResourceInfo[]): Promise<string> {
  const resources = shown.map((info) => ({
    name: info.resource,
    singularName: info.singular,
    namespaced: info.namespaced,
    ...(info.group === "" ? {} : { group: info.group }),
    version: info.version,
    kind: info.kind,
    verbs: info.verbs,
    ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
    ...(info.categories.length > 0 ? { categories: info.categories } : {}),
  }));
  const list = { kind: "APIResourceList", apiVersion: "v1", groupVersion: "", resources: resources.length > 0 ? resources : null };
  if (output === "json") return `${renderJson(list)}\n`;
  if (output === "yaml") return (await import("../../api/yaml.ts")).renderYaml(list);
  return (await import("../printers/kyaml.ts")).renderKyaml(list, true);
}
