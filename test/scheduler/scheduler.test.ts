import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod, Taint } from "../../src/api/generated/core-v1.ts";
import { events } from "../../src/api/resources/event.ts";
import { nodes } from "../../src/api/resources/node.ts";
import { persistentVolumeClaims } from "../../src/api/resources/persistent-volume-claim.ts";
import { podDisruptionBudgets } from "../../src/api/resources/pod-disruption-budget.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { priorityClasses } from "../../src/api/resources/priority-class.ts";
import { type Scheduler, startScheduler } from "../../src/scheduler/scheduler.ts";
import { startRegistry, type TestRegistry } from "../support/cluster.ts";

interface Machine {
  readonly name: string;
  readonly cpu?: string;
  readonly labels?: Record<string, string>;
  readonly taints?: Taint[];
}

const CONTROL_PLANE: Machine = { name: "control-plane", taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] };
const DEFAULT_CLUSTER: readonly Machine[] = [CONTROL_PLANE, { name: "worker1" }, { name: "worker2" }];

class Cluster {
  readonly parts: TestRegistry = startRegistry();
  readonly scheduler: Scheduler;

  private constructor() {
    const { tasks, informers, events: recorder, client, clock, rng, journal } = this.parts;
    this.scheduler = startScheduler({
      client,
      informers,
      events: recorder,
      clock,
      rng,
      tasks,
      journal,
      log: (_, message, error) => assert.fail(`${message}: ${String(error)}`),
    });
  }

  static async start(machines: readonly Machine[] = DEFAULT_CLUSTER): Promise<Cluster> {
    const cluster = new Cluster();
    for (const machine of machines) await cluster.addNode(machine);
    await cluster.parts.informers.start();
    return cluster;
  }

  async addNode({ name, cpu = "4", labels = {}, taints = [] }: Machine): Promise<void> {
    const { client } = this.parts;
    const node = await client.create(nodes, {
      metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
      spec: taints.length > 0 ? { taints } : {},
    } as never);
    const resources = { cpu, memory: "8Gi", pods: "110" };
    await client.updateStatus(nodes, { ...node, status: { ...node.status, capacity: resources, allocatable: resources } } as Node);
    // The admission plugin taints new nodes until they are ready; these are.
    await client.mutate(nodes, { name }, (current) => ({ ...current, spec: { ...current.spec, taints } }));
  }

  async addPod(name: string, spec: Partial<Pod["spec"]> & { cpu?: string } = {}, metadata: Partial<Pod["metadata"]> = {}): Promise<void> {
    const { cpu, ...rest } = spec;
    const containers = [{ name: "main", image: "luksa/kubia", ...(cpu ? { resources: { requests: { cpu } } } : {}) }];
    await this.parts.client.create(pods, { metadata: { name, namespace: "default", ...metadata }, spec: { containers, ...rest } } as never);
  }

  async nodeOf(name: string): Promise<string | undefined> {
    return (await this.parts.client.get(pods, { namespace: "default", name })).spec.nodeName;
  }

  async settle(): Promise<void> {
    await this.parts.clock.step(0);
    await this.parts.clock.settle(20);
  }

  async eventsOf(name: string): Promise<string[]> {
    const { items } = await this.parts.client.list(events, { namespace: "default" });
    return items.filter((event) => event.involvedObject.name === name).map((event) => `${event.type} ${event.reason} ${event.message}`);
  }
}

test("a pod goes to a worker, with the Scheduled event and a trace", async () => {
  const cluster = await Cluster.start();
  await cluster.addPod("kubia");
  await cluster.settle();
  const node = (await cluster.nodeOf("kubia")) ?? "";
  assert.match(node, /^worker[12]$/);
  assert.deepEqual(await cluster.eventsOf("kubia"), [`Normal Scheduled Successfully assigned default/kubia to ${node}`]);
  assert.equal(cluster.scheduler.explain("default/kubia")?.outcome, "Scheduled");
  assert.ok(cluster.parts.journal.of("pods/default/kubia").some((entry) => entry.action.includes("considers 3 nodes")));
});

