import { folderOf, joinPath, pathKind, writeText } from "../../host/cli-host.ts";
import { renderYaml } from "../../api/yaml.ts";
import type { CommandSpec } from "../command.ts";
import { buildKustomization, renderResources } from "../kustomize/build.ts";
import { effectiveNamespace, type Resource } from "../kustomize/resource.ts";

const kustomize: CommandSpec = {
  usage: "DIR",
  long: "Build a set of KRM resources using a 'kustomization.yaml' file. DIR is a folder with one; the current folder when it is left out. kubesim builds local folders only.",
  examples: "# The current folder\nkubectl kustomize\n\n# Some shared configuration\nkubectl kustomize /home/config/production",
  flags: [
    { name: "as-current-user", type: "bool", usage: "Accepted for compatibility: kubesim runs no functions." },
    { name: "enable-alpha-plugins", type: "bool", usage: "Accepted for compatibility: kubesim has no kustomize plugins." },
    { name: "enable-helm", type: "bool", usage: "Accepted for compatibility: kubesim inflates no Helm charts." },
    { name: "env", shorthand: "e", type: "stringArray", usage: "Accepted for compatibility." },
    { name: "helm-api-versions", type: "stringArray", usage: "Accepted for compatibility." },
    { name: "helm-command", type: "string", default: "helm", usage: "Accepted for compatibility." },
    { name: "helm-debug", type: "bool", usage: "Accepted for compatibility." },
    { name: "helm-kube-version", type: "string", usage: "Accepted for compatibility." },
    {
      name: "load-restrictor",
      type: "string",
      default: "LoadRestrictionsRootOnly",
      usage: "LoadRestrictionsNone lets kustomizations load files from outside their folders.",
    },
    { name: "mount", type: "stringArray", usage: "Accepted for compatibility." },
    { name: "network", type: "bool", usage: "Accepted for compatibility." },
    { name: "network-name", type: "string", default: "bridge", usage: "Accepted for compatibility." },
    { name: "output", shorthand: "o", type: "string", usage: "If given, write to this file; in a folder, one file for each resource." },
    {
      name: "reorder",
      type: "string",
      default: "legacy",
      hidden: true,
      deprecated: "use the new 'sortOptions' field in kustomization.yaml instead.",
      usage: "legacy sorts the resources, none keeps their order.",
    },
  ],
  run(context) {
    const { flags, args } = context;
    if (args.length > 1) throw new Error("specify one path to kustomization.yaml");
    const restrictor = flags.text("load-restrictor");
    if (!["LoadRestrictionsRootOnly", "LoadRestrictionsNone"].includes(restrictor))
      throw new Error(`illegal flag value --load-restrictor ${restrictor}; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]`);
    const reorder = flags.text("reorder");
    if (reorder !== "legacy" && reorder !== "none") throw new Error(`illegal flag value --reorder ${reorder}; legal values: [legacy none]`);
    const plugins = flags.bool("enable-alpha-plugins");
    const resources = buildKustomization(args[0] ?? ".", {
      warn: (text) => context.io.err(text),
      reorder: flags.has("reorder") ? reorder : undefined,
      anywhere: restrictor === "LoadRestrictionsNone",
      enableHelm: flags.bool("enable-helm") || plugins,
      plugins,
    });
    const output = flags.text("output");
    if (output !== "" && pathKind(output) === "folder") writeEach(output, resources);
    else if (output !== "" && pathKind(folderOf(output)) === undefined) throw new Error(`open ${output}: no such file or directory`);
    else if (output !== "") writeText(output, renderResources(resources), 0o644);
    else context.io.out(renderResources(resources));
    return Promise.resolve();
  },
};

export default kustomize;

/** One file for each resource; with several namespaces their names come first. Upstream: kustomize/commands/build/writer.go */
function writeEach(folder: string, resources: readonly Resource[]): void {
  const namespaces = new Set(resources.filter(({ clusterScoped }) => !clusterScoped).map(({ id }) => effectiveNamespace(id)));
  for (const { id, object } of resources) {
    const place = id.clusterScoped || namespaces.size < 2 ? [] : [effectiveNamespace(id)];
    const words = [...place, id.group, id.version, id.kind].filter((word) => word !== "");
    writeText(joinPath(folder, `${[...words, id.name].join("_").toLowerCase()}.yaml`), renderYaml(object), 0o644);
  }
}
