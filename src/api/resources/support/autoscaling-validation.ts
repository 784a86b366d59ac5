import { type FieldError, forbidden, invalid, notSupported, required } from "../../field-errors.ts";
import type { HPAScalingPolicy, HPAScalingRules, MetricIdentifier, MetricSpec, MetricTarget } from "../../generated/autoscaling-v2.ts";
import { parseQuantity } from "../../quantity.ts";
import { isPathSegmentName } from "../../validation/names.ts";

const STABILIZATION_SECONDS_MAX = 3600;
const PERIOD_SECONDS_MAX = 1800;
/** In upstream's order. */
const SOURCES = ["object", "external", "pods", "resource", "containerResource"] as const;
const FIELD_OF_TYPE: Readonly<Record<string, (typeof SOURCES)[number]>> = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
};

/** Upstream: pkg/apis/autoscaling/validation/validation.go */
export function validateScalingRules(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (!rules) return [];
  const errors: FieldError[] = [];
  const { stabilizationWindowSeconds: seconds, selectPolicy, policies = [], tolerance } = rules;
  const at = `${path}.stabilizationWindowSeconds`;
  if (seconds !== undefined && seconds < 0) errors.push(invalid(at, seconds, "must be greater than or equal to zero"));
  if (seconds !== undefined && seconds > STABILIZATION_SECONDS_MAX)
    errors.push(invalid(at, seconds, `must be less than or equal to ${STABILIZATION_SECONDS_MAX}`));
  if (selectPolicy !== undefined && !["Disabled", "Max", "Min"].includes(selectPolicy))
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, ["Disabled", "Max", "Min"]));
  if (policies.length === 0) errors.push(required(`${path}.policies`, "must specify at least one Policy"));
  policies.forEach((policy, index) => errors.push(...validateScalingPolicy(policy, `${path}.policies[${index}]`)));
  if (tolerance !== undefined && parseQuantity(tolerance).nanos < 0n)
    errors.push(invalid(`${path}.tolerance`, tolerance, "must be greater than or equal to 0"));
  return errors;
}

function validateScalingPolicy({ type, value, periodSeconds }: HPAScalingPolicy, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (type !== "Pods" && type !== "Percent") errors.push(notSupported(`${path}.type`, type, ["Percent", "Pods"]));
  if (!(value > 0)) errors.push(invalid(`${path}.value`, value ?? 0, "must be greater than zero"));
  if (!(periodSeconds > 0)) errors.push(invalid(`${path}.periodSeconds`, periodSeconds ?? 0, "must be greater than zero"));
  if (periodSeconds > PERIOD_SECONDS_MAX)
    errors.push(invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${PERIOD_SECONDS_MAX}`));
  return errors;
}

export function validateMetric(metric: MetricSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const expected = FIELD_OF_TYPE[metric.type];
  if (!metric.type) errors.push(required(`${path}.type`, "must specify a metric source type"));
  const present = SOURCES.filter((source) => metric[source] !== undefined);
  if (present[0]) errors.push(...validateSource(metric, present[0], `${path}.${present[0]}`));
  if (!expected) errors.push(notSupported(`${path}.type`, metric.type ?? "", Object.keys(FIELD_OF_TYPE).sort()));
  else if (metric[expected] === undefined)
    errors.push(required(`${path}.${expected}`, "must populate information for the given metric source"));
  if (present.length !== 1)
    for (const source of present)
      if (source !== expected) errors.push(forbidden(`${path}.${source}`, "must populate the given metric source only"));
  return errors;
}

function validateSource(metric: MetricSpec, source: (typeof SOURCES)[number], path: string): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric;
  const lacks =
    (target: MetricTarget | undefined, field: string, ...fields: (keyof MetricTarget)[]) =>
    (detail: string) =>
      fields.some((each) => target?.[each] !== undefined) ? [] : [required(`${path}.target.${field}`, detail)];
  const usage = (target: MetricTarget) => [
    ...validateTarget(target, `${path}.target`),
    ...lacks(
      target,
      "averageUtilization",
      "averageUtilization",
      "averageValue",
    )("must set either a target raw value or a target utilization"),
    ...(target?.averageUtilization !== undefined && target.averageValue !== undefined
      ? [forbidden(`${path}.target.averageValue`, "may not set both a target raw value and a target utilization")]
      : []),
  ];
  switch (source) {
    case "resource":
      return resource ? [...named(resource.name, `${path}.name`, "must specify a resource name"), ...usage(resource.target)] : [];
    case "containerResource":
      return containerResource
        ? [
            ...named(containerResource.name, `${path}.name`, "must specify a resource name"),
            ...named(containerResource.container, `${path}.container`, "must specify a container"),
            ...usage(containerResource.target),
          ]
        : [];
    case "pods":
      return pods
        ? [
            ...validateIdentifier(pods.metric, `${path}.metric`),
            ...validateTarget(pods.target, `${path}.target`),
            ...lacks(pods.target, "averageValue", "averageValue")("must specify a positive target averageValue"),
          ]
        : [];
    case "object":
      return object
        ? [
            ...validateReference(object.describedObject, `${path}.describedObject`),
            ...validateIdentifier(object.metric, `${path}.metric`),
            ...validateTarget(object.target, `${path}.target`),
            ...lacks(object.target, "averageValue", "value", "averageValue")("must set either a target value or averageValue"),
          ]
        : [];
    case "external":
      return external
        ? [
            ...validateIdentifier(external.metric, `${path}.metric`),
            ...validateTarget(external.target, `${path}.target`),
            ...lacks(
              external.target,
              "averageValue",
              "value",
              "averageValue",
            )("must set either a target value for metric or a per-pod target"),
            ...(external.target?.value !== undefined && external.target.averageValue !== undefined
              ? [forbidden(`${path}.target.value`, "may not set both a target value for metric and a per-pod target")]
              : []),
          ]
        : [];
  }
}

const named = (value: string | undefined, path: string, detail: string) => (value ? [] : [required(path, detail)]);

function validateIdentifier(metric: MetricIdentifier | undefined, path: string): FieldError[] {
  const name = metric?.name;
  if (!name) return [required(`${path}.name`, "must specify a metric name")];
  return isPathSegmentName(name).map((message) => invalid(`${path}.name`, name, message));
}

function validateTarget(target: MetricTarget | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type = "", value, averageValue, averageUtilization } = target ?? {};
  if (type === "") errors.push(required(`${path}.type`, "must specify a metric target type"));
  if (!["Utilization", "Value", "AverageValue"].includes(type))
    errors.push(invalid(`${path}.type`, type, "must be either Utilization, Value, or AverageValue"));
  for (const [field, amount] of [
    ["value", value],
    ["averageValue", averageValue],
  ] as const)
    if (amount !== undefined && parseQuantity(amount).nanos <= 0n) errors.push(invalid(`${path}.${field}`, amount, "must be positive"));
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalid(`${path}.averageUtilization`, averageUtilization, "must be greater than 0"));
  return errors;
}

/** Upstream: ValidateCrossVersionObjectReference */
export function validateReference(target: { readonly kind?: string; readonly name?: string } | undefined, path: string): FieldError[] {
  return (["kind", "name"] as const).flatMap((field) => {
    const value = target?.[field];
    if (!value) return [required(`${path}.${field}`)];
    return isPathSegmentName(value).map((message) => invalid(`${path}.${field}`, value, message));
  });
}
