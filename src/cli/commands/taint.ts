import { changeObjects } from "../change.ts";
import type { CommandSpec } from "../command.ts";
import { DRY_RUN_FLAG } from "../dry-run.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, VALIDATE_FLAG } from "../report.ts";
import { SELECTOR_FLAG } from "../resources.ts";

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
    if (resources.length < 1) throw context.usage("one or more resources must be specified as <resource> <name>");
    if (specs.length < 1) throw context.usage("at least one taint update is required");
    const { set, remove } = parseTaints(specs);
    const operation = set.length > 0 && remove.length > 0 ? "modified" : set.length > 0 ? "tainted" : "untainted";
    await changeObjects(context, {
      manager: context.flags.text("field-manager"),
      operation,
      held: "unstructured",
      args: resources,
      change({ object, name }) {
        const current = ((object["spec"] as { taints?: Taint[] } | undefined)?.taints ?? []) as Taint[];
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
