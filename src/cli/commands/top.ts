import { parseQuantity } from "../../api/quantity.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import type { FlagSpec } from "../flags.ts";
import { tableWriter } from "../printers/tab-writer.ts";
import { ALL_NAMESPACES_FLAG, SELECTOR_FLAG } from "../resources.ts";

const FLAGS: readonly FlagSpec[] = [
  SELECTOR_FLAG,
  { name: "no-headers", type: "bool", usage: "Leave out the headers." },
  { name: "sort-by", type: "string", usage: "Sort by 'cpu' or 'memory'." },
  {
    name: "use-protocol-buffers",
    type: "bool",
    default: true,
    usage: "Accepted for compatibility",
  },
];

const entry = (
  name: string,
  aliases: string[],
  short: string,
  flags: readonly FlagSpec[],
  run: (context: CommandContext) => Promise<void>,
): CommandEntry => ({ name, aliases, short, load: async () => ({ flags, run }) });

const top: CommandSpec = {
  long: "Display resource (CPU/memory) usage.",
  subcommands: [
    entry(
      "node",
      ["nodes", "no"],
      "Display resource (CPU/memory) usage of nodes",
      [
        ...FLAGS,
        {
          name: "show-capacity",
          type: "bool",
          usage: "Percentages of the capacity, not of what pods may use.",
        },
      ],
      topNode,
    ),
    entry(
      "pod",
      ["pods", "po"],
      "Display resource (CPU/memory) usage of pods",
      [
        ...FLAGS,
        ALL_NAMESPACES_FLAG,
        { name: "containers", type: "bool", usage: "Usage of each container." },
        { name: "field-selector", type: "string", usage: "Field query." },
        { name: "sum", type: "bool", usage: "The sum at the end." },
      ],
      topPod,
    ),
  ],
};

export default top;

interface Usage {
  cpu: string;
  memory: string;
}
interface Metrics {
  metadata: { name: string; namespace?: string };
  usage?: Usage;
  containers?: { name: string; usage: Usage }[];
}

const cpu = (text: string) => Math.ceil(parseQuantity(text).milliValue());
const mebibytes = (text: string) => Math.floor(parseQuantity(text).value() / 2 ** 20);

async function metrics(context: CommandContext, path: string): Promise<Metrics[]> {
  const resources = await (await context.discovery()).resources();
  if (!resources.some(({ group }) => group === "metrics.k8s.io"))
    throw new Error("Metrics API not available");
  const client = await context.client();
  const answer = await client.get<Metrics & { items?: Metrics[] }>(
    `/apis/metrics.k8s.io/v1beta1${path}`,
    { labelSelector: context.flags.text("selector") },
  );
  return answer.items ?? [answer];
}

async function topNode(context: CommandContext): Promise<void> {
  const list = await metrics(context, `/nodes${context.args[0] ? `/${context.args[0]}` : ""}`);
  const nodes = await (
    await context.client()
  ).get<{
    items?: {
      metadata: { name: string };
      status?: { allocatable?: Record<string, string>; capacity?: Record<string, string> };
    }[];
  }>("/api/v1/nodes");
  const rows = list.map(({ metadata, usage }) => {
    const node = nodes.items?.find((each) => each.metadata.name === metadata.name);
    const total =
      (context.flags.bool("show-capacity") ? node?.status?.capacity : node?.status?.allocatable) ??
      {};
    const [c, m] = [cpu(usage?.cpu ?? "0"), mebibytes(usage?.memory ?? "0")];
    return {
      name: metadata.name,
      cpu: c,
      memory: m,
      cells: [
        metadata.name,
        `${c}m`,
        `${Math.trunc((c / cpu(total["cpu"] ?? "1")) * 100)}%`,
        `${m}Mi`,
        `${Math.trunc((m / Math.max(1, mebibytes(total["memory"] ?? "1Gi"))) * 100)}%`,
      ],
    };
  });
  print(context, ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"], rows);
}

async function topPod(context: CommandContext): Promise<void> {
  const everywhere = context.flags.bool("all-namespaces");
  const scope = everywhere ? "" : `/namespaces/${await context.namespace()}`;
  const list = await metrics(
    context,
    `${scope}/pods${context.args[0] ? `/${context.args[0]}` : ""}`,
  );
  if (list.length === 0)
    return context.io.err(
      everywhere
        ? "No resources found\n"
        : `No resources found in ${await context.namespace()} namespace.\n`,
    );
  const each = context.flags.bool("containers");
  const rows = list.flatMap(({ metadata, containers }) => {
    const lead = everywhere ? [metadata.namespace ?? ""] : [];
    const used = (containers ?? []).map(({ name, usage }) => ({
      name,
      cpu: cpu(usage.cpu),
      memory: mebibytes(usage.memory),
    }));
    if (each)
      return used.map((one) => ({
        ...one,
        name: metadata.name,
        cells: [...lead, metadata.name, one.name, `${one.cpu}m`, `${one.memory}Mi`],
      }));
    const sum = {
      cpu: used.reduce((total, one) => total + one.cpu, 0),
      memory: used.reduce((total, one) => total + one.memory, 0),
    };
    return [
      {
        ...sum,
        name: metadata.name,
        cells: [...lead, metadata.name, `${sum.cpu}m`, `${sum.memory}Mi`],
      },
    ];
  });
  print(
    context,
    [
      ...(everywhere ? ["NAMESPACE"] : []),
      ...(each ? ["POD", "NAME"] : ["NAME"]),
      "CPU(cores)",
      "MEMORY(bytes)",
    ],
    rows,
  );
}

function print(
  context: CommandContext,
  headers: readonly string[],
  rows: { name: string; cpu: number; memory: number; cells: string[] }[],
): void {
  const by = context.flags.text("sort-by");
  if (by !== "" && by !== "cpu" && by !== "memory")
    throw new Error("--sort-by accepts only cpu or memory");
  if (by !== "") rows.sort((a, b) => b[by as "cpu" | "memory"] - a[by as "cpu" | "memory"]);
  const lines = rows.map(({ cells }) => `${cells.join("\t")}\n`);
  if (!context.flags.bool("no-headers")) lines.unshift(`${headers.join("\t")}\n`);
  context.io.out(tableWriter().render(lines.join("")));
}
