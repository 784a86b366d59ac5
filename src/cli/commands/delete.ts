import { addSource } from "../add-source.ts";
import type { Json } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { waitUntilGone, propagationPolicyOf } from "../delete-objects.ts";
import { pathOf, singularName } from "../discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunSuffix, type DryRun } from "../dry-run.ts";
import { isNotFound } from "../../api/status.ts";
import { throwAll } from "../errors.ts";
import {
  ALL_NAMESPACES_FLAG,
  FIELD_SELECTOR_FLAG,
  fetchObjects,
  FILE_FLAGS,
  hasFiles,
  SELECTOR_FLAG,
  targetsOf,
  type Target,
} from "../resources.ts";

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
    const { flags, io } = context;
    const output = flags.text("output");
    if (output !== "" && output !== "name") throw new Error(`unexpected -o output mode: ${output}. We only support '-o name'`);
    if (flags.has("raw")) return (await import("../raw-request.ts")).sendRaw(context, "DELETE");
    const dryRun = dryRunOf(flags, io);
    const grace = gracePeriod(context);
    checkSelection(context);
    if (flags.bool("force") && dryRun === "none")
      io.err(
        "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n",
      );
    const targets = await expand(context, await targetsOf(context));
    if (flags.bool("interactive") && !(await confirm(context, targets))) return;
    await deleteAll(context, targets, grace, dryRun);
  },
};

export default deleteCommand;

function gracePeriod(context: CommandContext): number {
  const { flags } = context;
  let grace = flags.number("grace-period");
  if (flags.bool("now")) {
    if (grace !== -1) throw new Error("--now and --grace-period cannot be specified together");
    grace = 1;
  }
  if (grace === 0 && !flags.bool("force")) return 1;
  if (grace < 0 && flags.bool("force")) return 0;
  if (flags.bool("force") && grace > 0) throw new Error("--force and --grace-period greater than 0 cannot be specified together");
  return grace;
}

function checkSelection(context: CommandContext): void {
  const { flags, args } = context;
  const selected = flags.text("selector") !== "" || flags.text("field-selector") !== "";
  if (hasFiles(context)) return;
  if (flags.bool("all") && flags.text("selector") !== "") throw new Error("setting 'all' parameter but found a non empty selector. ");
  if (args.length === 0)
    throw new Error(
      "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
    );
  const named = args.length > 1 || (args[0] ?? "").includes("/");
  if (named && (flags.bool("all") || selected))
    throw new Error(
      flags.bool("all") ? "name cannot be provided when a selector is specified" : "name cannot be provided when a selector is specified",
    );
  if (!named && !flags.bool("all") && !selected) throw new Error("resource(s) were provided, but no name was specified");
}

/** Lists become the objects in them. */
async function expand(context: CommandContext, targets: readonly Target[]): Promise<Target[]> {
  const out: Target[] = [];
  for (const target of targets) {
    if (target.name !== undefined || target.manifest !== undefined) out.push(target);
    else
      out.push(
        ...(await fetchObjects(context, [target], {
          selector: context.flags.text("selector"),
          fieldSelector: context.flags.text("field-selector"),
        })),
      );
  }
  return out;
}

async function confirm(context: CommandContext, targets: readonly Target[]): Promise<boolean> {
  context.io.out("You are about to delete the following %d resource(s):\n".replace("%d", String(targets.length)));
  for (const { info, name } of targets) context.print(`${singularName(info)}/${name}`);
  context.io.out("Do you want to continue? (y/N): ");
  const answer = (await context.io.stdin()).trim();
  if (answer === "y" || answer === "Y") return true;
  context.print("deletion is cancelled");
  return false;
}

async function deleteAll(context: CommandContext, targets: readonly Target[], grace: number, dryRun: DryRun): Promise<void> {
  const { flags } = context;
  const client = await context.client();
  const errors: unknown[] = [];
  const waiting: { target: Target; uid: string | undefined }[] = [];
  const ignoreMissing = flags.bool("ignore-not-found") || (flags.bool("all") && !flags.has("ignore-not-found"));
  for (const target of targets) {
    const path = pathOf(target.info, target.namespace, target.name);
    try {
      if (dryRun === "client") await client.get(path);
      const answer = dryRun === "client" ? undefined : await client.json("DELETE", path, { body: deleteOptions(context, grace, dryRun) });
      say(context, target, grace, dryRun);
      waiting.push({ target, uid: uidOf(answer) });
    } catch (error) {
      if (!(ignoreMissing && isNotFound(error))) errors.push(addSource("deleting", target.source, error));
    }
  }
  if (targets.length === 0) context.io.out("No resources found\n");
  if (flags.bool("wait") && dryRun === "none") {
    for (const { target, uid } of waiting)
      await waitUntilGone(client, target, uid, flags.number("timeout")).catch((error: unknown) => errors.push(error));
  }
  throwAll(errors);
}

function deleteOptions(context: CommandContext, grace: number, dryRun: DryRun): Json {
  return {
    propagationPolicy: propagationPolicyOf(context.flags.text("cascade")),
    ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}),
    ...(dryRun === "server" ? { dryRun: ["All"] } : {}),
  };
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
