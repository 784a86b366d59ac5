import type { MetricSpec, MetricStatus } from "../../api/generated/autoscaling-v2.ts";
import type { LabelSelector } from "../../api/generated/meta-v1.ts";
import { Quantity } from "../../api/quantity.ts";
import { messageOf } from "../../api/status.ts";
import { type Proposal, type ReplicaQuestion, resourceReplicas } from "./autoscaling-replicas.ts";

/** A metric that nothing can be read of: `inner` for the event and the condition, the message for who asked for all of them. */
export class MetricError extends Error {
  override readonly name = "MetricError";
  readonly reason: string;
  readonly inner: string;

  constructor(reason: string, message: string, inner = message) {
    super(message);
    this.reason = reason;
    this.inner = inner;
  }
}

export interface MetricProposal {
  readonly replicas: number;
  /** As messages call it. */
  readonly metric: string;
  readonly status: MetricStatus;
}

export type MetricQuestion = Omit<ReplicaQuestion, "resource" | "container" | "target">;

/** What the real client finds where no adapter serves these groups. Upstream: k8s.io/metrics/pkg/client */
const NO_CUSTOM_METRICS = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
const noExternalMetrics = (name: string) =>
  `unable to fetch metrics from external metrics API: the server could not find the requested resource (get ${name}.external.metrics.k8s.io)`;

/** How many replicas one metric asks for; throws MetricError. Upstream: computeReplicasForMetric */
export function propose(spec: MetricSpec, question: MetricQuestion): MetricProposal {
  const { resource, containerResource, object, pods, external } = spec;
  const namespace = question.hpa.metadata.namespace ?? "";
  if (spec.type === "Resource" && resource) {
    const { name, target } = resource;
    const found = asked("FailedGetResourceMetric", `failed to get ${name} resource metric value`, () =>
      resourceReplicas({ ...question, resource: name, target, container: "" }),
    );
    const metric = target.averageValue === undefined ? `${name} resource utilization (percentage of request)` : `${name} resource`;
    return { replicas: found.replicas, metric, status: { type: "Resource", resource: { name, current: currentOf(found) } } };
  }
  if (spec.type === "ContainerResource" && containerResource) {
    const { name, target, container } = containerResource;
    const found = asked("FailedGetContainerResourceMetric", `failed to get ${container} container metric value`, () =>
      resourceReplicas({ ...question, resource: name, target, container }),
    );
    const metric =
      target.averageValue === undefined ? `${name} container resource utilization (percentage of request)` : `${name} resource`;
    const status = { type: "ContainerResource", containerResource: { name, container, current: currentOf(found) } };
    return { replicas: found.replicas, metric, status };
  }
  if (spec.type === "Object" && object) {
    const { metric, describedObject, target } = object;
    const problem = `unable to get metric ${metric.name}: ${describedObject.kind} on ${namespace} ${describedObject.name}/${NO_CUSTOM_METRICS}`;
    const outer = target.type === "AverageValue" ? `failed to get ${metric.name} object metric: ${problem}` : problem;
    throw new MetricError("FailedGetObjectMetric", `failed to get object metric value: ${outer}`, problem);
  }
  if (spec.type === "Pods" && pods) {
    const problem = `unable to get metric ${pods.metric.name}: ${NO_CUSTOM_METRICS}`;
    throw new MetricError("FailedGetPodsMetric", `failed to get pods metric value: ${problem}`, problem);
  }
  if (spec.type === "External" && external) {
    const { name, selector } = external.metric;
    const problem = `unable to get external metric ${namespace}/${name}/${goSelector(selector)}: ${noExternalMetrics(name)}`;
    const middle = external.target.averageValue === undefined ? `external metric ${name}` : `${name} external metric`;
    throw new MetricError(
      "FailedGetExternalMetric",
      `failed to get ${name} external metric value: failed to get ${middle}: ${problem}`,
      problem,
    );
  }
  throw new MetricError("InvalidMetricSourceType", `unknown metric source type ${JSON.stringify(spec.type)}`);
}

function asked(reason: string, what: string, ask: () => Proposal): Proposal {
  try {
    return ask();
  } catch (error) {
    throw new MetricError(reason, `${what}: ${messageOf(error)}`, messageOf(error));
  }
}

function currentOf({ utilization, average }: Proposal): { averageUtilization?: number; averageValue: string } {
  const averageValue = new Quantity(BigInt(average) * 1_000_000n, "DecimalSI").toString();
  return { ...(utilization === undefined ? {} : { averageUtilization: utilization }), averageValue };
}

/** As Go prints a *metav1.LabelSelector with %+v. */
function goSelector(selector: LabelSelector | undefined): string {
  if (!selector) return "nil";
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join("")}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join("")}},}`;
}
