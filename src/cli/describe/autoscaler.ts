import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec, MetricStatus } from "../../api/generated/autoscaling-v2.ts";
import type { Described } from "./describe-object.ts";
import { writeEventsOf } from "./events.ts";
import { DescribeWriter, goTime, writeAnnotations, writeLabels } from "./writer.ts";

/** Upstream: describe.HorizontalPodAutoscalerDescriber */
export async function describeAutoscaler(described: Described): Promise<string> {
  const { object } = described;
  const { metadata } = object;
  const { spec, status } = object as unknown as Required<HorizontalPodAutoscaler>;
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `CreationTimestamp:\t${goTime(metadata.creationTimestamp)}`);
  writer.line(0, `Reference:\t${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`);
  writer.line(0, "Metrics:\t( current / target )");
  for (const [index, metric] of (spec.metrics ?? []).entries()) writer.line(1, metricText(metric, status?.currentMetrics?.[index]));
  writer.line(0, `Min replicas:\t${spec.minReplicas ?? "<unset>"}`);
  writer.line(0, `Max replicas:\t${spec.maxReplicas}`);
  if (spec.behavior) {
    writer.line(0, "Behavior:");
    writeDirection(writer, "Scale Up", spec.behavior.scaleUp);
    writeDirection(writer, "Scale Down", spec.behavior.scaleDown);
  }
  writer.line(0, `${spec.scaleTargetRef.kind} pods:\t${status?.currentReplicas ?? 0} current / ${status?.desiredReplicas ?? 0} desired`);
  if (status?.conditions?.length) {
    writer.line(0, "Conditions:");
    writer.line(1, "Type\tStatus\tReason\tMessage");
    writer.line(1, "----\t------\t------\t-------");
    for (const each of status.conditions) writer.line(1, `${each.type}\t${each.status}\t${each.reason ?? ""}\t${each.message ?? ""}`);
  }
  await writeEventsOf(writer, described);
  return writer.render();
}

const UNKNOWN = "<unknown>";
const orZero = (value: unknown) => String(value ?? "0");

function metricText(metric: MetricSpec, current: MetricStatus | undefined): string {
  const { external, pods, object, resource, containerResource } = metric;
  if (metric.type === "External" && external) {
    const name = JSON.stringify(external.metric.name);
    const now = current?.external?.current;
    return external.target.averageValue !== undefined
      ? `${name} (target average value):\t${String(now?.averageValue ?? UNKNOWN)} / ${String(external.target.averageValue)}`
      : `${name} (target value):\t${now ? orZero(now.value) : UNKNOWN} / ${orZero(external.target.value)}`;
  }
  if (metric.type === "Pods" && pods) {
    const now = current?.pods?.current;
    return `${JSON.stringify(pods.metric.name)} on pods:\t${now ? orZero(now.averageValue) : UNKNOWN} / ${orZero(pods.target.averageValue)}`;
  }
  if (metric.type === "Object" && object) {
    const title = `"${object.metric.name}" on ${object.describedObject.kind}/${object.describedObject.name}`;
    const now = current?.object?.current;
    return object.target.type === "AverageValue"
      ? `${title} (target average value):\t${now ? orZero(now.averageValue) : UNKNOWN} / ${orZero(object.target.averageValue)}`
      : `${title} (target value):\t${now ? orZero(now.value) : UNKNOWN} / ${orZero(object.target.value)}`;
  }
  if (metric.type === "Resource" && resource)
    return usageText(`resource ${resource.name} on pods`, resource.target, current?.resource?.current);
  if (metric.type === "ContainerResource" && containerResource)
    return usageText(
      `resource ${containerResource.name} of container "${containerResource.container}" on pods`,
      containerResource.target,
      current?.containerResource?.current,
    );
  return `<unknown metric type ${JSON.stringify(metric.type)}>`;
}

type Target = NonNullable<MetricSpec["resource"]>["target"];
type Current = NonNullable<MetricStatus["resource"]>["current"];

function usageText(title: string, target: Target, now: Current | undefined): string {
  if (target.averageValue !== undefined) return `${title}:\t${now ? orZero(now.averageValue) : UNKNOWN} / ${String(target.averageValue)}`;
  const current = now?.averageUtilization === undefined ? UNKNOWN : `${now.averageUtilization}% (${orZero(now.averageValue)})`;
  const wanted = target.averageUtilization === undefined ? "<auto>" : `${target.averageUtilization}%`;
  return `${title}  (as a percentage of request):\t${current} / ${wanted}`;
}

function writeDirection(writer: DescribeWriter, title: string, rules: HPAScalingRules | undefined): void {
  if (!rules) return;
  writer.line(1, `${title}:`);
  if (rules.stabilizationWindowSeconds !== undefined) writer.line(2, `Stabilization Window: ${rules.stabilizationWindowSeconds} seconds`);
  if (!rules.policies?.length) return;
  writer.line(2, `Select Policy: ${rules.selectPolicy ?? "Max"}`);
  writer.line(2, "Policies:");
  for (const { type, value, periodSeconds } of rules.policies)
    writer.line(3, `- Type: ${type}\tValue: ${value}\tPeriod: ${periodSeconds} seconds`);
}
