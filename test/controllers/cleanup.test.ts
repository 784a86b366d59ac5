import assert from "node:assert/strict";
import { test } from "node:test";
import { configMaps } from "../../src/api/resources/config-map.ts";
import { customResourceDefinitions } from "../../src/api/resources/custom-resource-definition.ts";
import { deployments } from "../../src/api/resources/deployment.ts";
import { namespaces } from "../../src/api/resources/namespace.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { replicaSets } from "../../src/api/resources/replica-set.ts";
import { serviceAccounts } from "../../src/api/resources/service-account.ts";
import { CustomResources } from "../../src/apiserver/custom-resources/custom-resources.ts";
import { CA_PEM, newDeployment, World } from "./support.ts";

const config = (name: string, metadata: Record<string, unknown> = {}) =>
  ({ metadata: { name, namespace: "default", ...metadata } }) as never;
const owner = (object: { metadata: { name: string; uid: string } }, extra: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: object.metadata.name,
  uid: object.metadata.uid,
  ...extra,
});

test("every namespace gets a service account and the CA, again when they are deleted", async () => {
  const world = await World.start();
  await world.client.create(namespaces, { metadata: { name: "team" }, spec: {} } as never);
  await world.settle();
  assert.ok(await world.client.find(serviceAccounts, { namespace: "team", name: "default" }));
  assert.equal((await world.client.get(configMaps, { namespace: "team", name: "kube-root-ca.crt" })).data?.["ca.crt"], CA_PEM);
  await world.client.delete(configMaps, { namespace: "team", name: "kube-root-ca.crt" });
  await world.client.delete(serviceAccounts, { namespace: "team", name: "default" });
  await world.settle();
  assert.ok(await world.client.find(serviceAccounts, { namespace: "team", name: "default" }));
  assert.ok(await world.client.find(configMaps, { namespace: "team", name: "kube-root-ca.crt" }));
  await world.stop();
});

test("a deleted namespace is emptied first; what a finalizer holds is told in its conditions", async () => {
  const world = await World.start();
  await world.client.create(namespaces, { metadata: { name: "team" }, spec: {} } as never);
  await world.settle();
  await world.client.create(configMaps, { metadata: { name: "held", namespace: "team", finalizers: ["example.com/hold"] } } as never);
  await world.client.delete(namespaces, { name: "team" });
  await world.parts.clock.step(2_000);
  const { status } = await world.client.get(namespaces, { name: "team" });
  assert.equal(status.phase, "Terminating");
  const told = status.conditions
    ?.filter((condition) => condition.status === "True")
    .map((condition) => `${condition.reason}: ${condition.message}`);
  assert.deepEqual(told, [
    "SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances",
    "SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
  ]);
  await world.client.mutate(configMaps, { namespace: "team", name: "held" }, (map) => ({
    ...map,
    metadata: { ...map.metadata, finalizers: [] },
  }));
  await world.until(async () => (await world.client.find(namespaces, { name: "team" })) === undefined);
  await world.stop();
});

test("what has lost all its owners is deleted; a wrong uid is no owner; one owner left is enough", async () => {
  const world = await World.start();
  const [a, b] = [await world.client.create(configMaps, config("a")), await world.client.create(configMaps, config("b"))];
  await world.client.create(configMaps, config("of-a", { ownerReferences: [owner(a)] }));
  await world.client.create(configMaps, config("of-both", { ownerReferences: [owner(a), owner(b)] }));
  await world.client.create(
    configMaps,
    config("of-nobody", { ownerReferences: [owner({ metadata: { name: "a", uid: "00000000-0000-0000-0000-000000000000" } })] }),
  );
  await world.settle();
  const names = async () =>
    (await world.client.list(configMaps, { namespace: "default" })).items
      .map((map) => map.metadata.name)
      .filter((name) => name !== "kube-root-ca.crt");
  assert.deepEqual(await names(), ["a", "b", "of-a", "of-both"]);
  await world.client.delete(configMaps, a.metadata);
  await world.settle();
  assert.deepEqual(await names(), ["b", "of-both"]);
  const left = await world.client.get(configMaps, { namespace: "default", name: "of-both" });
  assert.deepEqual(
    left.metadata.ownerReferences?.map((reference) => reference.name),
    ["b"],
  );
  await world.stop();
});

test("a foreground deletion removes the dependents first, the owner last", async () => {
  const world = await World.start();
  await world.client.create(deployments, newDeployment());
  await world.until(async () => (await world.pods()).length === 3);
  await world.settle();
  const gone: string[] = [];
  world.parts.informers.of(deployments).addHandler({ deleted: () => gone.push("deployment") });

  world.parts.informers.of(replicaSets).addHandler({ deleted: () => gone.push("set") });
  world.parts.informers.of(pods).addHandler({ deleted: () => gone.push("pod") });
  await world.client.delete(deployments, { namespace: "default", name: "web" }, { propagationPolicy: "Foreground" });
  await world.until(() => gone.includes("deployment"));
  assert.deepEqual(gone, ["pod", "pod", "pod", "set", "deployment"]);
  await world.stop();
});

test("custom resources own, are owned, and go with their namespace", async () => {
  const world = await World.start();
  const { registry, clock } = world.parts;
  new CustomResources(registry);
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  await world.client.create(customResourceDefinitions, {
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  } as never);
  await world.settle();
  const widgets = registry.kinds.findKind("example.com", "v1", "Widget");
  assert.ok(widgets);
  const parent = await world.client.create(widgets, { metadata: { name: "parent", namespace: "default" } } as never);
  await world.client.create(widgets, {
    metadata: { name: "child", namespace: "default", ownerReferences: [owner(parent, { apiVersion: "example.com/v1", kind: "Widget" })] },
  } as never);
  await world.client.create(
    configMaps,
    config("grandchild", { ownerReferences: [owner(parent, { apiVersion: "example.com/v1", kind: "Widget" })] }),
  );
  await world.client.create(namespaces, { metadata: { name: "team" }, spec: {} } as never);
  await world.client.create(widgets, { metadata: { name: "inside", namespace: "team" } } as never);
  await world.settle();
  await world.client.delete(widgets, { namespace: "default", name: "parent" });
  await world.client.delete(namespaces, { name: "team" });
  await clock.step(5_000);
  assert.deepEqual(
    (await world.client.list(widgets)).items.map(({ metadata }) => metadata.name),
    [],
  );
  assert.equal(await world.client.find(configMaps, { namespace: "default", name: "grandchild" }), undefined);
  assert.equal(await world.client.find(namespaces, { name: "team" }), undefined);
  await world.stop();
});
