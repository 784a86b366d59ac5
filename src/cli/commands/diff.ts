import { isNotFound, StatusError } from "../../api/status.ts";
import * as host from "../../host/cli-host.ts";
import { addSource } from "../objects/add-source.ts";
import { fieldManagerOf, warnIfDeleting } from "../apply/applying.ts";
import { threeWay } from "../apply/three-way.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf, type ResourceInfo } from "../connection/discovery.ts";
import { ExitError, renderError } from "../errors.ts";
import { LAST_APPLIED } from "../apply/last-applied.ts";
import { withoutManagedFields } from "../printers/output.ts";
import { hasFiles, targetsOf } from "../objects/resource-arguments.ts";
import { FILE_FLAGS, SELECTOR_FLAG, type ApiObject, type Target } from "../objects/resources.ts";

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
    { name: "force-conflicts", type: "bool", usage: "If true, fields that others own are taken over, with --server-side." },
    { name: "prune", type: "bool", usage: "Show what apply --prune would delete, too." },
    { name: "prune-allowlist", type: "stringArray", usage: "Kinds for --prune" },
    { name: "show-secrets", type: "bool", usage: "If true, the values of secrets are shown." },
    { name: "server-side", type: "bool", usage: "If true, the server merges, not the client." },
    { name: "show-managed-fields", type: "bool", usage: "If true, include managed fields." },
  ],
  wrongFlags: (error) => new ExitError(`error: ${error.message.replace(/\n.*/s, "")}\nSee 'kubectl diff -h' for help and examples`, FAILED),
  async run(context) {
    try {
      return await runDiff(context);
    } catch (error) {
      throw new ExitError(renderError(error).text, FAILED);
    }
  },
};

export default diff;

/** 1 says that something differs: an error is more than that. */
const FAILED = 2;

async function runDiff(context: CommandContext): Promise<number> {
  const { flags } = context;
  if (context.args.length > 0) throw context.usage(`Unexpected args: [${context.args.join(" ")}]`);
  if (!hasFiles(context)) throw new Error("must specify one of -f and -k");
  if (flags.bool("force-conflicts") && !flags.bool("server-side")) throw new Error("--force-conflicts only works with --server-side");
  await context.connection();
  const pruning = flags.bool("prune") ? await import("../apply/prune.ts") : undefined;
  const kinds = (await pruning?.parseAllowlist(context)) ?? [];
  const folders = [host.temporaryFolder("LIVE-"), host.temporaryFolder("MERGED-")] as const;
  try {
    const targets = await targetsOf(context, [], { asWritten: true });
    const kept = new Set<string | undefined>();
    for (const target of targets) kept.add((await compareOne(context, target, folders))?.metadata.uid);
    for (const { info, place } of (await pruning?.placesOf(context, kinds, pruning.namespacesOf(targets))) ?? [])
      for (const object of (await pruning?.prunable(context, { info, place, kept })) ?? [])
        // In the one folder only: it is shown as going away, as it is.
        write(folders[0], fileName(info, object.metadata.namespace, object.metadata.name), await render(object));
    return await runDiffProgram(folders);
  } finally {
    for (const folder of folders) host.removeFile(folder);
  }
}

type Folders = readonly [live: string, merged: string];

const MAX_TRIES = 4;

/** Writes both versions; returns the live object. */
async function compareOne(context: CommandContext, target: Target, folders: Folders): Promise<ApiObject | undefined> {
  for (let tries = 1; ; tries++) {
    const live = await findLive(context, target);
    try {
      const merged = await mergedObject(context, target, { live, locked: tries < MAX_TRIES });
      await writeBoth(context, target, folders, { live, merged });
      if (live) warnIfDeleting(context, live);
      return live;
    } catch (error) {
      if (!(error instanceof StatusError && error.reason === "Conflict") || tries === MAX_TRIES) throw error;
    }
  }
}

