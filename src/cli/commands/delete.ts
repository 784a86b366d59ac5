import { addSource } from "../objects/add-source.ts";
import type { ApiClient, Json } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { deleteOptions, propagationPolicy, waitUntilGone } from "../objects/delete-objects.ts";
import { pathOf, singularName } from "../connection/discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunSuffix, type DryRun } from "../dry-run.ts";
import { isNotFound, StatusError } from "../../api/status.ts";
import { throwAll } from "../errors.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import { ALL_NAMESPACES_FLAG, FIELD_SELECTOR_FLAG, fetchObjects, FILE_FLAGS, SELECTOR_FLAG, type Target } from "../objects/resources.ts";

const deleteCommand: CommandSpec = {
  usage: "([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])",
  long: "Delete resources by file names, stdin, resources and names, or by resources and label selector.\n\n Pods and other resources that end gracefully get a grace period, which --grace-period changes. With --force and --grace-period=0 the API forgets a pod at once, without waiting for its node to say that it has ended.",
  examples:
    '# Delete what a file names\nkubectl delete -f ./pod.json\n\n# Delete pods and services called "baz" and "foo"\nkubectl delete pod,service baz foo\n\n# Delete by label\nkubectl delete pods,services -l name=myLabel\n\n# Delete at once\nkubectl delete pod foo --now\n\n# Delete all pods\nkubectl delete pods --all',
  flags: [
    ...FILE_FLAGS,
    ALL_NAMESPACES_FLAG,
    SELECTOR_FLAG,
    FIELD_SELECTOR_FLAG,
    DRY_RUN_FLAG,
    {
      name: "all",
      type: "bool",
      usage: "Delete all resources of the given types in the namespace.",
    },
    {
      name: "cascade",
      type: "string",
      default: "background",
      noValue: "background",
      usage: 'Must be "background", "orphan", or "foreground": when dependents (the pods of a replica set) are deleted.',
    },
    {
      name: "force",
      type: "bool",
      usage: "If true, forget the object at once, without a graceful end.",
    },
    {
      name: "grace-period",
      type: "int",
      default: -1,
      usage: "Seconds that the resource gets to end. Ignored if negative; 1 is at once, 0 only with --force.",
    },
    { name: "ignore-not-found", type: "bool", usage: "What does not exist counts as deleted." },
    { name: "interactive", shorthand: "i", type: "bool", usage: "If true, ask before deleting." },
    { name: "now", type: "bool", usage: "If true, end at once (like --grace-period=1)." },
    {
      name: "output",
      shorthand: "o",
      type: "string",
      usage: 'Output mode: "name" prints resource/name only.',
    },
    { name: "raw", type: "string", usage: "Path to DELETE, as it is." },
    {
      name: "timeout",
      type: "duration",
      default: "0s",
      usage: "How long to wait for the delete, zero to find a time by the size of the object",
    },
    {
      name: "wait",
      type: "bool",
      default: true,
      usage: "If true, wait until the resources are gone.",
    },
  ],
  async run(context) {
    propagationPolicy(context.flags, context.io);
    await context.lookForNamespace();
    const grace = gracePeriod(context);
    const dryRun = dryRunOf(context.flags, context.io);
    if (context.flags.text("raw") !== "") {
      validate(context, grace);
      checkRaw(context);
      return (await import("../connection/raw-request.ts")).sendRaw(context, "DELETE");
    }
    const errors: unknown[] = [];
    const targets = await chosen(context, errors);
    validate(context, grace);
    const infos = await expand(context, targets, errors);
    if (context.flags.bool("interactive") && !(await confirm(context, infos, errors))) return;
    await deleteAll(context, infos, { grace, dryRun, errors });
  },
};

export default deleteCommand;

function gracePeriod({ flags }: CommandContext): number {
  let grace = flags.number("grace-period");
  if (flags.bool("now")) {
    if (grace !== -1) throw new Error("--now and --grace-period cannot be specified together");
    grace = 1;
  }
  // Nothing is lost by accident: only --force forgets at once.
  if (grace === 0 && !flags.bool("force")) return 1;
  return grace < 0 && flags.bool("force") ? 0 : grace;
}

async function chosen(context: CommandContext, errors: unknown[]): Promise<Target[]> {
  const { flags, args } = context;
  const selects = flags.text("selector") !== "" || flags.text("field-selector") !== "";
  const faults = flags.bool("all") && selects ? ["setting 'all' parameter but found a non empty selector. "] : [];
  return targetsOf(context, args, { errors, faults, needsNames: true, allSelects: true, asWritten: true });
}

/** Upstream: DeleteOptions.Validate */
function validate({ flags, io }: CommandContext, grace: number): void {
  const output = flags.text("output");
  if (output !== "" && output !== "name") throw new Error(`unexpected -o output mode: ${output}. We only support '-o name'`);
  if (!flags.bool("force")) return;
  if (grace > 0) throw new Error("--force and --grace-period greater than 0 cannot be specified together");
  io.err(
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n",
  );
}

