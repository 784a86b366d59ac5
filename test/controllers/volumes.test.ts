import assert from "node:assert/strict";
import { test } from "node:test";
import { persistentVolumeClaims } from "../../src/api/resources/persistent-volume-claim.ts";
import { persistentVolumes } from "../../src/api/resources/persistent-volume.ts";
import { storageClasses } from "../../src/api/resources/storage-class.ts";
import { World } from "./support.ts";

const claim = (name: string, spec: Record<string, unknown> = {}) =>
  ({
    metadata: { name, namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "", resources: { requests: { storage: "1Gi" } }, ...spec },
  }) as never;
const volume = (name: string, storage: string, spec: Record<string, unknown> = {}) =>
  ({
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], capacity: { storage }, hostPath: { path: `/mnt/${name}` }, ...spec },
  }) as never;

test("a claim gets the smallest volume that will do; a deleted claim leaves it Released", async () => {
  const world = await World.start();
  for (const [name, size] of [
    ["large", "5Gi"],
    ["fitting", "2Gi"],
    ["small", "500Mi"],
  ] as const)
    await world.client.create(persistentVolumes, volume(name, size));
  await world.settle();
  await world.client.create(persistentVolumeClaims, claim("data"));
  await world.settle();
  const bound = await world.client.get(persistentVolumeClaims, { namespace: "default", name: "data" });
  assert.deepEqual([bound.status.phase, bound.spec.volumeName, bound.status.capacity], ["Bound", "fitting", { storage: "2Gi" }]);
  assert.deepEqual(bound.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  await world.client.delete(persistentVolumeClaims, { namespace: "default", name: "data" });
  await world.settle();
  assert.equal(await world.client.find(persistentVolumeClaims, { namespace: "default", name: "data" }), undefined);
  assert.equal((await world.client.get(persistentVolumes, { name: "fitting" })).status.phase, "Released");
  await world.stop();
});

test("without a volume and without a class a claim says so", async () => {
  const world = await World.start();
  await world.client.create(persistentVolumeClaims, claim("data"));
  await world.settle();
  assert.deepEqual(await world.eventsOf("PersistentVolumeClaim", "data"), [
    "Normal FailedBinding no persistent volumes available for this claim and no storage class is set",
  ]);
  await world.stop();
});

test("local-path provisions on the node that was chosen, and takes the volume away with its claim", async () => {
  const world = await World.start();
  await world.client.create(storageClasses, {
    metadata: { name: "standard" },
    provisioner: "rancher.io/local-path",
    volumeBindingMode: "WaitForFirstConsumer",
  } as never);
  await world.client.create(persistentVolumeClaims, claim("data", { storageClassName: "standard" }));
  await world.settle();
  assert.deepEqual(await world.eventsOf("PersistentVolumeClaim", "data"), [
    "Normal WaitForFirstConsumer waiting for first consumer to be created before binding",
  ]);
  const name = { namespace: "default", name: "data" };
  await world.client.mutate(persistentVolumeClaims, name, (now) => ({
    ...now,
    metadata: { ...now.metadata, annotations: { "volume.kubernetes.io/selected-node": "worker2" } },
  }));
  await world.parts.clock.step(4_000);
  const bound = await world.client.get(persistentVolumeClaims, name);
  assert.equal(bound.spec.volumeName, `pvc-${bound.metadata.uid}`);
  assert.equal(bound.status.phase, "Bound");
  assert.deepEqual((await world.eventsOf("PersistentVolumeClaim", "data")).map((event) => event.split(" ")[1]).sort(), [
    "ExternalProvisioning",
    "Provisioning",
    "ProvisioningSucceeded",
    "WaitForFirstConsumer",
  ]);
  await world.client.delete(persistentVolumeClaims, name);
  await world.parts.clock.step(4_000);
  assert.deepEqual((await world.client.list(persistentVolumes)).items, []);
  await world.stop();
});
