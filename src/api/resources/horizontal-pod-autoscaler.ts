import { type FieldError, invalid, notSupported, required } from "../field-errors.ts";
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "../generated/autoscaling-v1.ts";
import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec, MetricStatus } from "../generated/autoscaling-v2.ts";
import type { Kind } from "../kind.ts";
import type { KubernetesObject } from "../meta.ts";
import { isPathSegmentName } from "../validation/names.ts";
import { age, integer, text } from "./support/columns.ts";

const DEFAULT_CPU_UTILIZATION = 80;
const UP_POLICIES = [
  { type: "Pods", value: 4, periodSeconds: 15 },
  { type: "Percent", value: 100, periodSeconds: 15 },
];
const DOWN_POLICIES = [{ type: "Percent", value: 100, periodSeconds: 15 }];
const SHOWN_METRICS_MAX = 2;

/** Upstream: pkg/registry/autoscaling/horizontalpodautoscaler, pkg/apis/autoscaling/validation */
export const horizontalPodAutoscalers: Kind<HorizontalPodAutoscaler> = {
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  singular: "horizontalpodautoscaler",
  shortNames: ["hpa"],
  categories: ["all"],
  namespaced: true,
  schema: { package: "autoscaling/v2", type: "HorizontalPodAutoscaler" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    spec.minReplicas ??= 1;
    if (!spec.metrics?.length)
      spec.metrics = [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: DEFAULT_CPU_UTILIZATION } } },
      ];
    if (!spec.behavior) return;
    spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, UP_POLICIES, 0);
    spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, DOWN_POLICIES, undefined);
  },
  prepareForCreate(autoscaler) {
    autoscaler.status = { currentMetrics: [], desiredReplicas: 0 };
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    if ((spec.minReplicas ?? 1) < 1) errors.push(invalid("spec.minReplicas", spec.minReplicas, "must be greater than or equal to 1"));
    if (!(spec.maxReplicas >= 1)) errors.push(invalid("spec.maxReplicas", spec.maxReplicas ?? 0, "must be greater than 0"));
    if (spec.maxReplicas < (spec.minReplicas ?? 1))
      errors.push(invalid("spec.maxReplicas", spec.maxReplicas, "must be greater than or equal to `minReplicas`"));
    for (const field of ["kind", "name"] as const) {
      const value = spec.scaleTargetRef?.[field];
      if (!value) errors.push(required(`spec.scaleTargetRef.${field}`));
      else for (const message of isPathSegmentName(value)) errors.push(invalid(`spec.scaleTargetRef.${field}`, value, message));
    }
    (spec.metrics ?? []).forEach((metric, index) => errors.push(...validateMetric(metric, `spec.metrics[${index}]`)));
    return errors;
  },
  columns: [
    text("Reference", "What it scales.", ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text("Targets", "What is measured, and what it should be.", ({ spec, status }) => renderTargets(spec.metrics, status.currentMetrics)),
    text("MinPods", "The fewest pods.", ({ spec }) => String(spec.minReplicas ?? "<unset>")),
    integer("MaxPods", "The most pods.", ({ spec }) => spec.maxReplicas),
    integer("Replicas", "The pods there are.", ({ status }) => status.currentReplicas ?? 0),
    age(),
  ],
};

/** The same autoscalers as autoscaling/v1 shows them: only the CPU utilization has a field there. */
export const horizontalPodAutoscalersV1: Kind<HorizontalPodAutoscalerV1> = {
  group: "autoscaling",
  version: "v1",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  singular: "horizontalpodautoscaler",
  shortNames: ["hpa"],
  categories: ["all"],
  namespaced: true,
  schema: { package: "autoscaling/v1", type: "HorizontalPodAutoscaler" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  storedAs: { kind: horizontalPodAutoscalers as unknown as Kind, toStored, fromStored },
};

const KEPT_METRICS = "autoscaling.alpha.kubernetes.io/metrics";
const KEPT_BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior";

function toStored(object: KubernetesObject): KubernetesObject {
  const { spec, status, metadata, ...rest } = object as HorizontalPodAutoscalerV1;
  const { targetCPUUtilizationPercentage: cpu, ...common } = spec;
  const { [KEPT_METRICS]: metrics, [KEPT_BEHAVIOR]: behavior, ...annotations } = metadata.annotations ?? {};
  const others = parseJson<MetricSpec[]>(metrics) ?? [];
  const all: MetricSpec[] = [...(cpu === undefined ? [] : [cpuMetric(cpu)]), ...others];
  const { currentCPUUtilizationPercentage: current, ...commonStatus } = status ?? {};
  return {
    ...rest,
    apiVersion: "autoscaling/v2",
    metadata: { ...metadata, annotations },
    spec: { ...common, ...(all.length > 0 ? { metrics: all } : {}), ...(behavior ? { behavior: parseJson(behavior) } : {}) },
    status: {
      ...commonStatus,
      currentMetrics:
        current === undefined ? [] : [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: current } } }],
    },
  } as unknown as KubernetesObject;
}

