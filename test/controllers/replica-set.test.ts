import assert from "node:assert/strict";
import { test } from "node:test";
import { pods } from "../../src/api/resources/pod.ts";
import { replicaSets } from "../../src/api/resources/replica-set.ts";
import { newReplicaSet, World } from "./support.ts";

const WEB = { namespace: "default", name: "web" };

test("a ReplicaSet makes its pods, owns them and tells how many are ready", async () => {
  const world = await World.start();
  await world.client.create(replicaSets, newReplicaSet(3));
  await world.until(async () => (await world.client.get(replicaSets, WEB)).status.readyReplicas === 3);
  const own = await world.pods();
  assert.equal(own.length, 3);
  for (const pod of own) {
    assert.match(pod.metadata.name, /^web-[a-z0-9]{5}$/);
    assert.equal(pod.metadata.ownerReferences?.[0]?.controller, true);
  }
  const { status } = await world.client.get(replicaSets, WEB);
  assert.deepEqual(
    { ...status },
    { replicas: 3, fullyLabeledReplicas: 3, readyReplicas: 3, availableReplicas: 3, terminatingReplicas: 0, observedGeneration: 1 },
  );
  const told = await world.eventsOf("ReplicaSet", "web");
  assert.deepEqual(told.sort(), own.map((pod) => `Normal SuccessfulCreate Created pod: ${pod.metadata.name}`).sort());
  await world.stop();
});

test("scaling down takes the pods that are not ready first", async () => {
  const world = await World.start();
  await world.client.create(replicaSets, newReplicaSet(3));
  await world.until(async () => (await world.client.get(replicaSets, WEB)).status.readyReplicas === 3);
  const victim = (await world.pods())[1]?.metadata.name as string;
  await world.setReady(victim, false);
  await world.client.mutate(replicaSets, WEB, (set) => ({ ...set, spec: { ...set.spec, replicas: 2 } }));
  await world.until(async () => (await world.pods()).length === 2);
  await world.settle();
  assert.ok(!(await world.pods()).some((pod) => pod.metadata.name === victim));
  assert.ok((await world.eventsOf("ReplicaSet", "web")).includes(`Normal SuccessfulDelete Deleted pod: ${victim}`));
  assert.equal((await world.client.get(replicaSets, WEB)).status.replicas, 2);
  await world.stop();
});

test("a pod that loses its label is let go and replaced; one that fits and belongs to nobody is adopted", async () => {
  const world = await World.start();
  await world.client.create(replicaSets, newReplicaSet(2));
  await world.until(async () => (await world.pods()).length === 2);
  const strayed = (await world.pods())[0]?.metadata.name as string;
  await world.client.mutate(pods, { namespace: "default", name: strayed }, (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, labels: { app: "debug" } },
  }));
  await world.until(async () => (await world.pods("app=web")).length === 2);
  await world.settle();
  assert.equal((await world.client.get(pods, { namespace: "default", name: strayed })).metadata.ownerReferences, undefined);

  await world.client.create(pods, {
    metadata: { name: "lonely", namespace: "default", labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "x" }] },
  } as never);
  await world.until(async () => (await world.pods("app=web")).length === 2);
  await world.settle();
  const left = await world.pods("app=web");
  assert.equal(left.length, 2);
  assert.ok(left.every((pod) => pod.metadata.ownerReferences?.length === 1));
  await world.stop();
});

test("a pod counts as available only after minReadySeconds", async () => {
  const world = await World.start();
  await world.client.create(replicaSets, newReplicaSet(1, { minReadySeconds: 10 }));
  await world.settle();
  const status = async () => (await world.client.get(replicaSets, WEB)).status;
  assert.equal((await status()).readyReplicas, 1);
  assert.equal((await status()).availableReplicas, undefined);
  await world.parts.clock.step(9_000);
  assert.equal((await status()).availableReplicas, undefined);
  await world.parts.clock.step(2_000);
  assert.equal((await status()).availableReplicas, 1);
  await world.stop();
});

test("a refused template shows as FailedCreate and as ReplicaFailure, and is tried again with back-off", async () => {
  const world = await World.start();
  await world.client.create(
    replicaSets,
    newReplicaSet(3, {
      template: {
        metadata: { labels: { app: "web" } },
        spec: { serviceAccountName: "nobody", containers: [{ name: "main", image: "x" }] },
      },
    }),
  );
  await world.parts.clock.step(1_000);
  const [first, ...others] = await world.eventsOf("ReplicaSet", "web");
  assert.match(
    first ?? "",
    /^Warning FailedCreate Error creating: pods "web-[a-z0-9]*" is forbidden: error looking up service account default\/nobody: serviceaccount "nobody" not found$/,
  );
  assert.ok(others.length <= 12, `slow start tries one pod a round, told ${others.length} more`);
  const condition = (await world.client.get(replicaSets, WEB)).status.conditions?.[0];
  assert.equal(condition?.type, "ReplicaFailure");
  assert.equal(condition?.reason, "FailedCreate");
  assert.ok(condition?.lastTransitionTime);
  await world.parts.tasks.stop();
});

test("hundreds of pods are made a slice at a time, and not one too many", async () => {
  const world = await World.start();
  await world.client.create(replicaSets, newReplicaSet(300));
  await world.parts.clock.settle(4);
  const soFar = (await world.pods()).length;
  assert.ok(soFar > 0 && soFar < 300, `others get their turn in between: ${soFar} so far`);
  await world.parts.clock.settle(200);
  assert.equal((await world.client.get(replicaSets, WEB)).status.readyReplicas, 300);
  assert.equal((await world.pods()).length, 300);
  await world.stop();
});