async function findLive(context: CommandContext, { info, namespace, name }: Target): Promise<ApiObject | undefined> {
  if (name === undefined) throw new Error("resource name may not be empty");
  try {
    return await (await context.client()).get<ApiObject>(pathOf(info, namespace, name));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

interface Existing {
  readonly live: ApiObject | undefined;
  /** Whether the live object may not change meanwhile. */
  readonly locked: boolean;
}

/** As it would be if it was applied. Upstream: InfoObject.Merged */
async function mergedObject(context: CommandContext, target: Target, { live, locked }: Existing): Promise<ApiObject> {
  const client = await context.client();
  const { info, namespace, name, source } = target;
  const manifest = target.manifest as ApiObject;
  const path = pathOf(info, namespace, name);
  const query = { dryRun: "All", fieldManager: fieldManagerOf(context) };
  if (context.flags.bool("server-side")) {
    const force = context.flags.bool("force-conflicts");
    const contentType = "application/apply-patch+yaml";
    return client.json<ApiObject>("PATCH", path, { query: { ...query, force }, body: `${JSON.stringify(manifest)}\n`, contentType });
  }
  if (!live) return client.json<ApiObject>("POST", pathOf(info, namespace), { query, body: manifest });
  try {
    const warn = (text: string) => context.io.err(text);
    const { body, contentType } = await threeWay({ info, modified: withoutLastApplied(manifest), live, overwrite: true, warn });
    if (Object.keys(body).length === 0) return live;
    const { resourceVersion } = live.metadata;
    const patch = locked ? { ...body, metadata: { ...(body["metadata"] as object | undefined), resourceVersion } } : body;
    return await client.json<ApiObject>("PATCH", path, { query, body: patch, contentType });
  } catch (error) {
    throw addSource("patching", source, error);
  }
}

/** As apply compares it: with annotations, be they none, and without its own. Upstream: util.GetModifiedConfiguration */
function withoutLastApplied(object: ApiObject): ApiObject {
  const { [LAST_APPLIED]: _, ...annotations } = object.metadata.annotations ?? {};
  return { ...object, metadata: { ...object.metadata, annotations } };
}

async function writeBoth(
  { flags }: CommandContext,
  { info, namespace, name }: Target,
  [liveFolder, mergedFolder]: Folders,
  versions: { readonly live: ApiObject | undefined; readonly merged: ApiObject },
): Promise<void> {
  const shown = (object: ApiObject) => (flags.bool("show-managed-fields") ? object : (withoutManagedFields(object) as ApiObject));
  let live = versions.live && shown(versions.live);
  let merged = shown(versions.merged);
  const hides = !flags.bool("show-secrets") && info.version === "v1" && info.kind === "Secret";
  if (hides) [live, merged] = masked(live, merged);
  const file = fileName(info, namespace, name);
  // What hides values makes a null of a secret that is not there.
  write(liveFolder, file, live ? await render(live) : hides ? "null\n" : "");
  write(mergedFolder, file, await render(merged));
}

/** Values of secrets are not shown, only whether they differ. Upstream: Masker.run */
function masked(live: ApiObject | undefined, merged: ApiObject): [ApiObject | undefined, ApiObject] {
  const from = (live?.["data"] ?? {}) as Json;
  const to = (merged["data"] ?? {}) as Json;
  const hide = (own: Json, other: Json, change: string) =>
    Object.fromEntries(Object.keys(own).map((key) => [key, key in other && own[key] !== other[key] ? `*** (${change})` : "***"]));
  const withData = (object: ApiObject, data: Json) => ("data" in object ? { ...object, data } : object);
  return [live && withData(live, hide(from, to, "before")), withData(merged, hide(to, from, "after"))];
}

const fileName = ({ group, version, kind }: ResourceInfo, namespace = "", name = "") =>
  `${group ? `${group}.` : ""}${version}.${kind}.${namespace}.${name}`;
const write = (folder: string, file: string, text: string) => host.writeText(host.joinPath(folder, file), text);
const render = async (object: ApiObject) => (await import("../../api/yaml.ts")).renderYaml(object);

/** Upstream: DiffProgram.Run */
async function runDiffProgram(folders: Folders): Promise<number> {
  const chosen = host.environment("KUBECTL_EXTERNAL_DIFF") || undefined;
  const [command = "diff", ...flags] = (chosen ?? "diff -u -N").split(" ");
  const args = chosen === undefined ? [...flags, ...folders] : [...folders, ...flags.filter((flag) => /^[a-zA-Z0-9-=]+$/.test(flag))];
  const failed = (reason: string) => new Error(`failed to run ${JSON.stringify(command)}: ${reason}`);
  const code = await host.runProgram(command, args).catch(() => {
    throw failed("executable file not found in $PATH");
  });
  if (code > 1) throw failed(`exit status ${code}`);
  return code;
}