function fromStored(object: KubernetesObject): KubernetesObject {
  const { spec, status, metadata, ...rest } = object as HorizontalPodAutoscaler;
  const { metrics = [], behavior, ...common } = spec;
  const cpu = metrics.find(isCpuUtilization);
  const others = metrics.filter((metric) => metric !== cpu);
  const { currentMetrics, conditions: _conditions, ...commonStatus } = status ?? { desiredReplicas: 0 };
  const current = currentMetrics?.find((metric) => metric.resource?.name === "cpu")?.resource?.current?.averageUtilization;
  const annotations = {
    ...metadata.annotations,
    ...(others.length > 0 ? { [KEPT_METRICS]: JSON.stringify(others) } : {}),
    ...(behavior ? { [KEPT_BEHAVIOR]: JSON.stringify(behavior) } : {}),
  };
  return {
    ...rest,
    apiVersion: "autoscaling/v1",
    metadata: { ...metadata, annotations },
    spec: { ...common, ...(cpu ? { targetCPUUtilizationPercentage: cpu.resource?.target.averageUtilization } : {}) },
    status: { currentReplicas: 0, ...commonStatus, ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }) },
  } as unknown as KubernetesObject;
}

const cpuMetric = (averageUtilization: number): MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});
const isCpuUtilization = (metric: MetricSpec) =>
  metric.type === "Resource" && metric.resource?.name === "cpu" && metric.resource.target.type === "Utilization";

function parseJson<T>(json: string | undefined): T | undefined {
  try {
    return json === undefined ? undefined : (JSON.parse(json) as T);
  } catch {
    // Upstream's conversion passes over annotations that do not parse.
    return undefined;
  }
}

function withDefaults(
  rules: HPAScalingRules | undefined,
  policies: HPAScalingRules["policies"],
  windowSeconds: number | undefined,
): HPAScalingRules {
  return {
    ...(windowSeconds === undefined ? {} : { stabilizationWindowSeconds: windowSeconds }),
    selectPolicy: "Max",
    ...rules,
    policies: rules?.policies ?? policies?.map((policy) => ({ ...policy })) ?? [],
  };
}

const SOURCES: Readonly<Record<string, keyof MetricSpec>> = {
  Object: "object",
  Pods: "pods",
  Resource: "resource",
  External: "external",
  ContainerResource: "containerResource",
};

function validateMetric(metric: MetricSpec, path: string): FieldError[] {
  if (!metric.type) return [required(`${path}.type`, "must specify a metric source type")];
  const source = SOURCES[metric.type];
  if (!source) return [notSupported(`${path}.type`, metric.type, Object.keys(SOURCES).sort())];
  if (metric[source] === undefined) return [required(`${path}.${source}`, "must populate information for the given metric source")];
  const target = metric.resource?.target;
  if (metric.type !== "Resource" || !target) return [];
  if (!metric.resource?.name) return [required(`${path}.resource.name`, "must specify a resource name")];
  if (target.averageUtilization !== undefined && target.averageUtilization < 1)
    return [invalid(`${path}.resource.target.averageUtilization`, target.averageUtilization, "must be greater than 0")];
  if (target.averageUtilization === undefined && target.averageValue === undefined)
    return [required(`${path}.resource.target.averageUtilization`, "must set either a target raw value or a target utilization")];
  return [];
}

/** `cpu: <unknown>/80%, memory: 12Mi/100Mi`. Upstream: formatHPAMetrics */
function renderTargets(specs: readonly MetricSpec[] | undefined, statuses: readonly MetricStatus[] | undefined): string {
  if (!specs?.length) return "<none>";
  const all = specs.map((spec, index) => renderTarget(spec, statuses?.[index]));
  return all.length > SHOWN_METRICS_MAX
    ? `${all.slice(0, SHOWN_METRICS_MAX).join(", ")} + ${all.length - SHOWN_METRICS_MAX} more...`
    : all.join(", ");
}

function renderTarget(spec: MetricSpec, status: MetricStatus | undefined): string {
  const source = spec.resource ?? spec.containerResource;
  const current =
    status?.resource?.current ??
    status?.containerResource?.current ??
    status?.pods?.current ??
    status?.object?.current ??
    status?.external?.current;
  const target = source?.target ?? spec.pods?.target ?? spec.object?.target ?? spec.external?.target;
  const label = source ? `${source.name}: ` : "";
  if (target?.averageValue !== undefined)
    return `${label}${current?.averageValue ?? "<unknown>"}/${target.averageValue}${source || spec.pods ? "" : " (avg)"}`;
  if (source)
    return `${label}${current?.averageUtilization === undefined ? "<unknown>" : `${current.averageUtilization}%`}/${target?.averageUtilization === undefined ? "<auto>" : `${target.averageUtilization}%`}`;
  return `${current?.value ?? "<unknown>"}/${target?.value ?? "<auto>"}`;
}
