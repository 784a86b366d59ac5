import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice } from "../../src/api/generated/discovery-v1.ts";
import { endpointSlices } from "../../src/api/resources/endpoint-slice.ts";
import { endpoints } from "../../src/api/resources/endpoints.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { replicaSets } from "../../src/api/resources/replica-set.ts";
import { services } from "../../src/api/resources/service.ts";
import { newReplicaSet, World } from "./support.ts";

const WEB = { namespace: "default", name: "web" };
const service = (spec: Record<string, unknown> = {}) =>
  ({
    metadata: { name: "web", namespace: "default", labels: { tier: "front" } },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  }) as never;

async function slicesOf(world: World): Promise<EndpointSlice[]> {
  return (await world.client.list(endpointSlices, { namespace: "default", labelSelector: "kubernetes.io/service-name=web" })).items;
}

test("a service's slice and endpoints follow its pods: readiness, and the way out", async () => {
  const world = await World.start();
  await world.client.create(services, service());
  await world.client.create(replicaSets, newReplicaSet(2));
  await world.settle();
  const [slice, ...more] = await slicesOf(world);
  assert.equal(more.length, 0);
  assert.match(slice?.metadata.name ?? "", /^web-[a-z0-9]{5}$/);
  assert.deepEqual(
    { ...slice?.metadata.labels },
    { "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io", "kubernetes.io/service-name": "web", tier: "front" },
  );
  assert.deepEqual(slice?.ports, [{ name: "", port: 8080, protocol: "TCP" }]);
  assert.deepEqual(
    slice?.endpoints?.map((endpoint) => ({ ...endpoint.conditions })),
    [1, 2].map(() => ({ ready: true, serving: true, terminating: false })),
  );

  const [first, second] = await world.pods();
  await world.setReady(first?.metadata.name as string, false);
  const { subsets } = await world.client.get(endpoints, WEB);
  assert.deepEqual(
    subsets?.map((subset) => [
      subset.addresses?.map((address) => address.ip),
      subset.notReadyAddresses?.map((address) => address.ip),
      subset.ports,
    ]),
    [[[second?.status.podIP], [first?.status.podIP], [{ port: 8080, protocol: "TCP" }]]],
  );
  const unready = (await slicesOf(world))[0]?.endpoints?.find((endpoint) => endpoint.targetRef?.name === first?.metadata.name);
  assert.deepEqual({ ...unready?.conditions }, { ready: false, serving: false, terminating: false });

  await world.client.delete(replicaSets, WEB, { propagationPolicy: "Background" });
  await world.until(async () => (await world.pods()).length === 0);
  await world.settle();
  assert.deepEqual(
    (await slicesOf(world)).map((left) => left.endpoints),
    [[]],
  );
  assert.equal((await world.client.get(endpoints, WEB)).subsets, undefined);
  await world.stop();
});

test("a slice holds 100 endpoints at most", async () => {
  const world = await World.start();
  await world.client.create(services, service());
  await world.client.create(replicaSets, newReplicaSet(120));
  await world.parts.clock.settle(150);
  const slices = await slicesOf(world);
  assert.deepEqual(slices.map((slice) => slice.endpoints?.length).sort(), [100, 20]);
  assert.equal(new Set(slices.flatMap((slice) => slice.endpoints ?? []).map((endpoint) => endpoint.targetRef?.name)).size, 120);
  await world.stop();
});

test("named ports are looked up in each pod; a headless service says so; a service without a selector is left alone", async () => {
  const world = await World.start();
  await world.client.create(
    services,
    service({ clusterIP: "None", publishNotReadyAddresses: true, ports: [{ port: 80, targetPort: "http", name: "web" }] }),
  );
  await world.client.create(services, { metadata: { name: "by-hand", namespace: "default" }, spec: { ports: [{ port: 80 }] } } as never);
  for (const [name, port] of [
    ["a", 8080],
    ["b", 9090],
  ] as const) {
    await world.client.create(pods, {
      metadata: { name, namespace: "default", labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "x", ports: [{ name: "http", containerPort: port }] }] },
    } as never);
  }
  await world.settle();
  await world.setReady("b", false);
  const slices = await slicesOf(world);
  assert.deepEqual(slices.map((slice) => slice.ports?.[0]?.port).sort(), [8080, 9090]);
  assert.ok(
    slices.every((slice) => slice.metadata.labels?.["service.kubernetes.io/headless"] === "" && slice.endpoints?.[0]?.conditions?.ready),
  );
  assert.equal(await world.client.find(endpoints, { namespace: "default", name: "by-hand" }), undefined);
  await world.stop();
});
