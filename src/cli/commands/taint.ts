import { changeObjects } from "../change.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { DRY_RUN_FLAG } from "../dry-run.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, VALIDATE_FLAG } from "../report.ts";
import { messageOf } from "../errors.ts";
import { SELECTOR_FLAG, type ApiObject, type Found } from "../resources.ts";

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
    const isTaint = (arg: string) => /[=:]/.test(arg) || arg.endsWith("-");
    const first = context.args.findIndex((arg, index) => index > 0 && isTaint(arg));
    const resources = first < 0 ? [...context.args] : context.args.slice(0, first);
    const specs = first < 0 ? [] : context.args.slice(first);
    if (resources.length < 1) throw new Error("one or more resources must be specified as <resource> <name>");
    if (specs.length < 1) throw new Error("at least one taint update is required");
    const { set, remove } = parsed(context, specs);
    const type = (resources[0] ?? "").toLowerCase();
    if ((await (await context.discovery()).get(type, 2)).kind !== "Node")
      throw new Error(`invalid resource type ${type}, only node types are supported`);
    const clashes = (old: Taint) => set.some((each) => old.key === each.key && old.effect === each.effect);
    const operation = ({ object }: Found) => {
      if (set.length === 0) return "untainted";
      return remove.length > 0 || taintsOf(object).some(clashes) ? "modified" : "tainted";
    };
    await changeObjects(context, {
      manager: context.flags.text("field-manager"),
      operation,
      marksDryRun: false,
      held: "unstructured",
      args: resources,
      change({ object, name }) {
        const current = taintsOf(object);
        const clash = set.find((each) => current.some((old) => old.key === each.key && old.effect === each.effect));
        if (clash && !context.flags.bool("overwrite"))
          throw new Error(`node ${name} already has ${clash.key} taint(s) with same effect(s) and --overwrite is false`);
        const missing = remove.find(
          (each) => !current.some((old) => old.key === each.key && (each.effect === "" || old.effect === each.effect)),
        );
        if (missing) throw new Error(`taint ${JSON.stringify(missing.key + (missing.effect ? `:${missing.effect}` : ""))} not found`);
        const kept = current.filter(
          (old) =>
            !remove.some((each) => each.key === old.key && (each.effect === "" || each.effect === old.effect)) &&
            !set.some((each) => each.key === old.key && each.effect === old.effect),
        );
        const { taints: _, ...rest } = (object["spec"] ?? {}) as { taints?: Taint[] };
        const taints = [...set, ...kept];
        return { ...object, spec: taints.length > 0 ? { ...rest, taints } : rest };
      },
    });
  },
};

export default taint;

const taintsOf = (object: ApiObject) => (object["spec"] as { taints?: Taint[] } | undefined)?.taints ?? [];

function parsed(context: CommandContext, specs: readonly string[]): ReturnType<typeof parseTaints> {
  try {
    return parseTaints(specs);
  } catch (error) {
    throw context.usage(messageOf(error));
  }
}

function parseTaints(specs: readonly string[]): { set: Taint[]; remove: Taint[] } {
  const set: Taint[] = [];
  const remove: Taint[] = [];
  for (const spec of specs) {
    const removing = spec.endsWith("-");
    const text = removing ? spec.slice(0, -1) : spec;
    const match = /^([^=:]+)(?:=([^:]*))?(?::(.*))?$/.exec(text);
    const [, key = "", value, effect] = match ?? [];
    if (!match || (!removing && effect === undefined)) throw new Error(`invalid taint spec: ${spec}`);
    if (effect && !["NoSchedule", "PreferNoSchedule", "NoExecute"].includes(effect))
      throw new Error(`invalid taint effect: ${effect}, unsupported taint effect`);
    if (removing) remove.push({ key, effect: effect ?? "" });
    else set.push({ effect: effect ?? "", key, ...(value ? { value } : {}) });
  }
  return { set, remove };
}