function checkRaw({ flags }: CommandContext): void {
  if (flags.bool("interactive")) throw new Error("--interactive can not be used with --raw");
  const files = flags.list("filename");
  if (files.length > 1) throw new Error("--raw can only use a single local file or stdin");
  if (/^https?:\/\//.test(files[0] ?? "")) throw new Error("--raw cannot read from a url");
  if (flags.bool("recursive")) throw new Error("--raw and --recursive are mutually exclusive");
  if (flags.text("output") !== "") throw new Error("--raw and --output are mutually exclusive");
}

/** Lists become the objects in them. */
async function expand(context: CommandContext, targets: readonly Target[], errors: unknown[]): Promise<Target[]> {
  const out: Target[] = [];
  for (const target of targets) {
    if (target.name !== undefined || target.manifest !== undefined) out.push(target);
    else
      out.push(
        ...(await fetchObjects(context, [target], {
          selector: context.flags.text("selector"),
          fieldSelector: context.flags.text("field-selector"),
          errors,
        })),
      );
  }
  return out;
}

async function confirm(context: CommandContext, targets: readonly Target[], errors: readonly unknown[]): Promise<boolean> {
  throwAll(errors);
  if (targets.length === 0) {
    context.print("No resources found");
    return false;
  }
  context.print(`You are about to delete the following ${targets.length} resource(s):`);
  for (const { info, name } of targets) context.print(`${singularName(info)}/${name}`);
  context.io.out("Do you want to continue? (y/N): ");
  // Of standard input nothing is left when the objects came from there.
  const answer = context.flags.list("filename").includes("-") ? "" : await context.io.stdin();
  if (/^\s*y(\s|$)/i.test(answer)) return true;
  context.print("deletion is cancelled");
  return false;
}

interface Deleting {
  readonly grace: number;
  readonly dryRun: DryRun;
  readonly errors: unknown[];
}

async function deleteAll(context: CommandContext, targets: readonly Target[], { grace, dryRun, errors }: Deleting): Promise<void> {
  const { flags } = context;
  const client = await context.client();
  const waiting: { target: Target; uid: string | undefined }[] = [];
  const selects = flags.bool("all") || flags.text("selector") !== "" || flags.text("field-selector") !== "";
  const ignoresMissing = flags.has("ignore-not-found") ? flags.bool("ignore-not-found") : selects;
  await warnClusterScope(context, targets);
  for (const target of targets) {
    try {
      if (target.name === undefined) throw new Error("resource name may not be empty");
      const path = pathOf(target.info, target.namespace, target.name);
      const answer = dryRun === "client" ? undefined : await client.json("DELETE", path, { body: deleteOptions(flags, dryRun, grace) });
      say(context, target, grace, dryRun);
      waiting.push({ target, uid: uidOf(answer) });
    } catch (error) {
      errors.push(addSource("deleting", target.source, error));
    }
  }
  throwAll(ignoresMissing ? errors.filter((error) => !isNotFound(error)) : errors);
  if (targets.length === 0) context.print("No resources found");
  if (flags.bool("wait") && dryRun === "none") await waitForAll(client, waiting, flags.number("timeout"));
}

async function waitForAll(
  client: ApiClient,
  waiting: readonly { target: Target; uid: string | undefined }[],
  timeoutMs: number,
): Promise<void> {
  const errors: unknown[] = [];
  for (const { target, uid } of waiting)
    await waitUntilGone(client, target, uid, timeoutMs).catch((error: unknown) => {
      // Who may not look need not wait.
      if (!(error instanceof StatusError && ["Forbidden", "MethodNotAllowed"].includes(error.reason))) errors.push(error);
    });
  throwAll(errors);
}

async function warnClusterScope(context: CommandContext, targets: readonly Target[]): Promise<void> {
  const { explicitNamespace } = await context.connection();
  if (explicitNamespace && !context.flags.bool("all-namespaces") && targets.some(({ info }) => !info.namespaced))
    context.io.err("Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
}

function say(context: CommandContext, target: Target, grace: number, dryRun: DryRun): void {
  const kind = singularName(target.info);
  if (context.flags.text("output") === "name") return context.print(`${kind}/${target.name}`);
  const operation = grace === 0 ? "force deleted" : "deleted";
  const from = target.info.namespaced && target.namespace ? ` from ${target.namespace} namespace` : "";
  context.print(`${kind} ${JSON.stringify(target.name)} ${operation}${from}${dryRunSuffix(dryRun)}`);
}

function uidOf(answer: Json | undefined): string | undefined {
  const details = (answer?.["details"] ?? answer?.["metadata"]) as { uid?: string } | undefined;
  return details?.uid;
}