test("the exact words of FailedScheduling, and a label on a node that lets the pod in", async () => {
  const cluster = await Cluster.start();
  await cluster.addPod("gpu", { nodeSelector: { gpu: "true" } });
  await cluster.settle();
  const message =
    "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
  assert.deepEqual(await cluster.eventsOf("gpu"), [`Warning FailedScheduling ${message}`]);
  const pod = await cluster.parts.client.get(pods, { namespace: "default", name: "gpu" });
  const condition = pod.status.conditions?.find((candidate) => candidate.type === "PodScheduled");
  assert.deepEqual([condition?.status, condition?.reason, condition?.message], ["False", "Unschedulable", message]);
  assert.deepEqual(
    cluster.scheduler.explain("default/gpu")?.nodes.map((node) => node.plugin),
    ["TaintToleration", "NodeAffinity", "NodeAffinity"],
  );

  // A heartbeat helps nobody, a label does.
  await cluster.parts.client.mutate(nodes, { name: "worker1" }, (node) => ({
    ...node,
    metadata: { ...node.metadata, labels: { ...node.metadata.labels, other: "1" } },
  }));
  await cluster.parts.clock.step(5_000);
  assert.equal((await cluster.eventsOf("gpu")).length, 1);
  await cluster.parts.client.mutate(nodes, { name: "worker2" }, (node) => ({
    ...node,
    metadata: { ...node.metadata, labels: { ...node.metadata.labels, gpu: "true" } },
  }));
  await cluster.settle();
  assert.equal(await cluster.nodeOf("gpu"), "worker2");
});

test("a pod whose claim is missing is stopped before any node is looked at, and tried again when a claim comes", async () => {
  const cluster = await Cluster.start();
  await cluster.addPod("stateful", { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] });
  await cluster.settle();
  assert.deepEqual(await cluster.eventsOf("stateful"), [
    'Warning FailedScheduling 0/3 nodes are available: persistentvolumeclaim "data" not found. not found',
  ]);
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  await cluster.parts.client.create(persistentVolumeClaims, { metadata: { name: "data", namespace: "default" }, spec } as never);
  await cluster.parts.clock.step(2_000);
  assert.equal(
    (await cluster.eventsOf("stateful"))[1],
    "Warning FailedScheduling 0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
  );
});

test("resources: the least allocated node first, then Insufficient cpu, then the room that a deleted pod leaves", async () => {
  const cluster = await Cluster.start();
  await cluster.addPod("one", { cpu: "3" });
  await cluster.settle();
  await cluster.addPod("two", { cpu: "3" });
  await cluster.settle();
  assert.notEqual(await cluster.nodeOf("one"), await cluster.nodeOf("two"));
  await cluster.addPod("three", { cpu: "3" });
  await cluster.settle();
  assert.deepEqual(await cluster.eventsOf("three"), [
    "Warning FailedScheduling 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
  ]);
  const freed = await cluster.nodeOf("one");
  await cluster.parts.client.delete(pods, { namespace: "default", name: "one" }, { gracePeriodSeconds: 0 });
  await cluster.parts.clock.step(2_000);
  assert.equal(await cluster.nodeOf("three"), freed);
});

test("a more important pod takes the place of a lesser one and keeps it reserved until that is gone", async () => {
  const cluster = await Cluster.start([{ name: "worker1" }]);
  const { client, clock } = cluster.parts;
  await client.create(priorityClasses, { metadata: { name: "high" }, value: 1000 } as never);
  await cluster.addPod("low", { cpu: "3" });
  await cluster.settle();
  await cluster.addPod("high", { cpu: "3", priorityClassName: "high" });
  await cluster.settle();
  const low = await client.get(pods, { namespace: "default", name: "low" });
  assert.ok(low.metadata.deletionTimestamp);
  assert.equal(low.status.conditions?.find((condition) => condition.type === "DisruptionTarget")?.reason, "PreemptionByScheduler");
  const high = await client.get(pods, { namespace: "default", name: "high" });
  assert.equal(high.status.nominatedNodeName, "worker1");
  assert.ok((await cluster.eventsOf("low")).includes(`Normal Preempted Preempted by pod ${high.metadata.uid} on node worker1`));
  assert.deepEqual(await cluster.eventsOf("high"), ["Warning FailedScheduling 0/1 nodes are available: 1 Insufficient cpu."]);

  await client.delete(pods, { namespace: "default", name: "low" }, { gracePeriodSeconds: 0 });
  await cluster.addPod("latecomer", { cpu: "3" });
  await clock.step(3_000);
  assert.equal(await cluster.nodeOf("high"), "worker1");
  assert.equal(await cluster.nodeOf("latecomer"), undefined);
});

