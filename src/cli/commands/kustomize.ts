import { joinPath, pathKind, writeText } from "../../host/cli-host.ts";
import { renderYaml } from "../../api/yaml.ts";
import type { CommandSpec } from "../command.ts";
import { buildKustomization } from "../kustomize/build.ts";

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
    { name: "reorder", type: "string", default: "legacy", hidden: true, usage: "legacy sorts the resources, none keeps their order." },
  ],
  run(context) {
    const { flags, args } = context;
    if (args.length > 1) throw new Error("specify one path to kustomization.yaml");
    const restrictor = flags.text("load-restrictor");
    if (!["LoadRestrictionsRootOnly", "LoadRestrictionsNone"].includes(restrictor))
      throw new Error(`illegal flag value --load-restrictor ${restrictor}; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]`);
    const objects = buildKustomization(args[0] ?? ".", {
      warn: (text) => context.io.err(text),
      order: flags.text("reorder") === "none" ? "fifo" : "legacy",
      anywhere: restrictor === "LoadRestrictionsNone",
    });
    const output = flags.text("output");
    if (output !== "" && pathKind(output) === "folder") {
      for (const object of objects) writeText(joinPath(output, fileName(object)), renderYaml(object), 0o644);
      return Promise.resolve();
    }
    const text = objects.map((object) => renderYaml(object)).join("---\n");
    if (output === "") context.io.out(text);
    else writeText(output, text, 0o644);
    return Promise.resolve();
  },
};

export default kustomize;

function fileName({
  apiVersion = "",
  kind = "",
  metadata = {},
}: {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; namespace?: string };
}): string {
  const group = apiVersion.replaceAll("/", "_");
  return `${[metadata.namespace, group, kind, metadata.name].filter(Boolean).join("_").toLowerCase()}.yaml`;
}
