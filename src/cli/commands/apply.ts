import { isNotFound, StatusError } from "../../api/status.ts";
import type { ApiClient, Json } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf } from "../discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery, type DryRun } from "../dry-run.ts";
import { ExitError, throwAll } from "../errors.ts";
import { addSource } from "../add-source.ts";
import { describeTarget, LAST_APPLIED, withLastApplied } from "../last-applied.ts";
import { fieldValidation, OUTPUT_FLAGS, reporter, VALIDATE_FLAG, type Report } from "../report.ts";
import { FILE_FLAGS, hasFiles, SELECTOR_FLAG, targetsOf, type ApiObject, type Target } from "../resources.ts";

const CLIENT_SIDE = "kubectl-client-side-apply";

const apply: CommandSpec = {
  usage: "(-f FILENAME | -k DIRECTORY)",
  long: "Apply a configuration to a resource by file name or stdin. The resource name must be specified. This resource will be created if it doesn't exist yet.\n\n JSON and YAML formats are accepted.",
  examples: "# Apply what a file says\nkubectl apply -f ./pod.json\n\n# Apply what comes in on stdin\ncat pod.json | kubectl apply -f -",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    SELECTOR_FLAG,
    VALIDATE_FLAG,
    { name: "all", type: "bool", usage: "Select all resources of the namespace, for --prune." },
    {
      name: "cascade",
      type: "string",
      default: "background",
      noValue: "background",
      usage: 'Must be "background", "orphan", or "foreground": what happens to dependents of what is pruned.',
    },
    {
      name: "field-manager",
      type: "string",
      default: CLIENT_SIDE,
      usage: "Name that the changes are recorded under.",
    },
    { name: "force", type: "bool", usage: "If true, delete and create what cannot be changed." },
    {
      name: "force-conflicts",
      type: "bool",
      usage: "If true, server-side apply takes over fields that others own.",
    },
    {
      name: "grace-period",
      type: "int",
      default: -1,
      usage: "Seconds that what is deleted gets to end. Ignored if negative.",
    },
    { name: "openapi-patch", type: "bool", default: true, usage: "Accepted for compatibility." },
    {
      name: "overwrite",
      type: "bool",
      default: true,
      usage: "Resolve conflicts between the applied and the live configuration in favour of the applied one",
    },
    {
      name: "prune",
      type: "bool",
      usage: "Delete what was applied before, is not in the files any more, and is selected by -l or --all.",
    },
    { name: "prune-allowlist", type: "stringArray", usage: "Kinds for --prune" },
    { name: "server-side", type: "bool", usage: "If true, the server merges, not the client." },
    {
      name: "subresource",
      type: "string",
      usage: "Apply to this subresource, with --server-side.",
    },
    { name: "timeout", type: "duration", default: "0s", usage: "How long to wait for a delete" },
    { name: "wait", type: "bool", usage: "If true, wait for what is deleted to be gone." },
  ],
  subcommands: [
    {
      name: "edit-last-applied",
      short: "Edit latest last-applied-configuration annotations of a resource/object",
      load: async () => (await import("./edit-last-applied.ts")).default,
    },
    {
      name: "set-last-applied",
      short: "Set the last-applied-configuration annotation on a live object to match the contents of a file",
      load: async () => (await import("./set-last-applied.ts")).default,
    },
    {
      name: "view-last-applied",
      short: "View the latest last-applied-configuration annotations of a resource/object",
      load: async () => (await import("./view-last-applied.ts")).default,
    },
  ],
  async run(context) {
    const { flags } = context;
    if (context.args.length > 0) throw context.usage(`Unexpected args: [${context.args.join(" ")}]`);
    const dryRun = dryRunOf(flags, context.io);
    if (!CASCADES.includes(flags.text("cascade")))
      throw new Error(`invalid cascade value (${flags.text("cascade")}). Must be "background", "foreground", or "orphan"`);
    if (!hasFiles(context)) throw new Error("must specify one of -f and -k");
    fieldValidation(context);
    const pruning = flags.bool("prune") ? await import("../prune.ts") : undefined;
    const kinds = await pruning?.parseAllowlist(context);
    validate(context, dryRun);
    const errors: unknown[] = [];
    const targets = await targetsOf(context, [], { errors });
    if (targets.length === 0 && errors.length === 0) throw new Error("no objects passed to apply");
    const say = await reporter(context, dryRun);
    const applied: Json[] = [];
    const whole = !["", "name"].includes(flags.text("output"));
    const report: Report = (object, info, operation) => {
      applied.push(object);
      if (!whole) say(object, info, operation);
    };
    for (const target of targets) {
      try {
        await applyOne(context, target, dryRun, report);
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
    const [only] = applied;
    if (whole && only)
      say(applied.length === 1 ? only : { apiVersion: "v1", items: applied, kind: "List", metadata: {} }, { group: "", kind: "List" }, "");
    await pruning?.prune(context, kinds ?? [], { targets, applied, dryRun, report: say });
  },
};

export default apply;

const CASCADES = ["background", "orphan", "foreground", "true", "false"];

/** Upstream: ApplyOptions.Validate */
function validate({ flags }: CommandContext, dryRun: DryRun): void {
  const serverSide = flags.bool("server-side");
  const force = flags.bool("force");
  if (flags.bool("force-conflicts") && !serverSide) throw new Error("--force-conflicts only works with --server-side");
  if (dryRun === "client" && serverSide)
    throw new Error("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
  if (serverSide && force) throw new Error("--force cannot be used with --server-side");
  if (dryRun === "server" && force) throw new Error("--dry-run=server cannot be used with --force");
  if (flags.bool("all") && flags.text("selector") !== "") throw new Error("cannot set --all and --selector at the same time");
  if (flags.bool("prune")) {
    if (force) throw new Error("--force cannot be used with --prune");
    if (!flags.bool("all") && flags.text("selector") === "")
      throw new Error(
        "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
      );
    if (serverSide) throw new Error("--prune is in alpha and doesn't currently work on objects created by server-side apply");
  }
  if (flags.text("subresource") !== "" && !serverSide) throw new Error("--subresource can only be specified for --server-side");
}

async function applyOne(context: CommandContext, target: Target, dryRun: DryRun, report: Report): Promise<void> {
  const client = await context.client();
  const manifest = target.manifest as ApiObject;
  if (target.name === undefined && manifest.metadata["generateName"])
    throw new Error(`from ${String(manifest.metadata["generateName"])}: cannot use generate name with apply`);
  if (context.flags.bool("server-side")) return serverSide(context, target, dryRun, report);
  if (target.name === undefined)
    throw new Error(
      `error when retrieving current configuration of:\n${describeTarget(target)}\nfrom server for: ${JSON.stringify(target.source)}: resource name may not be empty`,
    );
  const path = pathOf(target.info, target.namespace, target.name);
  let live: ApiObject;
  try {
    live = await client.get<ApiObject>(path);
  } catch (error) {
    if (!isNotFound(error))
      throw addSource(`retrieving current configuration of:\n${describeTarget(target)}\nfrom server for:`, target.source, error);
    return createOne(context, target, dryRun, report);
  }
  if (live.metadata.annotations?.[LAST_APPLIED] === undefined) {
    context.io.err(
      `Warning: resource ${target.info.resource}/${target.name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
    );
  }
  if (dryRun === "client") {
    const { patch, contentType } = await threeWay(target, live);
    if (Object.keys(patch).length === 0) return report(live, target.info, "unchanged");
    return report(await locally(target, live, patch, contentType), target.info, "configured");
  }
  const patched = await patchOne(context, client, target, live, dryRun);
  report(patched ?? live, target.info, patched === undefined ? "unchanged" : "configured");
}

async function createOne(context: CommandContext, target: Target, dryRun: DryRun, report: Report): Promise<void> {
  const object = withLastApplied(target.manifest as ApiObject);
  if (dryRun === "client") return report(object, target.info, "created");
  const client = await context.client();
  try {
    const query = {
      fieldManager: context.flags.text("field-manager"),
      fieldValidation: fieldValidation(context),
      ...dryRunQuery(dryRun),
    };
    report(await client.json("POST", pathOf(target.info, target.namespace), { query, body: object }), target.info, "created");
  } catch (error) {
    throw addSource("creating", target.source, error);
  }
}

const MAX_RETRIES = 5;

/** Sends the difference; undefined when there is none or it changed nothing. Upstream: k8s.io/kubectl/pkg/cmd/apply/patcher.go */
async function patchOne(
  context: CommandContext,
  client: ApiClient,
  target: Target,
  first: ApiObject,
  dryRun: DryRun,
): Promise<ApiObject | undefined> {
  const path = pathOf(target.info, target.namespace, target.name ?? "");
  let live = first;
  for (let attempt = 0; ; attempt++) {
    const { patch, contentType } = await threeWay(target, live);
    if (Object.keys(patch).length === 0) return undefined;
    try {
      const query = {
        fieldManager: context.flags.text("field-manager"),
        fieldValidation: fieldValidation(context),
        ...dryRunQuery(dryRun),
      };
      const patched = await client.json<ApiObject>("PATCH", path, {
        query,
        body: patch,
        contentType,
      });
      // A dry run leaves the version as it is, whatever it changed.
      return dryRun === "none" && isUnchanged(live, patched) ? undefined : patched;
    } catch (error) {
      if (error instanceof StatusError && error.reason === "Conflict" && attempt < MAX_RETRIES) {
        live = await client.get<ApiObject>(path);
        continue;
      }
      if (context.flags.bool("force") && error instanceof StatusError && (error.reason === "Invalid" || error.reason === "Conflict"))
        return replaceForced(context, client, target);
      if (!(error instanceof StatusError)) throw error;
      throw patchFailure(error, patch, target);
    }
  }
}

/** The same resource version in both: the server found nothing to change. */
const isUnchanged = (before: ApiObject, after: ApiObject) =>
  before.metadata.resourceVersion !== undefined && before.metadata.resourceVersion === after.metadata.resourceVersion;

async function replaceForced(context: CommandContext, client: ApiClient, target: Target): Promise<ApiObject> {
  const { deleteAndWait } = await import("../delete-objects.ts");
  await deleteAndWait(context, target);
  return client.json<ApiObject>("POST", pathOf(target.info, target.namespace), {
    body: withLastApplied(target.manifest as ApiObject),
  });
}

function patchFailure(error: StatusError, patch: Json, target: Target): StatusError {
  const message = `error when applying patch:\n${JSON.stringify(patch)}\nto:\n${describeTarget(target)}\nfor: ${JSON.stringify(target.source)}: error when patching ${JSON.stringify(target.source)}: ${error.message}`;
  return new StatusError({ ...error.status, code: error.code, message } as never);
}

async function threeWay(target: Target, live: ApiObject): Promise<{ patch: Json; contentType: string }> {
  const { schemaOf } = await import("../strategic.ts");
  const modified = withLastApplied(target.manifest as ApiObject);
  const text = live.metadata.annotations?.[LAST_APPLIED];
  const original = text === undefined ? undefined : (JSON.parse(text) as Json);
  const schema = schemaOf(target.info);
  if (schema === undefined) {
    const { createThreeWayMergePatch } = await import("../../api/merge-patch.ts");
    return {
      patch: createThreeWayMergePatch(original ?? {}, modified, live),
      contentType: "application/merge-patch+json",
    };
  }
  const { createThreeWayStrategicPatch } = await import("../../api/strategic-merge-patch.ts");
  return {
    patch: createThreeWayStrategicPatch(schema, original ?? {}, modified, live),
    contentType: "application/strategic-merge-patch+json",
  };
}

/** What the patch would make of the object. */
async function locally(target: Target, live: ApiObject, patch: Json, contentType: string): Promise<Json> {
  const { schemaOf } = await import("../strategic.ts");
  const schema = contentType.includes("strategic") ? schemaOf(target.info) : undefined;
  if (!schema) return (await import("../../api/merge-patch.ts")).applyMergePatch(live, patch) as Json;
  const { applyStrategicMergePatch } = await import("../../api/strategic-merge-patch.ts");
  return applyStrategicMergePatch(schema, live, patch) as Json;
}

async function serverSide(context: CommandContext, target: Target, dryRun: DryRun, report: Report): Promise<void> {
  const client = await context.client();
  const manager = context.flags.has("field-manager") ? context.flags.text("field-manager") : "kubectl";
  const path = pathOf(target.info, target.namespace, target.name ?? "", context.flags.text("subresource"));
  const query = {
    fieldManager: manager,
    fieldValidation: fieldValidation(context),
    force: context.flags.bool("force-conflicts"),
    ...dryRunQuery(dryRun),
  };
  try {
    report(
      await client.json("PATCH", path, {
        query,
        body: `${JSON.stringify(target.manifest)}\n`,
        contentType: "application/apply-patch+yaml",
      }),
      target.info,
      "serverside-applied",
    );
  } catch (error) {
    if (error instanceof StatusError && error.reason === "Conflict") throw conflictHelp(error);
    throw addSource("patching", target.source, error);
  }
}

function conflictHelp(error: StatusError): Error {
  return new ExitError(`error: ${error.message}
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`);
}
