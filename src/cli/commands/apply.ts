import { environment } from "../../host/cli-host.ts";
import type { ApplySet } from "../apply/apply-set.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import type { Applying } from "../apply/applying.ts";
import { propagationPolicy } from "../objects/delete-objects.ts";
import { DRY_RUN_FLAG, dryRunOf, type DryRun } from "../dry-run.ts";
import type { ResourceInfo } from "../connection/discovery.ts";
import type { FlagSpec } from "../flags.ts";
import { throwAll } from "../errors.ts";
import { fieldValidation, OUTPUT_FLAGS, reporter, VALIDATE_FLAG, type Report } from "../report.ts";
import { hasFiles, targetsOf } from "../objects/resource-arguments.ts";
import { FILE_FLAGS, SELECTOR_FLAG, type ApiObject, type Target } from "../objects/resources.ts";

const CLIENT_SIDE = "kubectl-client-side-apply";

/** Upstream: cmdutil.ApplySet, a feature gate */
const APPLY_SET_FLAGS: readonly FlagSpec[] =
  environment("KUBECTL_APPLYSET")?.toLowerCase() === "true"
    ? [
        {
          name: "applyset",
          type: "string",
          usage:
            "The set that knows which objects are applied together: its members that are not in the files any more are deleted. [RESOURCE][.GROUP]/NAME, where a Secret is meant without resource and group.",
        },
      ]
    : [];

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
    ...APPLY_SET_FLAGS,
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
    await context.connection();
    propagationPolicy(flags, context.io);
    if (!hasFiles(context)) throw new Error("must specify one of -f and -k");
    fieldValidation(context);
    const applySet = flags.text("applyset") === "" ? undefined : await (await import("../apply/apply-set.ts")).ApplySet.parse(context);
    const pruning = flags.bool("prune") ? await import("../apply/prune.ts") : undefined;
    const kinds = (await pruning?.parseAllowlist(context)) ?? [];
    await validate(context, { dryRun, applySet, kinds });
    const { targets, errors } = await loadTargets(context, applySet);
    await applySet?.beforeApply({ context, dryRun }, targets);
    const say = await reporter(context, dryRun);
    const applied: Json[] = [];
    const whole = !["", "name"].includes(flags.text("output"));
    const report: Report = (object, info, operation) => {
      applied.push(object);
      if (!whole) say(object, info, operation);
    };
    for (const target of targets) {
      try {
        await applyOne({ context, dryRun, report }, target);
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
    if (whole) await printAll(context, say, applied);
    const kept = new Set(applied.map((object) => (object as ApiObject).metadata.uid));
    if (applySet) await applySet.prune({ context, dryRun, report }, kept);
    else await pruning?.prune(context, kinds, { targets, kept, dryRun });
  },
};

export default apply;

interface Plan {
  readonly dryRun: DryRun;
  readonly applySet: ApplySet | undefined;
  readonly kinds: readonly ResourceInfo[];
}

/** Upstream: ApplyOptions.Validate */
async function validate(context: CommandContext, plan: Plan): Promise<void> {
  const { flags } = context;
  const { dryRun, applySet } = plan;
  const serverSide = flags.bool("server-side");
  const force = flags.bool("force");
  if (flags.bool("force-conflicts") && !serverSide) throw new Error("--force-conflicts only works with --server-side");
  if (dryRun === "client" && serverSide)
    throw new Error("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
  if (serverSide && force) throw new Error("--force cannot be used with --server-side");
  if (dryRun === "server" && force) throw new Error("--dry-run=server cannot be used with --force");
  if (flags.bool("all") && flags.text("selector") !== "") throw new Error("cannot set --all and --selector at the same time");
  if (applySet && !flags.bool("prune")) throw new Error("--applyset requires --prune");
  await applySet?.validate(context);
  if (flags.bool("prune")) validatePrune(context, plan);
  if (flags.text("subresource") !== "" && !serverSide) throw new Error("--subresource can only be specified for --server-side");
}

function validatePrune({ flags }: CommandContext, { applySet, kinds }: Plan): void {
  if (flags.bool("force")) throw new Error("--force cannot be used with --prune");
  if (applySet) {
    if (flags.bool("all")) throw new Error("--all is incompatible with --applyset");
    if (flags.text("selector") !== "") throw new Error("--selector is incompatible with --applyset");
    if (kinds.length > 0) throw new Error("--prune-allowlist is incompatible with --applyset");
    return;
  }
  if (!flags.bool("all") && flags.text("selector") === "")
    throw new Error(
      "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
    );
  if (flags.bool("server-side")) throw new Error("--prune is in alpha and doesn't currently work on objects created by server-side apply");
}

/** Upstream: ApplyOptions.GetObjects */
async function loadTargets(context: CommandContext, applySet: ApplySet | undefined): Promise<{ targets: Target[]; errors: unknown[] }> {
  const errors: unknown[] = [];
  const targets = await targetsOf(context, [], { errors, asWritten: true });
  if (targets.length === 0 && errors.length === 0) throw new Error("no objects passed to apply");
  try {
    return { targets: applySet ? applySet.labeled(targets) : targets, errors };
  } catch (error) {
    // What was wrong with the files is forgotten then, as is every object.
    return { targets: [], errors: [error] };
  }
}

/** Several objects are printed as one list, which kubectl holds as a Go struct. */
async function printAll(context: CommandContext, say: Report, applied: readonly Json[]): Promise<void> {
  const [only] = applied;
  if (only === undefined) return;
  if (applied.length === 1) return say(only, { group: "", kind: "" }, "");
  const sayList = await reporter(context, "none", "typed");
  sayList({ kind: "List", apiVersion: "v1", metadata: {}, items: applied }, { group: "", kind: "List" }, "");
}

async function applyOne(applying: Applying, target: Target): Promise<void> {
  const { generateName } = (target.manifest as ApiObject).metadata;
  if (target.name === undefined && generateName) throw new Error(`from ${String(generateName)}: cannot use generate name with apply`);
  if (applying.context.flags.bool("server-side")) return (await import("../apply/server-side.ts")).applyServerSide(applying, target);
  return (await import("../apply/client-side.ts")).applyClientSide(applying, target);
}
