import { StatusError } from "../../api/status.ts";
import { findText } from "../../host/cli-host.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery, type DryRun } from "../dry-run.ts";
import { sameJson } from "../../api/merge-patch.ts";
import { throwAll } from "../errors.ts";
import type { Flags } from "../flags.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, reporter } from "../report.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import { fetchObjects, FILE_FLAGS, type Found } from "../objects/resources.ts";

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
    const dryRun = dryRunOf(flags, context.io);
    await context.lookForNamespace();
    validate(context, dryRun);
    const body = await parsePatch(flags.text("patch") !== "" ? flags.text("patch") : readPatch(flags.text("patch-file")));
    const errors: unknown[] = [];
    const local = flags.bool("local");
    const objects = local
      ? await (await import("../objects/local-objects.ts")).localObjects(context, context.args, "unstructured")
      : await fetchObjects(context, await targetsOf(context, context.args, { needsNames: true, errors }), { errors });
    for (const found of objects) {
      try {
        const after = local || dryRun === "client" ? await locally(found, contentTypeOf(flags), body) : await send(context, found, body);
        const same = sameJson(found.object, after);
        // The subresource's own object is told of: scale.autoscaling/web.
        const [group = "", kind = found.info.kind] = after["kind"] === "Scale" ? ["autoscaling", "Scale"] : [found.info.group];
        // kubectl marks no dry run here, and looks at -o when it has patched.
        const report = await reporter(context);
        report(after, { ...found.info, group, kind }, same ? "patched (no change)" : "patched");
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
    if (objects.length === 0) throw new Error("no objects passed to patch");
  },
};

export default patch;

const contentTypeOf = (flags: Flags) => TYPES[flags.text("type").toLowerCase()] ?? "";

/** Upstream: PatchOptions.Validate */
function validate({ flags, args }: CommandContext, dryRun: DryRun): void {
  if (flags.text("patch") !== "" && flags.text("patch-file") !== "") throw new Error("cannot specify --patch and --patch-file together");
  if (flags.text("patch") === "" && flags.text("patch-file") === "")
    throw new Error("must specify --patch or --patch-file containing the contents of the patch");
  if (flags.bool("local") && args.length > 0) throw new Error("cannot specify --local and server resources");
  if (flags.bool("local") && dryRun === "server")
    throw new Error("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
  if (contentTypeOf(flags) === "")
    throw new Error(`--type must be one of [json merge strategic], not ${JSON.stringify(flags.text("type"))}`);
}

async function send(context: CommandContext, { info, namespace, name }: Found, body: unknown): Promise<Json> {
  const { flags, io } = context;
  const contentType = contentTypeOf(flags);
  const query = { fieldManager: flags.text("field-manager"), ...dryRunQuery(dryRunOf(flags, io)) };
  try {
    const client = await context.client();
    return await client.json<Json>("PATCH", pathOf(info, namespace, name, flags.text("subresource")), { query, body, contentType });
  } catch (error) {
    if (!(error instanceof StatusError && error.reason === "UnsupportedMediaType")) throw error;
    throw new Error(`${contentType} is not supported by ${info.group}/${info.version}, Kind=${info.kind}: ${error.message}`, {
      cause: error,
    });
  }
}

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
    return JSON.stringify(parseYamlDocuments(text)[0] ?? null);
  } catch (error) {
    throw new Error(`unable to parse ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}

async function locally(found: Awaited<ReturnType<typeof fetchObjects>>[number], contentType: string, body: unknown): Promise<Json> {
  if (typeof body === "string") return locally(found, contentType, JSON.parse(body));
  const { applyMergePatch } = await import("../../api/merge-patch.ts");
  if (contentType === TYPES["merge"]) return applyMergePatch(found.object, body) as Json;
  if (contentType === TYPES["json"]) return (await import("../../api/json-patch.ts")).applyJsonPatch(found.object, body) as Json;
  const schema = (await import("../objects/strategic.ts")).schemaOf(found.info);
  if (!schema) throw new Error("strategic merge patch is not supported for this kind");
  return (await import("../../api/strategic-merge-patch.ts")).applyStrategicMergePatch(schema, found.object, body) as Json;
}
