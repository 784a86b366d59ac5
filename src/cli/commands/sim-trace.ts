import type { Json } from "../connection/client.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import { objectPath } from "../kubesim/kubesim-api.ts";
import { TabWriter } from "../printers/tab-writer.ts";

const request: CommandEntry = {
  name: "request",
  short: "Tell the way of a request from a pod to a URL",
  load: async () => ({
    usage: "[NAMESPACE/]POD URL",
    flags: [{ name: "output", shorthand: "o", type: "string", usage: "Output format: json." }],
    async run(context) {
      const [pod, url] = context.args;
      if (pod === undefined || url === undefined) throw context.usage("POD and URL are required");
      const full = pod.includes("/")
        ? pod.replace(/^(pod|po|pods)\//, `${await context.namespace()}/`)
        : `${await context.namespace()}/${pod}`;
      show(context, await (await context.client()).get("/kubesim/trace/request", { pod: full, url }));
    },
  }),
};

const trace: CommandSpec = {
  usage: "KIND/NAME",
  long: "Tell the steps of an object's life: who wrote it, when, and why.",
  examples:
    "# The life of a pod\nkubesim sim trace pod/kubia\n\n# The way of a request\nkubesim sim trace request custom/client http://kubia.default",
  flags: [{ name: "output", shorthand: "o", type: "string", usage: "Output format: json." }],
  subcommands: [request],
  async run(context) {
    if (context.args.length === 0) throw context.usage("KIND/NAME is required");
    show(context, await (await context.client()).get("/kubesim/trace", { object: await objectPath(context, context.args) }));
  },
};

export default trace;

/** Steps as a table: time since the first, component, what happened. */
export function show(context: CommandContext, answer: Json): void {
  if (context.flags.text("output") === "json") return context.print(JSON.stringify(answer, null, 2));
  const steps = (answer["steps"] ?? answer["items"] ?? []) as Json[];
  if (steps.length === 0)
    throw new Error(
      String(
        answer["message"] ??
          answer["text"] ??
          `nothing is known of ${context.args.join(" ")}: it is not there, and nothing happened to it lately`,
      ),
    );
  const first = timeOf(steps[0]);
  const lines = steps.map((step) => {
    const at = timeOf(step);
    const since = at === undefined || first === undefined ? "" : `+${((at - first) / 1000).toFixed(3)}s\t`;
    return `${since}${String(step["component"] ?? step["stage"] ?? step["name"] ?? "")}\t${String(step["text"] ?? step["message"] ?? step["cause"] ?? "")}\n`;
  });
  context.io.out(new TabWriter({ minWidth: 0, padding: 2 }).render(lines.join("")));
}

function timeOf(step: Json | undefined): number | undefined {
  const value = step?.["timeMs"] ?? step?.["atMs"] ?? step?.["time"];
  return typeof value === "number" ? value : typeof value === "string" ? Date.parse(value) : undefined;
}
