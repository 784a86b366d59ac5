import { findText } from "../../host/cli-host.ts";
import type { Json } from "../client.ts";
import type { CommandSpec } from "../command.ts";
import { pathOf } from "../discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { sameJson } from "../../api/merge-patch.ts";
import { throwAll } from "../errors.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, reporter } from "../report.ts";
import { fetchObjects, FILE_FLAGS, targetsOf } from "../resources.ts";

const TYPES: Readonly<Record<string, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
};

const patch: CommandSpec = {
  usage: "(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]",
  long: "Update fields of a resource using strategic merge patch, a JSON merge patch, or a JSON patch.",
  examples:
    '# A strategic merge patch\nkubectl patch node k8s-node-1 -p \'{"spec":{"unschedulable":true}}\'\n\n# A JSON patch\nkubectl patch pod valid-pod --type=\'json\' -p=\'[{"op": "replace", "path": "/spec/containers/0/image", "value":"new image"}]\'',
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    FIELD_MANAGER_FLAG("kubectl-patch"),
    { name: "local", type: "bool", usage: "If true, do not ask the server." },
    {
      name: "patch",
      shorthand: "p",
      type: "string",
      usage: "The patch to be applied to the resource JSON file.",
    },
    {
      name: "patch-file",
      type: "string",
      usage: "A file containing a patch to be applied to the resource.",
    },
    {
      name: "subresource",
      type: "string",
      usage: "Patch this subresource instead, such as status or scale.",
    },
    {
      name: "type",
      type: "string",
      default: "strategic",
      usage: "The type of patch being provided; one of [json merge strategic]",
    },
  ],
  async run(context) {
    const { flags } = context;
    const contentType = TYPES[flags.text("type").toLowerCase()];
    if (!contentType) throw new Error(`--type must be one of [json merge strategic], not ${JSON.stringify(flags.text("type"))}`);
    if (flags.text("patch") === "" && flags.text("patch-file") === "")
      throw new Error("must specify --patch or --patch-file containing the contents of the patch");
    if (flags.text("patch") !== "" && flags.text("patch-file") !== "") throw new Error("cannot specify --patch and --patch-file together");
    if (flags.bool("local") && context.args.length > 0) throw new Error("cannot specify --local and server resources");
    const body = await parsePatch(flags.text("patch") !== "" ? flags.text("patch") : readPatch(flags.text("patch-file")));
    const dryRun = dryRunOf(flags, context.io);
    // kubectl marks no dry run here.
    const report = await reporter(context);
    const errors: unknown[] = [];
    const local = flags.bool("local");
    const objects = local
      ? await (await import("../local-objects.ts")).localObjects(context, context.args, "unstructured")
      : await fetchObjects(context, await targetsOf(context, context.args, { needsNames: true }), { errors });
    for (const found of objects) {
      try {
        const path = pathOf(found.info, found.namespace, found.name, flags.text("subresource"));
        const query = { fieldManager: flags.text("field-manager"), ...dryRunQuery(dryRun) };
        const after =
          local || dryRun === "client"
            ? await locally(found, contentType, body)
            : await (await context.client()).json<Json>("PATCH", path, { query, body, contentType });
        const same = sameJson(found.object, after);
        // The subresource's own object is told of: scale.autoscaling/web.
        const [group = "", kind = found.info.kind] = after["kind"] === "Scale" ? ["autoscaling", "Scale"] : [found.info.group];
        report(after, { ...found.info, group, kind }, same ? "patched (no change)" : "patched");
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
};

export default patch;

function readPatch(file: string): string {
  const text = findText(file);
  if (text === undefined) throw new Error(`unable to read patch file: open ${file}: no such file or directory`);
  return text;
}

async function parsePatch(text: string): Promise<unknown> {
  // JSON goes to the server as it is, right or wrong.
  if (/^\s*\{/.test(text)) return text;
  const { parseYamlDocuments } = await import("../../api/parse-yaml.ts");
  try {
    return parseYamlDocuments(text)[0];
  } catch (error) {
    throw new Error(`unable to parse ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}

async function locally(found: Awaited<ReturnType<typeof fetchObjects>>[number], contentType: string, body: unknown): Promise<Json> {
  if (typeof body === "string") return locally(found, contentType, JSON.parse(body));
  const { applyMergePatch } = await import("../../api/merge-patch.ts");
  if (contentType === TYPES["merge"]) return applyMergePatch(found.object, body) as Json;
  if (contentType === TYPES["json"]) return (await import("../../api/json-patch.ts")).applyJsonPatch(found.object, body) as Json;
  const schema = (await import("../strategic.ts")).schemaOf(found.info);
  if (!schema) throw new Error("strategic merge patch is not supported for this kind");
  return (await import("../../api/strategic-merge-patch.ts")).applyStrategicMergePatch(schema, found.object, body) as Json;
}
