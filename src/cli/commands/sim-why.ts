import type { CommandSpec } from "../command.ts";
import { objectPath } from "../kubesim/kubesim-api.ts";

const why: CommandSpec = {
  usage: "KIND/NAME",
  long: "Tell why an object is in the state it is in, and what would change that.",
  examples: "# Why is the pod pending?\nkubesim sim why pod/kubia-gpu",
  flags: [{ name: "output", shorthand: "o", type: "string", usage: "Output format: json." }],
  async run(context) {
    if (context.args.length === 0) throw context.usage("KIND/NAME is required");
    const answer = await (await context.client()).get("/kubesim/why", { object: await objectPath(context, context.args) });
    if (context.flags.text("output") === "json") return context.print(JSON.stringify(answer, null, 2));
    const lines = answer["lines"] ?? answer["reasons"] ?? answer["text"] ?? answer["message"] ?? [];
    for (const line of Array.isArray(lines) ? lines : [lines])
      context.print(
        typeof line === "string"
          ? line
          : [line.component, line.node, line.plugin, line.text ?? line.message ?? line.reason].filter(Boolean).join("  "),
      );
  },
};

export default why;
