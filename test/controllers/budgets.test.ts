import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kind } from "../../src/api/kind.ts";
import { configMaps } from "../../src/api/resources/config-map.ts";
import { podDisruptionBudgets } from "../../src/api/resources/pod-disruption-budget.ts";
import { replicaSets } from "../../src/api/resources/replica-set.ts";
import { resourceQuotas } from "../../src/api/resources/resource-quota.ts";
import { StatusError } from "../../src/api/status.ts";
import { guardEviction } from "../../src/apiserver/eviction-guard.ts";
import { componentContext } from "../../src/apiserver/request-context.ts";
import { newReplicaSet, World } from "./support.ts";

const name = { namespace: "default", name: "web" };

test("a budget counts its pods, and an eviction takes from it until nothing is left", async () => {
  const world = await World.start();
  await world.client.create(replicaSets, newReplicaSet(3));
  await world.client.create(podDisruptionBudgets, {
    metadata: name,
    spec: { minAvailable: 2, selector: { matchLabels: { app: "web" } } },
  } as never);
  await world.settle();
  const { status } = await world.client.get(podDisruptionBudgets, name);
  assert.deepEqual([status.expectedPods, status.desiredHealthy, status.currentHealthy, status.disruptionsAllowed], [3, 2, 3, 1]);
  assert.deepEqual(
    status.conditions?.map(({ type, status: value, reason }) => `${type} ${value} ${reason}`),
    ["DisruptionAllowed True SufficientPods"],
  );
  const [first, second] = await world.pods();
  assert.ok(first && second);
  guardEviction(world.parts.registry, first, componentContext("test"));
  const taken = await world.client.get(podDisruptionBudgets, name);
  assert.deepEqual([taken.status.disruptionsAllowed, Object.keys(taken.status.disruptedPods ?? {})], [0, [first.metadata.name]]);
  assert.throws(
    () => guardEviction(world.parts.registry, second, componentContext("test")),
    (error: unknown) =>
      error instanceof StatusError &&
      error.code === 429 &&
      error.message === "Cannot evict pod as it would violate the pod's disruption budget." &&
      error.status.details?.causes?.[0]?.message === "The disruption budget web needs 2 healthy pods and has 3 currently",
  );
  await world.stop();
});

test("a quota refuses what is too much and counts down what is deleted", async () => {
  const world = await World.start();
  await world.client.create(resourceQuotas, {
    metadata: { name: "few", namespace: "default" },
    spec: { hard: { "count/configmaps": "2" } },
  } as never);
  await world.settle();
  const create = (map: string) => world.client.create(configMaps, { metadata: { name: map, namespace: "default" } } as never);
  const used = async () =>
    (await world.client.get(resourceQuotas, { namespace: "default", name: "few" })).status.used?.["count/configmaps"];
  // One is there already: kube-root-ca.crt.
  assert.equal(await used(), "1");
  await create("a");
  assert.equal(await used(), "2");
  await assert.rejects(create("b"), {
    message:
      'configmaps "b" is forbidden: exceeded quota: few, requested: count/configmaps=1, used: count/configmaps=2, limited: count/configmaps=2',
  });
  await world.client.delete(configMaps as unknown as Kind, { namespace: "default", name: "a" });
  await world.settle();
  assert.equal(await used(), "1");
  await world.stop();
});
