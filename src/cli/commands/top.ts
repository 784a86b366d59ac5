import { goDuration } from "../../api/duration.ts";
import { parseFieldSelector } from "../../api/fields.ts";
import { parseSelector } from "../../api/labels.ts";
import { parseQuantity } from "../../api/quantity.ts";
import { goSort } from "../printers/go-sort.ts";
import * as host from "../../host/cli-host.ts";
import type { CommandContext, CommandEntry, CommandSpec } from "../command.ts";
import { messageOf } from "../errors.ts";
import type { FlagSpec } from "../flags.ts";
import { tableWriter } from "../printers/tab-writer.ts";
import { ALL_NAMESPACES_FLAG, SELECTOR_FLAG } from "../objects/resources.ts";

const FLAGS: readonly FlagSpec[] = [
  SELECTOR_FLAG,
  { name: "show-swap", type: "bool", usage: "What is swapped out, too." },
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
  readonly cpu: string;
  readonly memory: string;
  readonly swap?: string;
}

interface Metrics {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly usage?: Usage;
  readonly containers?: readonly { readonly name: string; readonly usage: Usage }[];
}

interface Measured {
  readonly name: string;
  readonly namespace: string;
  /** In billionths of a core. */
  readonly cpu: number;
  /** In bytes. */
  readonly memory: number;
  readonly swap: number;
}

type SortBy = "" | "cpu" | "memory";

// Upstream: pkg/cmd/top metricsCreationDelay
const CREATION_DELAY_MS = 2 * 60_000;

const milliCores = (nanoCores: number) => Math.ceil(nanoCores / 1e6);
const bytesOf = (text: string) => parseQuantity(text).value();
const mebibytes = (bytes: number) => Math.trunc(bytes / 2 ** 20);

function sortBy(context: CommandContext): SortBy {
  const by = context.flags.text("sort-by");
  if (by !== "" && by !== "cpu" && by !== "memory") throw new Error("--sort-by accepts only cpu or memory");
  return by;
}

async function metrics(context: CommandContext, path: string): Promise<Metrics[]> {
  checkSelectors(context);
  const resources = await (await context.discovery()).resources(0);
  if (!resources.some(({ group }) => group === "metrics.k8s.io")) throw new Error("Metrics API not available");
  const client = await context.client();
  const answer = await client.get<Metrics & { items?: Metrics[] }>(`/apis/metrics.k8s.io/v1beta1${path}`, {
    labelSelector: context.flags.text("selector"),
    ...(path.endsWith("pods") ? { fieldSelector: context.flags.text("field-selector") } : {}),
  });
  return answer.items ?? [answer];
}

/** kubectl reads them itself before it asks. */
function checkSelectors({ flags }: CommandContext): void {
  try {
    parseSelector(flags.text("selector"));
    parseFieldSelector(flags.text("field-selector"));
  } catch (error) {
    throw new Error(messageOf(error), { cause: error });
  }
}

function measured(metadata: Metrics["metadata"], usages: readonly Usage[], name = metadata.name) {
  return {
    name,
    namespace: metadata.namespace ?? "",
    cpu: usages.reduce((sum, usage) => sum + nanoCores(usage.cpu), 0),
    memory: usages.reduce((sum, usage) => sum + bytesOf(usage.memory), 0),
    swap: usages.reduce((sum, usage) => sum + bytesOf(usage.swap ?? "0"), 0),
  };
}

const nanoCores = (text: string) => (text.endsWith("n") ? Number(text.slice(0, -1)) : Math.round(parseQuantity(text).value() * 1e9));

/** The greatest first, or by name. Upstream: pkg/metricsutil/metrics_resource_adder.go and its sorters */
function sorted<T extends Measured>(rows: readonly T[], by: SortBy): T[] {
  if (by === "cpu") return goSort(rows, (a, b) => milliCores(a.cpu) > milliCores(b.cpu));
  if (by === "memory") return goSort(rows, (a, b) => a.memory > b.memory);
  return goSort(rows, (a, b) => (a.namespace === b.namespace ? a.name < b.name : a.namespace < b.namespace));
}

const withSwap = (context: CommandContext) => context.flags.bool("show-swap");
const UNKNOWN = "<unknown>";

function usageCells(context: CommandContext, { cpu, memory, swap }: Pick<Measured, "cpu" | "memory" | "swap">): string[] {
  return [`${milliCores(cpu)}m`, `${mebibytes(memory)}Mi`, ...(withSwap(context) ? [`${mebibytes(swap)}Mi`] : [])];
}

async function topNode(context: CommandContext): Promise<void> {
  if (context.args.length > 1) throw context.usage("node [NAME | -l label]");
  await context.checkConfig();
  const by = sortBy(context);
  const [name] = context.args;
  if (name !== undefined && context.flags.text("selector") !== "") throw new Error("only one of NAME or --selector can be provided");
  const list = await metrics(context, `/nodes${name ? `/${name}` : ""}`);
  if (list.length === 0) throw new Error("metrics not available yet");
  const totals = await nodeTotals(context, name);
  const rows = sorted(
    list.map(({ metadata, usage }) => measured(metadata, usage ? [usage] : [])),
    by,
  ).map((row) => {
    const total = totals.get(row.name) ?? {};
    totals.delete(row.name);
    return [row.name, ...nodeCells(context, row, total)];
  });
  const headers = ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)", ...(withSwap(context) ? ["SWAP(bytes)", "SWAP(%)"] : [])];
  for (const unmeasured of totals.keys()) rows.push([unmeasured, ...headers.slice(1).map(() => UNKNOWN)]);
  print(context, headers, rows);
}

type Totals = Readonly<Record<string, string>>;

