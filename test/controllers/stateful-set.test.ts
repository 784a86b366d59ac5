import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatefulSet } from "../../src/api/generated/apps-v1.ts";
import { persistentVolumeClaims } from "../../src/api/resources/persistent-volume-claim.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { statefulSets } from "../../src/api/resources/stateful-set.ts";
import { template, World } from "./support.ts";

const DB = { namespace: "default", name: "db" };
const newSet = (overrides: Record<string, unknown> = {}) =>
  ({
    metadata: DB,
    spec: { replicas: 3, serviceName: "db", selector: { matchLabels: { app: "db" } }, template: template("db"), ...overrides },
  }) as never;
const change = (spec: Partial<StatefulSet["spec"]>) => (set: StatefulSet) => ({ ...set, spec: { ...set.spec, ...spec } });
const names = async (world: World) => (await world.pods()).map((pod) => pod.metadata.name);

test("pods come one by one, each when the one before is ready, and go from the last", async () => {
  const world = await World.start();
  world.holds = (pod) => pod.metadata.name === "db-1";
  await world.client.create(statefulSets, newSet());
  await world.settle();
  assert.deepEqual(await names(world), ["db-0", "db-1"]);
  world.holds = () => false;
  await world.client.bind({ ...(await world.client.get(pods, { namespace: "default", name: "db-1" })).metadata }, "worker1");
  await world.settle();
  assert.deepEqual(await names(world), ["db-0", "db-1", "db-2"]);
  const pod = await world.client.get(pods, { namespace: "default", name: "db-1" });
  assert.deepEqual([pod.spec.hostname, pod.spec.subdomain, pod.metadata.labels?.["apps.kubernetes.io/pod-index"]], ["db-1", "db", "1"]);

  const order: string[] = [];
  world.parts.informers.of(pods).addHandler({ deleted: (gone) => order.push(gone.metadata.name) });
  await world.client.mutate(statefulSets, DB, change({ replicas: 1 }));
  await world.until(() => order.length === 2);
  await world.settle();
  assert.deepEqual(order, ["db-2", "db-1"]);
  const { status } = await world.client.get(statefulSets, DB);
  assert.deepEqual(
    [status.replicas, status.readyReplicas, status.availableReplicas, status.currentReplicas, status.updatedReplicas],
    [1, 1, 1, 1, 1],
  );
  assert.deepEqual((await world.eventsOf("StatefulSet", "db")).slice(0, 1), [
    "Normal SuccessfulCreate create Pod db-0 in StatefulSet db successful",
  ]);
  await world.stop();
});

test("an update goes from the highest ordinal down to the partition; a pod that dies comes back under its name", async () => {
  const world = await World.start();
  await world.client.create(statefulSets, newSet());
  await world.parts.clock.settle(60);
  const images = async () => (await world.pods()).map((pod) => `${pod.metadata.name} ${pod.spec.containers[0]?.image}`);
  await world.client.mutate(
    statefulSets,
    DB,
    change({
      template: template("db", "luksa/kubia:v2") as never,
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
    }),
  );
  await world.parts.clock.settle(60);
  assert.deepEqual(await images(), ["db-0 luksa/kubia:v1", "db-1 luksa/kubia:v1", "db-2 luksa/kubia:v2"]);
  await world.client.delete(pods, { namespace: "default", name: "db-0" });
  await world.parts.clock.settle(60);
  assert.deepEqual(await images(), ["db-0 luksa/kubia:v1", "db-1 luksa/kubia:v1", "db-2 luksa/kubia:v2"]);
  await world.client.mutate(statefulSets, DB, change({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } } }));
  await world.parts.clock.settle(120);
  assert.deepEqual(await images(), ["db-0 luksa/kubia:v2", "db-1 luksa/kubia:v2", "db-2 luksa/kubia:v2"]);
  const { status } = await world.client.get(statefulSets, DB);
  assert.equal(status.currentRevision, status.updateRevision);
  assert.equal(status.currentReplicas, 3);
  await world.stop();
});

test("claims stay by default; a retention policy hands them to the set, and those of scaled-away pods to these", async () => {
  const world = await World.start();
  const claimOf = (name: string) => world.client.find(persistentVolumeClaims, { namespace: "default", name });
  const owners = async (name: string) =>
    (await claimOf(name))?.metadata.ownerReferences?.map(({ kind, name: owner }) => `${kind}/${owner}`);
  const volumeClaimTemplates = [
    { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
  ];
  await world.client.create(statefulSets, newSet({ replicas: 2, volumeClaimTemplates: volumeClaimTemplates as never }));
  await world.until(async () => (await world.client.get(statefulSets, DB)).status.readyReplicas === 2);
  assert.equal(await owners("data-db-0"), undefined);
  await world.client.mutate(
    statefulSets,
    DB,
    change({ persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" } }),
  );
  await world.until(async () => (await owners("data-db-1"))?.[0] === "StatefulSet/db");
  assert.deepEqual(await owners("data-db-0"), ["StatefulSet/db"]);
  const before = (await claimOf("data-db-1"))?.metadata.uid;
  await world.client.mutate(statefulSets, DB, change({ replicas: 1 }));
  await world.until(async () => (await claimOf("data-db-1"))?.metadata.uid !== before);
  await world.client.mutate(statefulSets, DB, change({ replicas: 2 }));
  await world.until(async () => (await world.client.get(statefulSets, DB)).status.readyReplicas === 2);
  assert.notEqual((await claimOf("data-db-1"))?.metadata.uid, before);
  await world.client.delete(statefulSets, DB);
  await world.until(async () => (await claimOf("data-db-0")) === undefined && (await claimOf("data-db-1")) === undefined);
  await world.stop();
});

test("ordinals may begin elsewhere, and as many pods are updated at once as may be unavailable", async () => {
  const world = await World.start();
  const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 0, maxUnavailable: 2 } };
  await world.client.create(statefulSets, newSet({ ordinals: { start: 5 }, podManagementPolicy: "Parallel", updateStrategy }));
  await world.until(async () => (await world.client.get(statefulSets, DB)).status.readyReplicas === 3);
  assert.deepEqual(await names(world), ["db-5", "db-6", "db-7"]);
  world.holds = () => true;
  await world.client.mutate(statefulSets, DB, change({ template: template("db", "luksa/kubia:v2") as never }));
  await world.parts.clock.settle(60);
  const images = (await world.pods()).map((pod) => `${pod.metadata.name} ${pod.spec.containers[0]?.image}`);
  assert.deepEqual(images, ["db-5 luksa/kubia:v1", "db-6 luksa/kubia:v2", "db-7 luksa/kubia:v2"]);
  await world.stop();
});
