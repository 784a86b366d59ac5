import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "../../generated/autoscaling-v1.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
} from "../../generated/autoscaling-v2.ts";
import type { KubernetesObject } from "../../meta.ts";

/** What autoscaling/v1 has no fields for is kept in annotations there. Upstream: pkg/apis/autoscaling/annotations.go */
const METRICS = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions";
const CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics";
const ROUND_TRIP: readonly string[] = [METRICS, BEHAVIOR, CONDITIONS, CURRENT_METRICS];

/** Upstream: pkg/apis/autoscaling/v1/conversion.go */
export function autoscalerFromV1(object: KubernetesObject): KubernetesObject {
  const { spec, status, metadata, ...rest } = object as HorizontalPodAutoscalerV1;
  const { targetCPUUtilizationPercentage: cpu, ...common } = spec;
  const kept = metadata.annotations ?? {};
  const metrics = [...(parseJson<V1Metric[]>(kept[METRICS]) ?? []).map(metricFromV1), ...(cpu === undefined ? [] : [cpuMetric(cpu)])];
  const behavior = parseJson<Fields>(kept[BEHAVIOR]);
  const { currentCPUUtilizationPercentage: current, ...commonStatus } = status ?? {};
  const fromCpu: MetricStatus[] =
    current === undefined ? [] : [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: current } } }];
  const conditions = parseJson<unknown[]>(kept[CONDITIONS]);
  return {
    ...rest,
    apiVersion: "autoscaling/v2",
    metadata: withAnnotations(metadata, {}),
    spec: { ...common, ...(metrics.length > 0 ? { metrics } : {}), ...(behavior ? { behavior: lowerKeys(behavior) } : {}) },
    status: {
      ...commonStatus,
      currentMetrics: parseJson<V1Metric[]>(kept[CURRENT_METRICS])?.map(statusFromV1) ?? fromCpu,
      ...(conditions ? { conditions } : {}),
    },
  } as unknown as KubernetesObject;
}

export function autoscalerToV1(object: KubernetesObject): KubernetesObject {
  const { spec, status, metadata, ...rest } = object as HorizontalPodAutoscaler;
  const { metrics = [], behavior, ...common } = spec;
  const isCpu = ({ resource }: MetricSpec) => resource?.name === "cpu" && resource.target.averageUtilization !== undefined;
  const cpu = metrics.findLast(isCpu)?.resource?.target.averageUtilization;
  const others = metrics.filter((metric) => !isCpu(metric));
  const { currentMetrics = [], conditions = [], ...commonStatus } = status ?? { desiredReplicas: 0 };
  const current = currentMetrics.findLast(({ resource }) => resource?.name === "cpu" && resource.current.averageUtilization !== undefined);
  return {
    ...rest,
    apiVersion: "autoscaling/v1",
    metadata: withAnnotations(metadata, {
      ...(others.length > 0 ? { [METRICS]: JSON.stringify(others.map(metricToV1)) } : {}),
      ...(currentMetrics.length > 0 ? { [CURRENT_METRICS]: JSON.stringify(currentMetrics.map(statusToV1)) } : {}),
      ...(conditions.length > 0 ? { [CONDITIONS]: JSON.stringify(conditions.map(inGoOrder)) } : {}),
      ...(behavior ? { [BEHAVIOR]: JSON.stringify(capitalRules(behavior)) } : {}),
    }),
    spec: { ...common, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    status: {
      currentReplicas: 0,
      ...commonStatus,
      ...(current ? { currentCPUUtilizationPercentage: current.resource?.current.averageUtilization } : {}),
    },
  } as unknown as KubernetesObject;
}

type Metadata = KubernetesObject["metadata"];

function withAnnotations(metadata: Metadata, kept: Record<string, string>): Metadata {
  const { annotations: given = {}, ...rest } = metadata;
  const annotations = { ...Object.fromEntries(Object.entries(given).filter(([key]) => !ROUND_TRIP.includes(key))), ...kept };
  return (Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest) as Metadata;
}

const cpuMetric = (averageUtilization: number): MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});

type Fields = Record<string, unknown>;
interface V1Metric {
  readonly type: string;
  readonly object?: Fields;
  readonly pods?: Fields;
  readonly resource?: Fields;
  readonly containerResource?: Fields;
  readonly external?: Fields;
}

