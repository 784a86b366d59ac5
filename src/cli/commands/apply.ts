import type { Json } from "../client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import type { Applying } from "../apply/applying.ts";
import { propagationPolicy } from "../delete-objects.ts";
import { DRY_RUN_FLAG, dryRunOf, type DryRun } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
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
    propagationPolicy(flags);
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
        await applyOne({ context, dryRun, report }, target);
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
    if (whole) await printAll(context, say, applied);
    await pruning?.prune(context, kinds ?? [], { targets, applied, dryRun, report: say });
  },
};

export default apply;

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
