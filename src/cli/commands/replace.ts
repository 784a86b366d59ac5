import { isNotFound, StatusError } from "../../api/status.ts";
import { addSource } from "../objects/add-source.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { deleteOptions, propagationPolicy, waitUntilMissing } from "../objects/delete-objects.ts";
import { pathOf, singularName } from "../connection/discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { LAST_APPLIED, withLastApplied } from "../apply/last-applied.ts";
import { FIELD_MANAGER_FLAG, fieldValidation, OUTPUT_FLAGS, reporter, VALIDATE_FLAG } from "../report.ts";
import { hasFiles, targetsOf } from "../objects/resource-arguments.ts";
import { FILE_FLAGS, type ApiObject, type Target } from "../objects/resources.ts";

const replace: CommandSpec = {
  usage: "-f FILENAME",
  long: "Replace a resource by file name or stdin. The whole object must be given, as `kubectl get TYPE NAME -o yaml` prints it.",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    FIELD_MANAGER_FLAG("kubectl-replace"),
    {
      name: "cascade",
      type: "string",
      default: "background",
      noValue: "background",
      usage: "With --force: what happens to dependents.",
    },
    { name: "force", type: "bool", usage: "Delete the object and create it anew." },
    { name: "grace-period", type: "int", default: -1, usage: "With --force: seconds to end." },
    { name: "raw", type: "string", usage: "Path to PUT to, as it is." },
    {
      name: "save-config",
      type: "bool",
      usage: "Keep the configuration in the annotation, for apply.",
    },
    { name: "subresource", type: "string", usage: "Replace this subresource instead." },
    { name: "timeout", type: "duration", default: "0s", usage: "How long to wait for the delete" },
    { name: "wait", type: "bool", usage: "Wait for the delete." },
  ],
  async run(context) {
    const { flags } = context;
    fieldValidation(context);
    const dryRun = dryRunOf(flags, context.io);
    await context.connection();
    const report = await reporter(context, dryRun);
    propagationPolicy(flags, context.io);
    if (!hasFiles(context)) throw new Error("must specify one of -f and -k");
    if (flags.number("grace-period") >= 0 && !flags.bool("force")) throw new Error("--grace-period must have --force specified");
    if (flags.number("timeout") !== 0 && !flags.bool("force")) throw new Error("--timeout must have --force specified");
    if (flags.bool("force") && dryRun !== "none") throw new Error("--dry-run can not be used when --force is set");
    if (flags.text("raw") !== "") return (await import("../connection/raw-request.ts")).sendRaw(context, "PUT");
    if (flags.bool("force")) await deleteFirst(context);
    const errors: unknown[] = [];
    const targets = await targetsOf(context, [], { errors });
    for (const target of targets) {
      try {
        const object = remembered(context, target);
        const replaced = dryRun === "client" ? object : await (flags.bool("force") ? create : put)(context, target, object);
        report(replaced, target.info, "replaced");
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
    if (flags.bool("force") && targets.length === 0) throw new Error("no objects passed to replace");
  },
};

export default replace;

/** Upstream: util.CreateOrUpdateAnnotation */
function remembered({ flags }: CommandContext, target: Target): ApiObject {
  const manifest = target.manifest as ApiObject;
  return flags.bool("save-config") || manifest.metadata.annotations?.[LAST_APPLIED] ? withLastApplied(manifest) : manifest;
}

const queryOf = (context: CommandContext) => ({
  fieldManager: context.flags.text("field-manager"),
  fieldValidation: fieldValidation(context),
  ...dryRunQuery(dryRunOf(context.flags, context.io)),
});

/** Without a version of its own, the object replaces what is there now. Upstream: cli-runtime/pkg/resource/helper.go Replace */
async function put(context: CommandContext, target: Target, object: ApiObject): Promise<ApiObject> {
  try {
    if (target.name === undefined) throw new Error("resource name may not be empty");
    const client = await context.client();
    const path = pathOf(target.info, target.namespace, target.name, context.flags.text("subresource"));
    let body = object;
    if (!object.metadata.resourceVersion) {
      const live = await client.get<ApiObject>(path).catch((error: unknown) => {
        // It may be that it is to be created by this.
        if (error instanceof StatusError) return undefined;
        throw error;
      });
      if (live) body = { ...object, metadata: { ...object.metadata, resourceVersion: live.metadata.resourceVersion ?? "" } };
    }
    return await client.json<ApiObject>("PUT", path, { query: queryOf(context), body });
  } catch (error) {
    throw addSource("replacing", target.source, error);
  }
}

async function create(context: CommandContext, target: Target, object: ApiObject): Promise<ApiObject> {
  const { resourceVersion: _, ...metadata } = object.metadata;
  const client = await context.client();
  return client.json<ApiObject>("POST", pathOf(target.info, target.namespace), { query: queryOf(context), body: { ...object, metadata } });
}

const GONE_TIMEOUT_MS = 300_000;

/** Upstream: ReplaceOptions.forceReplace */
async function deleteFirst(context: CommandContext): Promise<void> {
  const { flags } = context;
  const client = await context.client();
  const errors: unknown[] = [];
  const targets = await targetsOf(context, context.args, { errors });
  // Nothing is lost by accident: zero is one second, and waited for.
  const grace = flags.number("grace-period") === 0 ? 1 : flags.number("grace-period");
  for (const target of targets) {
    try {
      if (target.name === undefined) throw new Error("resource name may not be empty");
      await client.json("DELETE", pathOf(target.info, target.namespace, target.name), { body: deleteOptions(flags, "none", grace) });
      const from = target.info.namespaced ? ` from ${target.namespace} namespace` : "";
      context.print(`${singularName(target.info)} ${JSON.stringify(target.name)} deleted${from}`);
    } catch (error) {
      if (!isNotFound(error)) errors.push(addSource("deleting", target.source, error));
    }
  }
  throwAll(errors);
  if (targets.length === 0) context.print("No resources found");
  for (const target of targets) await waitUntilMissing(client, target, flags.number("timeout") || GONE_TIMEOUT_MS);
}
