import { isLabelValue, isQualifiedName } from "../../api/validation/names.ts";
import { changeObjects } from "../objects/change.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { DRY_RUN_FLAG, dryRunOf } from "../dry-run.ts";
import { FIELD_MANAGER_FLAG, fieldValidation, OUTPUT_FLAGS, VALIDATE_FLAG } from "../report.ts";
import { targetsOfArgs, targetsOfNames } from "../objects/resource-arguments.ts";
import { messageOf } from "../errors.ts";
import { SELECTOR_FLAG, type ApiObject, type Found } from "../objects/resources.ts";

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

const taint: CommandSpec = {
  usage: "NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N",
  long: "Update the taints on one or more nodes.",
  examples:
    "# A taint\nkubectl taint nodes foo dedicated=special-user:NoSchedule\n\n# Take it away\nkubectl taint nodes foo dedicated:NoSchedule-",
  flags: [
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    SELECTOR_FLAG,
    VALIDATE_FLAG,
    FIELD_MANAGER_FLAG("kubectl-taint"),
    { name: "all", type: "bool", usage: "Select all nodes in the cluster" },
    { name: "overwrite", type: "bool", usage: "If true, taints may change." },
  ],
  async run(context) {
    const { flags } = context;
    await context.connection();
    const dryRun = dryRunOf(flags, context.io);
    fieldValidation(context);
    const { resources, specs } = split(context.args);
    if (resources.length < 1) throw new Error("one or more resources must be specified as <resource> <name>");
    if (specs.length < 1) throw new Error("at least one taint update is required");
    const changes = parsed(context, specs);
    await validate(context, resources, changes);
    const { set, remove } = changes;
    const clashes = (old: Taint) => set.some((each) => old.key === each.key && old.effect === each.effect);
    const operation = ({ object }: Found) => {
      if (set.length === 0) return "untainted";
      return remove.length > 0 || taintsOf(object).some(clashes) ? "modified" : "tainted";
    };
    const selects = flags.bool("all") || flags.text("selector") !== "";
    await changeObjects(context, {
      dryRun,
      manager: flags.text("field-manager"),
      operation,
      held: "unstructured",
      flow: "visit",
      targets: () => (selects ? targetsOfArgs(context, ["nodes"]) : targetsOfNames(context, "nodes", resources.slice(1))),
      change: ({ object, name }) => {
        const taken = taintsOf(object).filter(clashes);
        if (taken.length > 0 && !flags.bool("overwrite"))
          throw new Error(
            `node ${name} already has ${taken.map(({ key }) => key).join(",")} taint(s) with same effect(s) and --overwrite is false`,
          );
        return changed(object, changes);
      },
    });
  },
};

export default taint;

interface Changes {
  readonly set: readonly Taint[];
  readonly remove: readonly Taint[];
}

const taintsOf = (object: ApiObject) => (object["spec"] as { taints?: Taint[] } | undefined)?.taints ?? [];
/** Without an effect, a taint to be removed means all with its key. */
const removes = (removed: Taint, taint: Taint) => removed.key === taint.key && (removed.effect === "" || removed.effect === taint.effect);

function changed(object: ApiObject, { set, remove }: Changes): ApiObject {
  const current = taintsOf(object);
  const missing = remove.find((each) => !current.some((old) => removes(each, old)));
  if (missing) throw new Error(`taint ${JSON.stringify(missing.key + (missing.effect ? `:${missing.effect}` : ""))} not found`);
  const kept = current.filter(
    (old) => !remove.some((each) => removes(each, old)) && !set.some((each) => each.key === old.key && each.effect === old.effect),
  );
  const { taints: _, ...rest } = (object["spec"] ?? {}) as { taints?: Taint[] };
  const taints = [...set, ...kept];
  return { ...object, spec: taints.length > 0 ? { ...rest, taints } : rest };
}

function split(args: readonly string[]): { resources: string[]; specs: string[] } {
  const isTaint = (arg: string) => /[=:]/.test(arg) || arg.endsWith("-");
  const first = args.findIndex(isTaint);
  if (first < 0) return { resources: [...args], specs: [] };
  const specs = args.slice(first);
  const stray = specs.find((arg) => !isTaint(arg));
  if (stray !== undefined) throw new Error(`all resources must be specified before taint changes: ${stray}`);
  return { resources: args.slice(0, first), specs };
}

/** Upstream: TaintOptions.Validate */
async function validate(context: CommandContext, resources: readonly string[], { set, remove }: Changes): Promise<void> {
  const { flags } = context;
  const type = (resources[0] ?? "").toLowerCase();
  if ((await (await context.discovery()).get(type, 2)).kind !== "Node")
    throw new Error(`invalid resource type ${type}, only node types are supported`);
  const both = set.flatMap((added) => remove.filter((removed) => removes(removed, added)).map(({ key, effect }) => `${key}=${effect}`));
  if (both.length > 0) throw new Error(`can not both modify and remove the following taint(s) in the same command: ${both.join(", ")}`);
  const selector = flags.text("selector");
  if (flags.bool("all") && selector !== "") throw new Error("setting 'all' parameter with a non empty selector is prohibited");
  if (!flags.bool("all") && selector === "" && resources.length < 2)
    throw new Error("at least one resource name must be specified since 'all' parameter is not set");
}

function parsed(context: CommandContext, specs: readonly string[]): Changes {
  try {
    return parseTaints(specs);
  } catch (error) {
    throw context.usage(messageOf(error));
  }
}

/** Upstream: kubectl/pkg/cmd/taint/utils.go parseTaints */
function parseTaints(specs: readonly string[]): Changes {
  const set: Taint[] = [];
  const remove: Taint[] = [];
  for (const spec of specs) {
    if (spec.endsWith("-")) {
      const { key, effect } = parseTaint(spec.slice(0, -1));
      remove.push({ key, effect });
      continue;
    }
    const each = parseTaint(spec);
    if (each.effect === "") throw new Error(`invalid taint spec: ${spec}`);
    if (set.some(({ key, effect }) => key === each.key && effect === each.effect))
      throw new Error(`duplicated taints with the same key and effect: {${each.key} ${each.value ?? ""} ${each.effect} <nil>}`);
    set.push(each);
  }
  return { set, remove };
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function parseTaint(text: string): Taint {
  const refuse = (reasons: readonly string[] = []) =>
    new Error(`invalid taint spec: ${text}${reasons.length > 0 ? `, ${reasons.join("; ")}` : ""}`);
  const [pair = "", effect, ...more] = text.split(":");
  if (more.length > 0) throw refuse();
  if (effect !== undefined && !EFFECTS.includes(effect)) throw new Error(`invalid taint effect: ${effect}, unsupported taint effect`);
  const [key = "", value, ...rest] = effect === undefined ? [pair] : pair.split("=");
  if (rest.length > 0) throw refuse();
  if (value !== undefined && isLabelValue(value).length > 0) throw refuse(isLabelValue(value));
  if (isQualifiedName(key).length > 0) throw refuse(isQualifiedName(key));
  return { effect: effect ?? "", key, ...(value ? { value } : {}) };
}
