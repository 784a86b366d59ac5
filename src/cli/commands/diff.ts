import { isNotFound } from "../../api/status.ts";
import * as host from "../../host/cli-host.ts";
import { withoutManagedFields } from "../printers/output.ts";
import type { Json } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf } from "../discovery.ts";
import { ExitError, renderError } from "../errors.ts";
import { LAST_APPLIED } from "../last-applied.ts";
import { FILE_FLAGS, hasFiles, SELECTOR_FLAG, targetsOf, type ApiObject } from "../resources.ts";
import { schemaOf } from "../strategic.ts";

const diff: CommandSpec = {
  usage: "-f FILENAME",
  long: "Diff configurations specified by file name or stdin between the current online configuration, and the configuration as it would be if applied.\n\n Exit status: 0 no differences, 1 differences were found, more than 1 an error.",
  flags: [
    ...FILE_FLAGS,
    SELECTOR_FLAG,
    { name: "concurrency", type: "int", default: 1, usage: "Accepted for compatibility" },
    {
      name: "field-manager",
      type: "string",
      default: "kubectl-client-side-apply",
      usage: "Name that the changes are recorded under.",
    },
    { name: "force-conflicts", type: "bool", usage: "Accepted for compatibility" },
    { name: "prune", type: "bool", usage: "Accepted for compatibility" },
    { name: "prune-allowlist", type: "stringArray", usage: "Accepted for compatibility" },
    { name: "show-secrets", type: "bool", usage: "If true, the values of secrets are shown." },
    { name: "server-side", type: "bool", usage: "If true, the server merges, not the client." },
    { name: "show-managed-fields", type: "bool", usage: "If true, include managed fields." },
  ],
  async run(context) {
    try {
      return await runDiff(context);
    } catch (error) {
      // 1 says that something differs: an error is more than that.
      const { text } = renderError(error);
      throw new ExitError(text, 2);
    }
  },
};

export default diff;

async function runDiff(context: CommandContext): Promise<number> {
  if (context.args.length > 0) throw context.usage(`Unexpected args: [${context.args.join(" ")}]`);
  if (!hasFiles(context)) throw new Error("must specify one of -f and -k");
  const { renderYaml } = await import("../../api/yaml.ts");
  const client = await context.client();
  const folder = host.temporaryFolder("kubesim-diff-");
  const [live, merged] = [host.joinPath(folder, "LIVE"), host.joinPath(folder, "MERGED")];
  host.makeFolder(live);
  host.makeFolder(merged);
  for (const target of await targetsOf(context)) {
    const path = pathOf(target.info, target.namespace, target.name ?? "");
    const modified = target.manifest as ApiObject;
    let before: ApiObject | undefined;
    try {
      before = await client.get<ApiObject>(path);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const query = { dryRun: "All", fieldManager: context.flags.text("field-manager") };
    const after = before
      ? await client.json<Json>("PATCH", path, {
          query,
          ...(await patchFor(target.info, before, withoutLastApplied(modified))),
        })
      : await client.json<Json>("POST", pathOf(target.info, target.namespace), {
          query,
          body: modified,
        });
    const name = `${target.info.group ? `${target.info.group}.` : ""}${target.info.version}.${target.info.kind}.${target.namespace ?? ""}.${target.name}`;
    if (before) host.writeText(host.joinPath(live, name), renderYaml(withoutManagedFields(before)));
    else host.writeText(host.joinPath(live, name), "");
    host.writeText(host.joinPath(merged, name), renderYaml(withoutManagedFields(after)));
  }
  const [command = "diff", ...args] = (host.environment("KUBECTL_EXTERNAL_DIFF") || "diff -u -N").split(" ");
  const code = await host.runProgram(command, [...args, live, merged]);
  host.removeFile(folder);
  return code;
}

/** As apply compares it: with annotations, be they none, and without its own. Upstream: util.GetModifiedConfiguration */
function withoutLastApplied(object: ApiObject): ApiObject {
  const { [LAST_APPLIED]: _, ...annotations } = object.metadata.annotations ?? {};
  return { ...object, metadata: { ...object.metadata, annotations } };
}

async function patchFor(
  info: Parameters<typeof schemaOf>[0],
  before: ApiObject,
  modified: ApiObject,
): Promise<{ body: Json; contentType: string }> {
  const text = before.metadata.annotations?.[LAST_APPLIED];
  const original = text ? (JSON.parse(text) as Json) : {};
  const schema = schemaOf(info);
  if (!schema)
    return {
      body: (await import("../../api/merge-patch.ts")).createThreeWayMergePatch(original, modified, before),
      contentType: "application/merge-patch+json",
    };
  return {
    body: (await import("../../api/strategic-merge-patch.ts")).createThreeWayStrategicPatch(schema, original, modified, before),
    contentType: "application/strategic-merge-patch+json",
  };
}
