import assert from "node:assert/strict";
import { test } from "node:test";
import type { DaemonSet } from "../../src/api/generated/apps-v1.ts";
import { controllerRevisions } from "../../src/api/resources/controller-revision.ts";
import { daemonSets } from "../../src/api/resources/daemon-set.ts";
import { leases } from "../../src/api/resources/lease.ts";
import { nodes } from "../../src/api/resources/node.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { rfc3339Micro } from "../../src/util/clock.ts";
import { template, World } from "./support.ts";

const AGENT = { namespace: "default", name: "agent" };
const daemonSet = (overrides: Record<string, unknown> = {}) =>
  ({ metadata: AGENT, spec: { selector: { matchLabels: { app: "agent" } }, template: template("agent"), ...overrides } }) as never;
const image = (name: string) => (set: DaemonSet) => ({ ...set, spec: { ...set.spec, template: template("agent", name) as never } });

test("a DaemonSet has one pod on every node that it may run on, also on one that comes later", async () => {
  const world = await World.start();
  await world.addNode("tainted", [{ key: "gpu", effect: "NoSchedule" }]);
  await world.client.create(daemonSets, daemonSet());
  await world.settle();
  assert.deepEqual((await world.pods()).map((pod) => pod.spec.nodeName).sort(), ["worker1", "worker2"]);
  const [pod] = await world.pods();
  assert.match(pod?.metadata.labels?.["controller-revision-hash"] ?? "", /^[a-z0-9]+$/);
  assert.equal(pod?.metadata.labels?.["pod-template-generation"], "1");
  assert.deepEqual(
    pod?.spec.tolerations?.map((toleration) => `${toleration.key}:${toleration.effect}`),
    [
      "node.kubernetes.io/not-ready:NoExecute",
      "node.kubernetes.io/unreachable:NoExecute",
      "node.kubernetes.io/disk-pressure:NoSchedule",
      "node.kubernetes.io/memory-pressure:NoSchedule",
      "node.kubernetes.io/pid-pressure:NoSchedule",
      "node.kubernetes.io/unschedulable:NoSchedule",
    ],
  );
  await world.addNode("worker3");
  await world.settle();
  const { status } = await world.client.get(daemonSets, AGENT);
  assert.deepEqual(
    { ...status },
    {
      currentNumberScheduled: 3,
      desiredNumberScheduled: 3,
      numberAvailable: 3,
      numberMisscheduled: 0,
      numberReady: 3,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
    },
  );
  await world.stop();
});

test("a DaemonSet updates one pod after the other and keeps its revisions", async () => {
  const world = await World.start(["worker1", "worker2", "worker3"]);
  await world.client.create(daemonSets, daemonSet());
  await world.settle();
  const least: number[] = [];
  world.parts.informers.of(pods).addHandler({
    updated: () =>
      least.push(
        world.parts.informers
          .of(pods)
          .list()
          .filter((pod) => pod.status.phase === "Running" && !pod.metadata.deletionTimestamp).length,
      ),
  });
  await world.client.mutate(daemonSets, AGENT, image("luksa/kubia:v2"));
  await world.parts.clock.settle(100);
  assert.deepEqual(
    (await world.pods()).map((pod) => pod.spec.containers[0]?.image),
    ["luksa/kubia:v2", "luksa/kubia:v2", "luksa/kubia:v2"],
  );
  assert.equal(Math.min(...least), 2);
  assert.deepEqual(
    (await world.client.list(controllerRevisions, { namespace: "default" })).items.map((revision) => revision.revision).sort(),
    [1, 2],
  );
  await world.stop();
});

test("a node that falls silent becomes Unknown and is tainted; its pods are not ready, and go after five minutes", async () => {
  const world = await World.start();
  const beat = async (name: string) => {
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: rfc3339Micro(world.parts.clock.now()) };
    await world.client.mutate(leases, { namespace: "kube-node-lease", name }, (lease) => ({ ...lease, spec }));
  };
  for (const name of ["worker1", "worker2"])
    await world.client.create(leases, { metadata: { name, namespace: "kube-node-lease" }, spec: {} } as never);
  for (const name of ["a", "b"])
    await world.client.create(pods, {
      metadata: { name, namespace: "default" },
      spec: { nodeName: name === "a" ? "worker1" : "worker2", containers: [{ name: "main", image: "x" }] },
    } as never);
  const run = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 10) {
      await beat("worker2");
      await world.parts.clock.step(10_000);
    }
  };
  await run(40);
  assert.equal((await world.client.get(nodes, { name: "worker1" })).status.conditions?.[0]?.status, "True");
  await run(20);
  const node = await world.client.get(nodes, { name: "worker1" });
  assert.deepEqual(
    node.status.conditions?.map(({ status, reason, message }) => [status, reason, message]),
    [["Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."]],
  );
  assert.deepEqual(
    node.spec.taints?.map((taint) => `${taint.key}:${taint.effect}`),
    ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"],
  );
  const pod = await world.client.get(pods, { namespace: "default", name: "a" });
  assert.equal(pod.status.conditions?.find((condition) => condition.type === "Ready")?.status, "False");
  assert.ok((await world.eventsOf("Pod", "a")).includes("Warning NodeNotReady Node is not ready"));
  assert.ok((await world.eventsOf("Node", "worker1")).includes("Normal NodeNotReady Node worker1 status is now: NodeNotReady"));
  assert.equal((await world.client.get(nodes, { name: "worker2" })).status.conditions?.[0]?.status, "True");

  await run(310);
  assert.equal(await world.client.find(pods, { namespace: "default", name: "a" }), undefined);
  assert.ok(await world.client.find(pods, { namespace: "default", name: "b" }));
  assert.ok((await world.eventsOf("Pod", "a")).includes("Normal TaintManagerEviction Marking for deletion Pod default/a"));
  await world.stop();
});

test("pods of a node that was taken away go 40 seconds later", async () => {
  const world = await World.start();
  await world.client.create(pods, {
    metadata: { name: "a", namespace: "default" },
    spec: { nodeName: "worker1", containers: [{ name: "main", image: "x" }] },
  } as never);
  await world.settle();
  await world.client.delete(nodes, { name: "worker1" });
  await world.parts.clock.step(35_000);
  assert.ok(await world.client.find(pods, { namespace: "default", name: "a" }));
  await world.parts.clock.step(6_000);
  assert.equal(await world.client.find(pods, { namespace: "default", name: "a" }), undefined);
  await world.stop();
});
