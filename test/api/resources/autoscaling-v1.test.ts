import assert from "node:assert/strict";
import { test } from "node:test";
import { autoscalerFromV1, autoscalerToV1 } from "../../../src/api/resources/support/autoscaling-v1.ts";

const WITH_EVERYTHING = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "web", namespace: "default", annotations: { mine: "stays" } },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [
      { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "64Mi" } } },
      { type: "Pods", pods: { metric: { name: "packets" }, target: { type: "AverageValue", averageValue: "1k" } } },
      { type: "External", external: { metric: { name: "queue" }, target: { type: "Value", value: "30" } } },
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
    ],
    behavior: {
      scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: "Max", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
    },
  },
  status: {
    currentReplicas: 1,
    desiredReplicas: 1,
    conditions: [
      { lastTransitionTime: "2026-01-01T00:00:00Z", message: "m", reason: "ReadyForNewScale", status: "True", type: "AbleToScale" },
    ],
    currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 7, averageValue: "14m" } } }],
  },
};

test("autoscaling/v1 keeps in annotations, in the old words, what it has no fields for", () => {
  const old = autoscalerToV1(WITH_EVERYTHING as never) as unknown as typeof WITH_EVERYTHING & { spec: unknown; status: unknown };
  assert.deepEqual(old.metadata.annotations, {
    mine: "stays",
    "autoscaling.alpha.kubernetes.io/metrics":
      '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"64Mi"}},{"type":"Pods","pods":{"metricName":"packets","targetAverageValue":"1k"}},{"type":"External","external":{"metricName":"queue","targetValue":"30"}}]',
    "autoscaling.alpha.kubernetes.io/current-metrics":
      '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":7,"currentAverageValue":"14m"}}]',
    "autoscaling.alpha.kubernetes.io/conditions":
      '[{"type":"AbleToScale","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"ReadyForNewScale","message":"m"}]',
    "autoscaling.alpha.kubernetes.io/behavior":
      '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":60,"SelectPolicy":"Max","Policies":[{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":null}}',
  });
  assert.deepEqual(
    [old.spec, old.status],
    [
      { scaleTargetRef: WITH_EVERYTHING.spec.scaleTargetRef, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 50 },
      { currentReplicas: 1, desiredReplicas: 1, currentCPUUtilizationPercentage: 7 },
    ],
  );
});

test("what was kept comes back as it was", () => {
  assert.deepEqual(autoscalerFromV1(autoscalerToV1(WITH_EVERYTHING as never)), WITH_EVERYTHING);
});
