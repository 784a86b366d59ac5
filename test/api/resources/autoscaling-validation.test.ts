import assert from "node:assert/strict";
import { test } from "node:test";
import { errorText, type FieldError } from "../../../src/api/field-errors.ts";
import { horizontalPodAutoscalers } from "../../../src/api/resources/horizontal-pod-autoscaler.ts";

const complaints = (spec: object): string[] => {
  const hpa = { metadata: { name: "web" }, spec: { scaleTargetRef: { kind: "Deployment", name: "web" }, maxReplicas: 3, ...spec } };
  const errors = (horizontalPodAutoscalers.validate?.(hpa as never) ?? []) as FieldError[];
  return errors.map(errorText);
};

test("metrics need one source, a target of a known type, and amounts that mean something", () => {
  assert.deepEqual(complaints({ metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization" } } }] }), [
    "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
  ]);
  assert.deepEqual(
    complaints({
      metrics: [
        { type: "Pods", pods: { metric: { name: "a/b" }, target: { type: "Sum", averageValue: "0" } } },
        { type: "External", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 0 } } },
      ],
    }),
    [
      "spec.metrics[0].pods.metric.name: Invalid value: \"a/b\": may not contain '/'",
      'spec.metrics[0].pods.target.type: Invalid value: "Sum": must be either Utilization, Value, or AverageValue',
      'spec.metrics[0].pods.target.averageValue: Invalid value: "0": must be positive',
      "spec.metrics[1].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
      "spec.metrics[1].external: Required value: must populate information for the given metric source",
    ],
  );
});

test("a behavior has policies within bounds", () => {
  const scaleDown = { stabilizationWindowSeconds: 4000, selectPolicy: "Most", policies: [] };
  const scaleUp = { policies: [{ type: "Pods", value: 0, periodSeconds: 1801 }], tolerance: "-1" };
  assert.deepEqual(complaints({ behavior: { scaleUp, scaleDown } }), [
    "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
    "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
    'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
    "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600",
    'spec.behavior.scaleDown.selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"',
    "spec.behavior.scaleDown.policies: Required value: must specify at least one Policy",
  ]);
});
