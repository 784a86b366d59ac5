import { type FieldError, invalid } from "../field-errors.ts";
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "../generated/autoscaling-v1.ts";
import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec, MetricStatus } from "../generated/autoscaling-v2.ts";
import type { Kind } from "../kind.ts";
import { autoscalerFromV1, autoscalerToV1 } from "./support/autoscaling-v1.ts";
import { validateMetric, validateReference, validateScalingRules } from "./support/autoscaling-validation.ts";
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
    errors.push(...validateReference(spec.scaleTargetRef, "spec.scaleTargetRef"));
    (spec.metrics ?? []).forEach((metric, index) => errors.push(...validateMetric(metric, `spec.metrics[${index}]`)));
    for (const direction of ["scaleUp", "scaleDown"] as const)
      errors.push(...validateScalingRules(spec.behavior?.[direction], `spec.behavior.${direction}`));
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
  storedAs: { kind: horizontalPodAutoscalers as unknown as Kind, toStored: autoscalerFromV1, fromStored: autoscalerToV1 },
};

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
