import { changeObjects } from "../change.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { DRY_RUN_FLAG } from "../dry-run.ts";
import { SELECTOR_FLAG } from "../resources.ts";

export const cordon = spec(true);
export const uncordon = spec(false);

function spec(unschedulable: boolean): CommandSpec {
  return {
    usage: "NODE",
    long: unschedulable ? "Mark node as unschedulable." : "Mark node as schedulable.",
    flags: [DRY_RUN_FLAG, SELECTOR_FLAG],
    async run(context) {
      if (context.args.length === 0 && context.flags.text("selector") === "")
        throw context.usage(`USAGE: ${unschedulable ? "cordon" : "uncordon"} NODE [flags]`);
      if (context.args.length > 0 && context.flags.text("selector") !== "")
        throw context.usage("error: cannot specify both a node name and a --selector option");
      await setUnschedulable(context, context.args, unschedulable);
    },
  };
}

export async function setUnschedulable(context: CommandContext, names: readonly string[], unschedulable: boolean): Promise<void> {
  const args = names.length === 0 ? ["nodes"] : names.map((name) => (name.includes("/") ? name : `nodes/${name}`));
  await changeObjects(context, {
    operation: unschedulable ? "cordoned" : "uncordoned",
    unchanged: `already ${unschedulable ? "cordoned" : "uncordoned"}`,
    args,
    atomic: true,
    change({ object }) {
      const current = (object["spec"] ?? {}) as { unschedulable?: boolean };
      if ((current.unschedulable ?? false) === unschedulable) return undefined;
      const { unschedulable: _, ...rest } = current;
      return { ...object, spec: unschedulable ? { ...rest, unschedulable } : rest };
    },
  });
}
