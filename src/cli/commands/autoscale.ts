import { isQuantity, parseQuantity } from "../../api/quantity.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { apiVersionOf } from "../connection/discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery, type DryRun } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { withTypedConfig } from "../objects/go-field-order.ts";
import { FIELD_MANAGER_FLAG, OUTPUT_FLAGS, typedReporter } from "../report.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import { type ApiObject, fetchObjects, FILE_FLAGS, type Found } from "../objects/resources.ts";

const GROUP = { group: "autoscaling", kind: "HorizontalPodAutoscaler" };

const autoscale: CommandSpec = {
  usage: "(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY]",
  long: "Creates an autoscaler that automatically chooses and sets the number of pods that run in a Kubernetes cluster. The autoscaler is a HorizontalPodAutoscaler with the name of what it scales, unless --name says otherwise.",
  examples:
    "# Between 2 and 10 pods\nkubectl autoscale deployment foo --min=2 --max=10\n\n# Up to 5 pods, at 80% of the CPU that they ask for\nkubectl autoscale rc foo --max=5 --cpu=80%",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    FIELD_MANAGER_FLAG("kubectl-autoscale"),
    {
      name: "cpu",
      type: "string",
      usage: "Target CPU over all pods: a percentage of what they request (70%), or a quantity (500m; a plain number is in thousandths).",
    },
    {
      name: "cpu-percent",
      type: "int32",
      default: -1,
      hidden: true,
      deprecated: "Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).",
      usage: "Target average CPU, in percent of what the pods request.",
    },
    { name: "max", type: "int32", default: -1, required: true, usage: "The most pods that the autoscaler may set. Required." },
    {
      name: "memory",
      type: "string",
      usage: "Target memory over all pods: a percentage of what they request (60%), or a quantity (200Mi; a plain number is in mebibytes).",
    },
    {
      name: "min",
      type: "int32",
      default: -1,
      usage: "The fewest pods that the autoscaler may set; the server chooses when it is not given or negative.",
    },
    { name: "name", type: "string", usage: "The name of the new object; by default that of the resource." },
    { name: "save-config", type: "bool", usage: "If true, the configuration is kept in the object's annotation, for later use of apply." },
  ],
  async run(context) {
    const dryRun = dryRunOf(context.flags, context.io);
    await context.checkConfig();
    validate(context);
    const errors: unknown[] = [];
    const targets = await targetsOf(context, context.args, { errors, needsNames: true });
    for (const target of targets) {
      try {
        for (const found of await fetchObjects(context, [target])) await autoscaleOne(context, found, dryRun);
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
    if (targets.length === 0) throw new Error("no objects passed to autoscale");
  },
};

export default autoscale;

async function autoscaleOne(context: CommandContext, found: Found, dryRun: DryRun): Promise<void> {
  const { info } = found;
  if (!info.subresources.includes("scale"))
    throw new Error(
      `cannot autoscale a ${info.kind}: could not find scale subresource for ${info.group}/${info.version}, Resource=${info.resource} in discovery information`,
    );
  const built = await build(context, found);
  try {
    await handle(context, built, dryRun);
  } catch (error) {
    // What the second version fails with is tried as the first when nothing is lost: so the failure told is that of autoscaling/v1.
    const reason = incompatible(context);
    if (reason !== "")
      throw new Error(`failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: ${reason}`, {
        cause: error,
      });
    await handle(context, firstVersion(context, built), dryRun);
  }
}

/** Creates one and says so; the form that -o asks for is looked at last. Upstream: AutoscaleOptions.handleHPA */
async function handle(context: CommandContext, built: ApiObject, dryRun: DryRun): Promise<void> {
  if (dryRun === "client") return (await typedReporter(context, dryRun))(built, GROUP, "created");
  const body = context.flags.bool("save-config") ? withTypedConfig(built) : built;
  const query = { fieldManager: context.flags.text("field-manager"), ...dryRunQuery(dryRun) };
  const path = `/apis/${built.apiVersion}/namespaces/${await context.namespace()}/horizontalpodautoscalers`;
  const made = await (await context.client()).json<Json>("POST", path, { query, body });
  (await typedReporter(context, dryRun))(made, GROUP, "autoscaled");
}

/** Upstream: AutoscaleOptions.canCreateHPAV1, whose error is nil where it only says no */
function incompatible({ flags }: CommandContext): string {
  const cpu = flags.text("cpu");
  if (cpu === "") return "empty input";
  const isPlain = flags.text("memory") === "" && (flags.number("cpu-percent") >= 0 || cpu.trim().endsWith("%"));
  return isPlain ? "" : "%!w(<nil>)";
}

function firstVersion({ flags }: CommandContext, built: ApiObject): ApiObject {
  const { metrics: _, ...spec } = built["spec"] as Json;
  const percent = flags.number("cpu-percent");
  const value = percent > 0 ? percent : Number(flags.text("cpu").trim().slice(0, -1));
  return {
    ...built,
    status: { currentReplicas: 0, desiredReplicas: 0 },
    apiVersion: "autoscaling/v1",
    spec: { ...spec, targetCPUUtilizationPercentage: value },
  };
}

function validate({ flags }: CommandContext): void {
  const max = flags.number("max");
  const min = flags.number("min");
  if (max < 1) throw new Error(`--max=MAXPODS is required and must be at least 1, max: ${max}`);
  if (max < min) throw new Error(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`);
  if (flags.number("cpu-percent") > 0 && flags.text("cpu") !== "") throw new Error("--cpu-percent and --cpu are mutually exclusive");
  if (flags.text("cpu") !== "") targetOf(flags.text("cpu"), "cpu");
  if (flags.text("memory") !== "") targetOf(flags.text("memory"), "memory");
}

/** `70%`, `500m`, or a number in the resource's usual unit. Upstream: kubectl/pkg/cmd/autoscale parseResourceInput */
function targetOf(input: string, resource: "cpu" | "memory"): Json {
  const text = input.trim();
  if (text === "") throw new Error("empty input");
  if (text.endsWith("%")) {
    const percent = text.slice(0, -1);
    if (!/^[+]?\d+$/.test(percent) || Number(percent) > 2 ** 31 - 1) throw new Error(`invalid percentage value: ${percent}`);
    return { type: "Utilization", averageUtilization: Number(percent) };
  }
  const plain = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text);
  const quantity = plain ? `${Number(text)}${resource === "cpu" ? "m" : "Mi"}` : text;
  if (!isQuantity(quantity)) throw new Error(`invalid resource ${resource} value: ${input}`);
  return { type: "AverageValue", averageValue: parseQuantity(quantity).toString() };
}

async function build(context: CommandContext, { info, name }: Found): Promise<ApiObject> {
  const { flags } = context;
  const metric = (resource: string, target: Json) => ({ type: "Resource", resource: { name: resource, target } });
  const percent = flags.number("cpu-percent");
  const metrics = [
    ...(percent > 0 ? [metric("cpu", { type: "Utilization", averageUtilization: percent })] : []),
    ...(flags.text("cpu") === "" ? [] : [metric("cpu", targetOf(flags.text("cpu"), "cpu"))]),
    ...(flags.text("memory") === "" ? [] : [metric("memory", targetOf(flags.text("memory"), "memory"))]),
  ];
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: flags.text("name") || name, ...(flags.has("namespace") ? { namespace: await context.namespace() } : {}) },
    spec: {
      maxReplicas: flags.number("max"),
      ...(metrics.length > 0 ? { metrics } : {}),
      ...(flags.number("min") > 0 ? { minReplicas: flags.number("min") } : {}),
      scaleTargetRef: { apiVersion: apiVersionOf(info), kind: info.kind, name },
    },
    status: { currentMetrics: null, desiredReplicas: 0 },
  };
}