/** Without the fields that are undefined; a quantity that is not given is 0 where Go's type has no omitempty. */
const given = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function metricToV1({ type, object, pods, resource, containerResource, external }: MetricSpec): V1Metric {
  const used = (target: { averageUtilization?: number; averageValue?: string }) => ({
    targetAverageUtilization: target.averageUtilization,
    targetAverageValue: target.averageValue,
  });
  return given({
    type,
    object:
      object &&
      given({
        target: reference(object.describedObject),
        metricName: object.metric.name,
        targetValue: object.target.value ?? "0",
        selector: object.metric.selector,
        averageValue: object.target.averageValue,
      }),
    pods:
      pods && given({ metricName: pods.metric.name, targetAverageValue: pods.target.averageValue ?? "0", selector: pods.metric.selector }),
    resource: resource && given({ name: resource.name, ...used(resource.target) }),
    containerResource:
      containerResource &&
      given({ name: containerResource.name, ...used(containerResource.target), container: containerResource.container }),
    external:
      external &&
      given({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  }) as unknown as V1Metric;
}

const reference = ({ kind, name, apiVersion }: { kind: string; name: string; apiVersion?: string }) => given({ kind, name, apiVersion });

function metricFromV1({ type, object, pods, resource, containerResource, external }: V1Metric): MetricSpec {
  const metric = (name: unknown, selector: unknown) => given({ name, selector });
  const usage = (from: Fields) =>
    given({
      type: from["targetAverageUtilization"] === undefined ? "AverageValue" : "Utilization",
      averageUtilization: from["targetAverageUtilization"],
      averageValue: from["targetAverageValue"],
    });
  const amount = (value: unknown, averageValue: unknown) =>
    averageValue === undefined ? { type: "Value", value } : { type: "AverageValue", averageValue };
  return given({
    type,
    object: object && {
      describedObject: object["target"],
      metric: metric(object["metricName"], object["selector"]),
      target: amount(object["targetValue"], object["averageValue"]),
    },
    pods: pods && { metric: metric(pods["metricName"], pods["selector"]), target: amount(undefined, pods["targetAverageValue"]) },
    resource: resource && { name: resource["name"], target: usage(resource) },
    containerResource: containerResource && {
      name: containerResource["name"],
      container: containerResource["container"],
      target: usage(containerResource),
    },
    external: external && {
      metric: metric(external["metricName"], external["metricSelector"]),
      target: amount(external["targetValue"], external["targetAverageValue"]),
    },
  }) as unknown as MetricSpec;
}

/** Only resources can be measured here, so only they can have a status. */
function statusToV1({ type, resource, containerResource }: MetricStatus): V1Metric {
  const used = (current: { averageUtilization?: number; averageValue?: string }) => ({
    currentAverageUtilization: current.averageUtilization,
    currentAverageValue: current.averageValue ?? "0",
  });
  return given({
    type,
    resource: resource && given({ name: resource.name, ...used(resource.current) }),
    containerResource:
      containerResource &&
      given({ name: containerResource.name, ...used(containerResource.current), container: containerResource.container }),
  }) as unknown as V1Metric;
}

function statusFromV1({ type, resource, containerResource }: V1Metric): MetricStatus {
  const current = (from: Fields) =>
    given({ averageUtilization: from["currentAverageUtilization"], averageValue: from["currentAverageValue"] });
  return given({
    type,
    resource: resource && { name: resource["name"], current: current(resource) },
    containerResource: containerResource && {
      name: containerResource["name"],
      container: containerResource["container"],
      current: current(containerResource),
    },
  }) as unknown as MetricStatus;
}

/** The behavior is written as Go's internal type, which has no names for JSON: fields begin with capitals, what is not given is null. */

function capitalRules({ scaleUp, scaleDown }: { scaleUp?: HPAScalingRules; scaleDown?: HPAScalingRules }): Fields {
  const rules = (from: HPAScalingRules | undefined) =>
    from
      ? {
          StabilizationWindowSeconds: from.stabilizationWindowSeconds ?? null,
          SelectPolicy: from.selectPolicy ?? null,
          Policies:
            from.policies?.map(({ type, value, periodSeconds }) => ({ Type: type, Value: value, PeriodSeconds: periodSeconds })) ?? null,
          Tolerance: from.tolerance ?? null,
        }
      : null;
  return { ScaleUp: rules(scaleUp), ScaleDown: rules(scaleDown) };
}

function lowerKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerKeys);
  if (typeof value !== "object" || value === null) return value;
  const present = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(present.map(([key, each]) => [key.charAt(0).toLowerCase() + key.slice(1), lowerKeys(each)]));
}

const inGoOrder = ({ type, status, lastTransitionTime, reason, message }: HorizontalPodAutoscalerCondition) =>
  given({ type, status, lastTransitionTime, reason, message });

function parseJson<T>(json: string | undefined): T | undefined {
  try {
    return json === undefined ? undefined : (JSON.parse(json) as T);
  } catch {
    // Upstream's conversion passes over annotations that do not parse.
    return undefined;
  }
}