test("preemption spares pods whose budgets allow no disruption, and gives back the important ones first", async () => {
  const cluster = await Cluster.start([{ name: "worker1" }, { name: "worker2" }]);
  const { client } = cluster.parts;
  await client.create(priorityClasses, { metadata: { name: "high" }, value: 1000 } as never);
  await client.create(podDisruptionBudgets, {
    metadata: { namespace: "default", name: "guard" },
    spec: { minAvailable: 1, selector: { matchLabels: { app: "db" } } },
  } as never);
  // On the first machine one guarded pod has to go, on the second two of which nobody cares about.
  await cluster.addPod("db", { cpu: "3", nodeName: "worker1" }, { labels: { app: "db" } });
  for (const name of ["web-0", "web-1"]) await cluster.addPod(name, { cpu: "1500m", nodeName: "worker2" }, { labels: { app: "web" } });
  await cluster.settle();
  await cluster.addPod("high", { cpu: "3", priorityClassName: "high" });
  await cluster.settle();
  assert.equal((await client.get(pods, { namespace: "default", name: "high" })).status.nominatedNodeName, "worker2");
  const left = (await client.list(pods, { namespace: "default" })).items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  assert.deepEqual(left.map((pod) => pod.metadata.name).sort(), ["db", "high"]);
});

test("pods that must go though nothing fits then stay, and the event says what would still be wrong", async () => {
  const cluster = await Cluster.start([{ name: "worker1" }]);
  const { client } = cluster.parts;
  await client.create(priorityClasses, { metadata: { name: "high" }, value: 1000 } as never);
  await cluster.addPod("low", { cpu: "1" });
  await cluster.addPod("peer", { cpu: "2", priorityClassName: "high" });
  await cluster.settle();
  await cluster.addPod("huge", { cpu: "3", priorityClassName: "high" });
  await cluster.settle();
  assert.deepEqual(await cluster.eventsOf("huge"), [
    "Warning FailedScheduling 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Insufficient cpu.",
  ]);
  assert.equal((await client.get(pods, { namespace: "default", name: "low" })).metadata.deletionTimestamp, undefined);
});

test("a gated pod waits without an attempt until its gate goes", async () => {
  const cluster = await Cluster.start();
  await cluster.addPod("gated", { schedulingGates: [{ name: "example.com/ready" }] });
  await cluster.settle();
  assert.equal(await cluster.nodeOf("gated"), undefined);
  assert.deepEqual(await cluster.eventsOf("gated"), []);
  await cluster.parts.client.mutate(pods, { namespace: "default", name: "gated" }, (pod) => ({
    ...pod,
    spec: { ...pod.spec, schedulingGates: [] },
  }));
  await cluster.settle();
  assert.match((await cluster.nodeOf("gated")) ?? "", /^worker/);
});

test("anti-affinity puts one pod on each node and no more; topology spread keeps the skew", async () => {
  const cluster = await Cluster.start([{ name: "a" }, { name: "b" }]);
  const term = { labelSelector: { matchLabels: { app: "db" } }, topologyKey: "kubernetes.io/hostname" };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  for (const name of ["db-0", "db-1", "db-2"]) await cluster.addPod(name, { affinity }, { labels: { app: "db" } });
  await cluster.settle();
  assert.deepEqual([await cluster.nodeOf("db-0"), await cluster.nodeOf("db-1")].sort(), ["a", "b"]);
  assert.match((await cluster.eventsOf("db-2"))[0] ?? "", /0\/2 nodes are available: 2 node\(s\) didn't match pod anti-affinity rules\./);

  const topologySpreadConstraints = [
    {
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: { matchLabels: { app: "web" } },
    },
  ];
  for (let index = 0; index < 6; index++) await cluster.addPod(`web-${index}`, { topologySpreadConstraints }, { labels: { app: "web" } });
  await cluster.settle();
  const places = await Promise.all([0, 1, 2, 3, 4, 5].map((index) => cluster.nodeOf(`web-${index}`)));
  assert.deepEqual(places.sort(), ["a", "a", "a", "b", "b", "b"]);
});

test("pods of a higher priority leave the queue first", async () => {
  const cluster = await Cluster.start([]);
  const { client, clock } = cluster.parts;
  await client.create(priorityClasses, { metadata: { name: "high" }, value: 1000 } as never);
  await cluster.addPod("early", { cpu: "3" });
  await cluster.addPod("late-but-important", { cpu: "3", priorityClassName: "high" });
  await clock.step(2_000);
  assert.deepEqual(await cluster.eventsOf("early"), ["Warning FailedScheduling no nodes available to schedule pods"]);
  await cluster.addNode({ name: "only" });
  await clock.step(2_000);
  assert.equal(await cluster.nodeOf("late-but-important"), "only");
  assert.equal(await cluster.nodeOf("early"), undefined);
});
