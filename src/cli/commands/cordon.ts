import type { CommandContext, CommandSpec } from "../command.ts";
import { contentTypeFor } from "../objects/change.ts";
import { pathOf } from "../connection/discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { messageOf } from "../errors.ts";
import { typedReporter } from "../report.ts";
import { targetsOfArgs, targetsOfNames } from "../objects/resource-arguments.ts";
import { fetchObjects, SELECTOR_FLAG, type Found } from "../objects/resources.ts";

export const cordon: CommandSpec = command(true);
export const uncordon: CommandSpec = command(false);

function command(unschedulable: boolean): CommandSpec {
  return {
    usage: "NODE",
    long: unschedulable ? "Mark node as unschedulable." : "Mark node as schedulable.",
    flags: [DRY_RUN_FLAG, SELECTOR_FLAG],
    async run(context) {
      const { flags } = context;
      checkNodeArguments(context);
      dryRunOf(flags, context.io);
      await context.connection();
      await setUnschedulable(context, await nodesOf(context), unschedulable);
    },
  };
}

/** Nodes are named, or chosen by their labels. */
export function checkNodeArguments(context: CommandContext): void {
  const { args, flags } = context;
  if (args.length === 0 && !flags.has("selector")) throw context.usage(`USAGE: ${context.path.split(" ").at(-1)} NODE [flags]`);
  if (args.length > 0 && flags.text("selector") !== "")
    throw context.usage("error: cannot specify both a node name and a --selector option");
}

/** The nodes that a command line means; one that is missing is one too many. Upstream: pkg/cmd/drain Complete */
export async function nodesOf(context: CommandContext): Promise<Found[]> {
  const { args, flags } = context;
  const selector = flags.text("selector");
  const options = { singleType: true };
  const targets = args.length === 0 ? targetsOfArgs(context, ["nodes"]) : targetsOfNames(context, "nodes", args, options);
  const nodes: Found[] = [];
  for (const target of await targets) {
    const { info } = target;
    const found = await fetchObjects(context, [target], { selector, chunkSize: flags.number("chunk-size"), typed: true });
    if (info.group !== "" || info.resource !== "nodes")
      throw new Error(
        `error: expected resource of type node, got ${JSON.stringify(`${info.group}/${info.version}, Resource=${info.resource}`)}`,
      );
    nodes.push(...found);
  }
  return nodes;
}

/** A node that cannot be changed is told and left. Upstream: pkg/cmd/drain RunCordonOrUncordon */
export async function setUnschedulable(context: CommandContext, nodes: readonly Found[], unschedulable: boolean): Promise<void> {
  const dryRun = dryRunOf(context.flags, context.io);
  const report = await typedReporter(context, dryRun);
  const done = unschedulable ? "cordoned" : "uncordoned";
  const client = await context.client();
  for (const node of nodes) {
    const current = (node.object["spec"] ?? {}) as { unschedulable?: boolean };
    if ((current.unschedulable ?? false) === unschedulable) {
      report(node.object, node.info, `already ${done}`);
      continue;
    }
    try {
      const body = { spec: { unschedulable: unschedulable || null } };
      const request = { query: dryRunQuery(dryRun), body, contentType: contentTypeFor(node) };
      if (dryRun !== "client") await client.json("PATCH", pathOf(node.info, undefined, node.name), request);
    } catch (error) {
      context.io.err(`error: unable to ${done.replace(/ed$/, "")} node ${JSON.stringify(node.name)}: ${messageOf(error)}\n`);
      continue;
    }
    report(node.object, node.info, done);
  }
}
