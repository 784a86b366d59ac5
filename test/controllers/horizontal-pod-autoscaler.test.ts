import assert from "node:assert/strict";
import { test } from "node:test";
import type { HorizontalPodAutoscalerSpec } from "../../src/api/generated/autoscaling-v2.ts";
import type { Pod } from "../../src/api/generated/core-v1.ts";
import { deployments } from "../../src/api/resources/deployment.ts";
import { horizontalPodAutoscalers } from "../../src/api/resources/horizontal-pod-autoscaler.ts";
import { nodes } from "../../src/api/resources/node.ts";
import { rfc3339 } from "../../src/util/clock.ts";
import { newDeployment, template, World } from "./support.ts";

const WEB = { namespace: "default", name: "web" };
/** Time goes by, and the machine goes on telling that it is there. */
async function pass(world: World, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10_000) {
    const lastHeartbeatTime = rfc3339(world.parts.clock.now());
    await world.client.mutate(
      nodes,
      { name: "worker1" },
      (node) => ({
        ...node,
        status: { ...node.status, conditions: node.status.conditions?.map((each) => ({ ...each, lastHeartbeatTime })) ?? [] },
      }),
      { subresource: "status" },
    );
    await world.parts.clock.step(Math.min(left, 10_000));
  }
}

const CPU_50 = [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } }];

/** A world whose pods, after their first minute, use what `millicores` says. */
async function start(spec: Partial<HorizontalPodAutoscalerSpec>, millicores: (pod: Pod) => number | undefined, replicas = 1) {
  const world: World = await World.start(["worker1"], {
    podMetrics(pod) {
      const cpu = millicores(pod);
      const timestampMs = world.parts.clock.now();
      const containers = [{ name: "main", cpuNanoCores: (cpu ?? 0) * 1e6, memoryBytes: 64 * 2 ** 20 }];
      return cpu === undefined || pod.status.phase !== "Running" ? undefined : { timestampMs, windowMs: 15_000, containers };
    },
  });
  const resources = { requests: { cpu: "200m" } };
  const pod = template("web", "registry.k8s.io/hpa-example", {
    containers: [{ name: "main", image: "registry.k8s.io/hpa-example", resources }],
  });
  await world.client.create(deployments, newDeployment({ replicas, template: pod }));
  await world.until(async () => (await world.deployment()).status.readyReplicas === replicas);
  await world.client.create(horizontalPodAutoscalers, {
    metadata: { ...WEB },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: CPU_50,
      ...spec,
    },
  } as never);
  const hpa = () => world.client.get(horizontalPodAutoscalers, WEB);
  const conditions = async () => ((await hpa()).status.conditions ?? []).map((each) => `${each.type}=${each.status} ${each.reason}`);
  const size = async () => (await world.deployment()).spec.replicas;
  return { world, hpa, conditions, size };
}

test("an autoscaler scales up by its pods' usage, and down when five minutes were quiet", async () => {
  let load = 450;
  const { world, hpa, conditions, size } = await start({}, () => load);
  await world.parts.clock.step(14_900);
  assert.equal((await hpa()).status.conditions, undefined, "the first look comes after 15 s");
  await world.until(async () => (await hpa()).status.lastScaleTime !== undefined);
  assert.equal(await size(), 4, "450m of 200m are 225%: five pods, but four at most at once");
  assert.deepEqual(await conditions(), [
    "AbleToScale=True SucceededRescale",
    "ScalingActive=True ValidMetricFound",
    "ScalingLimited=True ScaleUpLimit",
  ]);
  assert.deepEqual((await hpa()).status.currentMetrics, [
    { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 225, averageValue: "450m" } } },
  ]);
  load = 100;
  await pass(world, 60_000);
  assert.deepEqual(
    [await size(), (await conditions())[0]],
    [5, "AbleToScale=True ReadyForNewScale"],
    "half of 200m each is what is wanted",
  );
  load = 10;
  await pass(world, 120_000);
  assert.deepEqual([await size(), (await conditions())[0]], [5, "AbleToScale=True ScaleDownStabilized"]);
  await pass(world, 240_000);
  assert.equal(await size(), 1);
  assert.deepEqual(await world.eventsOf("HorizontalPodAutoscaler", "web"), [
    "Normal SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target",
    // The first look wanted five: the highest of the last minutes holds when one more may be had.
    "Normal SuccessfulRescale New size: 5; reason: ",
    "Normal SuccessfulRescale New size: 1; reason: All metrics below target",
  ]);
  await world.stop();
});

test("a behavior's policies and windows hold", async () => {
  let load = 400;
  const behavior = {
    scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] },
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 50, periodSeconds: 15 }] },
  };
  const { world, conditions, size } = await start({ behavior }, () => load);
  await pass(world, 16_000);
  assert.deepEqual([await size(), (await conditions()).at(-1)], [2, "ScalingLimited=True ScaleUpLimit"]);
  await pass(world, 45_000);
  assert.equal(await size(), 2, "one a minute");
  await pass(world, 30_000);
  assert.equal(await size(), 3);
  load = 0;
  await pass(world, 15_000);
  assert.deepEqual(
    [await size(), (await conditions()).at(-1)],
    [1, "ScalingLimited=True TooFewReplicas"],
    "half of three, downwards: nothing is used",
  );
  await world.stop();
});

test("what cannot be measured is told in upstream's words, and nothing is scaled", async () => {
  const { world, hpa, size } = await start({}, () => undefined, 2);
  await pass(world, 15_100);
  const problem = "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API";
  assert.deepEqual(
    (await hpa()).status.conditions?.map((each) => [each.type, each.status, each.reason, each.message]),
    [
      ["AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale"],
      ["ScalingActive", "False", "FailedGetResourceMetric", `the HPA was unable to compute the replica count: ${problem}`],
    ],
  );
  assert.deepEqual(await world.eventsOf("HorizontalPodAutoscaler", "web"), [
    `Warning FailedGetResourceMetric ${problem}`,
    `Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${problem}`,
  ]);
  assert.equal(await size(), 2);
  await world.client.mutate(horizontalPodAutoscalers, WEB, (current) => ({
    ...current,
    spec: {
      ...current.spec,
      metrics: [{ type: "Pods", pods: { metric: { name: "packets" }, target: { type: "AverageValue", averageValue: "1k" } } }],
    },
  }));
  await pass(world, 15_100);
  assert.ok(
    (await world.eventsOf("HorizontalPodAutoscaler", "web")).includes(
      "Warning FailedGetPodsMetric unable to get metric packets: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
    ),
  );
  await world.stop();
});

test("a missing target, bounds and a target of zero replicas", async () => {
  const { world, hpa, conditions, size } = await start({ minReplicas: 3 }, () => 1, 2);
  await pass(world, 15_100);
  assert.deepEqual([await size(), await conditions()], [3, ["AbleToScale=True SucceededRescale"]]);
  await world.client.mutate(deployments, WEB, (current) => ({ ...current, spec: { ...current.spec, replicas: 0 } }));
  await pass(world, 15_100);
  assert.deepEqual([await size(), (await conditions()).at(-1)], [0, "ScalingActive=False ScalingDisabled"]);
  await world.client.delete(deployments, WEB);
  await pass(world, 15_100);
  assert.equal(
    (await hpa()).status.conditions?.[0]?.message,
    'the HPA controller was unable to get the target\'s current scale: deployments/scale.apps "web" not found',
  );
  await world.stop();
});