function nodeCells(context: CommandContext, row: Measured, total: Totals): string[] {
  const [cpu = "", memory = "", swap = ""] = usageCells(context, row);
  const cells = [
    cpu,
    share(milliCores(row.cpu), nanoCores(total["cpu"] ?? "0") / 1e6),
    memory,
    share(row.memory, bytesOf(total["memory"] ?? "0")),
  ];
  if (!withSwap(context)) return cells;
  // A node that does not say how much it can swap does not swap, as far as one knows.
  return [...cells, ...(total["swap"] === undefined ? [UNKNOWN, UNKNOWN] : [swap, share(row.swap, bytesOf(total["swap"]))])];
}

const share = (used: number, of: number) => `${of === 0 ? 0 : Math.trunc((used / of) * 100)}%`;

interface NodeSizes {
  readonly metadata: { readonly name: string };
  readonly status?: Readonly<Record<"allocatable" | "capacity", Totals | undefined>> & {
    readonly nodeInfo?: { readonly swap?: { readonly capacity?: number } };
  };
}

async function nodeTotals(context: CommandContext, name: string | undefined): Promise<Map<string, Totals>> {
  const client = await context.client();
  const answer = await client.get<NodeSizes & { items?: NodeSizes[] }>(`/api/v1/nodes${name ? `/${name}` : ""}`, {
    labelSelector: context.flags.text("selector"),
  });
  const which = context.flags.bool("show-capacity") ? "capacity" : "allocatable";
  return new Map(
    (answer.items ?? [answer]).map(({ metadata, status }) => {
      const swap = status?.nodeInfo?.swap?.capacity;
      return [metadata.name, { ...status?.[which], ...(swap === undefined ? {} : { swap: String(swap) }) }];
    }),
  );
}

async function topPod(context: CommandContext): Promise<void> {
  if (context.args.length > 1) throw context.usage("pod [NAME | -l label]");
  await context.checkConfig();
  const by = sortBy(context);
  const [name] = context.args;
  const selecting = context.flags.text("selector") !== "" || context.flags.text("field-selector") !== "";
  if (name !== undefined && selecting) throw new Error("only one of NAME or selector can be provided");
  const everywhere = context.flags.bool("all-namespaces");
  const scope = everywhere ? "" : `/namespaces/${await context.namespace()}`;
  const list = await metrics(context, `${scope}/pods${name ? `/${name}` : ""}`);
  if (list.length === 0) {
    await explainEmpty(context);
    return context.io.err(everywhere ? "No resources found\n" : `No resources found in ${await context.namespace()} namespace.\n`);
  }
  const each = context.flags.bool("containers");
  const pods = sorted(
    list.map(({ metadata, containers = [] }) => ({
      ...measured(
        metadata,
        containers.map(({ usage }) => usage),
      ),
      containers: sorted(
        containers.map(({ name: own, usage }) => measured(metadata, [usage], own)),
        by,
      ),
    })),
    by,
  );
  const lead = (namespace: string) => (everywhere ? [namespace] : []);
  const rows = pods.flatMap((pod) =>
    each
      ? pod.containers.map((one) => [...lead(pod.namespace), pod.name, one.name, ...usageCells(context, one)])
      : [[...lead(pod.namespace), pod.name, ...usageCells(context, pod)]],
  );
  const headers = [
    ...(everywhere ? ["NAMESPACE"] : []),
    ...(each ? ["POD", "NAME"] : ["NAME"]),
    "CPU(cores)",
    "MEMORY(bytes)",
    ...(withSwap(context) ? ["SWAP(bytes)"] : []),
  ];
  if (context.flags.bool("sum")) rows.push(...sumRows(context, headers.length, pods));
  print(context, headers, rows);
}

/** The columns count without those that --no-headers leaves out, as upstream counts them. */
function sumRows(context: CommandContext, columns: number, pods: readonly Measured[]): string[][] {
  const width = context.flags.bool("no-headers") ? (withSwap(context) ? 4 : 3) : columns;
  const blank = (count: number) => Array.from({ length: count }, () => "");
  const total = {
    cpu: pods.reduce((sum, pod) => sum + pod.cpu, 0),
    memory: pods.reduce((sum, pod) => sum + pod.memory, 0),
    swap: pods.reduce((sum, pod) => sum + pod.swap, 0),
  };
  return [
    [...blank(width - 2), "________", "________"],
    [...blank(width - 3), "", ...usageCells(context, total)],
  ];
}

interface ListedPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly creationTimestamp: string;
  };
}

async function listPods(context: CommandContext, scope: string): Promise<readonly ListedPod[]> {
  const client = await context.client();
  const { items } = await client.get<{ items?: ListedPod[] }>(`/api/v1${scope}/pods`, {
    labelSelector: context.flags.text("selector"),
    fieldSelector: context.flags.text("field-selector"),
  });
  return items ?? [];
}

/** Pods without figures: they are new, or something is wrong. Upstream: verifyEmptyMetrics */
async function explainEmpty(context: CommandContext): Promise<void> {
  const pods = await listPods(context, `/namespaces/${await context.namespace()}`);
  if (pods.length === 0) return;
  for (const { metadata } of pods) {
    const ageMs = host.nowMs() - Date.parse(metadata.creationTimestamp);
    if (ageMs > CREATION_DELAY_MS)
      throw new Error(`Metrics not available for pod ${metadata.namespace}/${metadata.name}, age: ${goDuration(ageMs)}`);
  }
  throw new Error("metrics not available yet");
}

function print(context: CommandContext, headers: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = rows.map((cells) => `${cells.join("\t")}\t\n`);
  if (!context.flags.bool("no-headers")) lines.unshift(`${headers.join("\t")}\t\n`);
  context.io.out(tableWriter().render(lines.join("")));
}
