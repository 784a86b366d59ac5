import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "../../src/api/generated/apps-v1.ts";
import { deployments } from "../../src/api/resources/deployment.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { newDeployment, template, World } from "./support.ts";

const WEB = { namespace: "default", name: "web" };
const spec = (change: Partial<Deployment["spec"]>) => (deployment: Deployment) => ({
  ...deployment,
  spec: { ...deployment.spec, ...change },
});
const image = (name: string) => spec({ template: template("web", name) as never });

async function rolledOut(world: World, change: Record<string, unknown> = {}): Promise<void> {
  await world.client.create(deployments, newDeployment(change));
  await complete(world);
}

async function complete(world: World): Promise<void> {
  await world.until(async () => {
    const { spec: wanted, status, metadata } = await world.deployment();
    const count = wanted.replicas ?? 0;
    return (
      status.observedGeneration === metadata.generation &&
      (status.updatedReplicas ?? 0) === count &&
      (status.availableReplicas ?? 0) === count &&
      (status.replicas ?? 0) === count
    );
  });
  await world.settle();
}

test("a Deployment makes one ReplicaSet and becomes available", async () => {
  const world = await World.start();
  await rolledOut(world);
  const [set, ...more] = await world.replicaSets();
  assert.equal(more.length, 0);
  const hash = set?.metadata.labels?.["pod-template-hash"] ?? "";
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  assert.equal(set?.metadata.name, `web-${hash}`);
  assert.deepEqual(set?.spec.selector?.matchLabels, { app: "web", "pod-template-hash": hash });
  assert.deepEqual(
    { ...set?.metadata.annotations },
    {
      "deployment.kubernetes.io/desired-replicas": "3",
      "deployment.kubernetes.io/max-replicas": "4",
      "deployment.kubernetes.io/revision": "1",
    },
  );
  const { status, metadata } = await world.deployment();
  assert.equal(metadata.annotations?.["deployment.kubernetes.io/revision"], "1");
  assert.deepEqual(
    status.conditions?.map(({ type, status: value, reason, message }) => `${type} ${value} ${reason} ${message}`),
    [
      "Available True MinimumReplicasAvailable Deployment has minimum availability.",
      `Progressing True NewReplicaSetAvailable ReplicaSet "web-${hash}" has successfully progressed.`,
    ],
  );
  assert.deepEqual(await world.eventsOf("Deployment", "web"), [`Normal ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 3`]);
  await world.stop();
});

test("a rolling update never has more than maxSurge extra nor fewer than allowed, and keeps the old set for undo", async () => {
  const world = await World.start();
  await rolledOut(world, { replicas: 4 });
  const counts: number[] = [];
  world.parts.informers.of(pods).addHandler({
    added: () =>
      counts.push(
        world.parts.informers
          .of(pods)
          .list()
          .filter((pod) => !pod.metadata.deletionTimestamp).length,
      ),
    updated: () =>
      counts.push(
        world.parts.informers
          .of(pods)
          .list()
          .filter((pod) => !pod.metadata.deletionTimestamp).length,
      ),
  });
  counts.length = 0;
  await world.client.mutate(deployments, WEB, image("luksa/kubia:v2"));
  await complete(world);
  // 25 % of 4: one more while updating, one less.
  assert.ok(Math.max(...counts) <= 5 && Math.min(...counts) >= 3, `between 3 and 5, was ${Math.min(...counts)} to ${Math.max(...counts)}`);
  const sets = await world.replicaSets();
  assert.deepEqual(sets.map((set) => [set.metadata.annotations?.["deployment.kubernetes.io/revision"], set.spec.replicas]).sort(), [
    ["1", 0],
    ["2", 4],
  ]);
  const [old, now] = sets.sort((a, b) => (a.spec.replicas ?? 0) - (b.spec.replicas ?? 0)).map((set) => set.metadata.name);
  const told = await world.eventsOf("Deployment", "web");
  assert.deepEqual(told.slice(1, 3), [
    `Normal ScalingReplicaSet Scaled up replica set ${now} from 0 to 1`,
    `Normal ScalingReplicaSet Scaled down replica set ${old} from 4 to 3`,
  ]);

  // Undo: the old template again makes the old set the newest revision.
  await world.client.mutate(deployments, WEB, image("luksa/kubia:v1"));
  await complete(world);
  const back = (await world.replicaSets()).find((set) => set.metadata.name === old);
  assert.equal(back?.metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
  assert.equal(back?.metadata.annotations?.["deployment.kubernetes.io/revision-history"], "1");
  assert.equal((await world.deployment()).metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
  await world.stop();
});

test("an update whose pods never get ready stops within its bounds and says so after the deadline", async () => {
  const world = await World.start();
  await rolledOut(world, { progressDeadlineSeconds: 60 });
  world.holds = (pod) => pod.spec.containers[0]?.image === "luksa/kubia:broken";
  await world.client.mutate(deployments, WEB, image("luksa/kubia:broken"));
  await world.parts.clock.step(5_000);
  const sizes = (await world.replicaSets()).map((set) => set.spec.replicas).sort();
  // 25 % of 3: one surge pod, none missing.
  assert.deepEqual(sizes, [1, 3]);
  const progressing = async () => (await world.deployment()).status.conditions?.find((condition) => condition.type === "Progressing");
  assert.equal((await progressing())?.reason, "ReplicaSetUpdated");
  await world.parts.clock.step(60_000);
  assert.equal((await progressing())?.reason, "ProgressDeadlineExceeded");
  assert.match((await progressing())?.message ?? "", /^ReplicaSet "web-[a-z0-9]+" has timed out progressing\.$/);
  await world.stop();
});

test("Recreate waits until every old pod is gone", async () => {
  const world = await World.start();
  await rolledOut(world, { strategy: { type: "Recreate" } });
  const mixed: string[] = [];
  world.parts.informers.of(pods).addHandler({
    added: () => {
      const images = new Set(
        world.parts.informers
          .of(pods)
          .list()
          .map((pod) => pod.spec.containers[0]?.image),
      );
      if (images.size > 1) mixed.push([...images].join());
    },
  });
  await world.client.mutate(deployments, WEB, image("luksa/kubia:v2"));
  await complete(world);
  assert.deepEqual(mixed, []);
  await world.stop();
});

test("a paused deployment does not roll but does scale; in the middle of a rollout it scales in proportion", async () => {
  const world = await World.start();
  await rolledOut(world, { replicas: 10 });
  world.holds = (pod) => pod.spec.containers[0]?.image === "luksa/kubia:broken";
  await world.client.mutate(deployments, WEB, image("luksa/kubia:broken"));
  await world.settle();
  // maxSurge 3 (25 % up), maxUnavailable 2 (25 % down).
  assert.deepEqual(
    (await world.replicaSets()).map((set) => set.spec.replicas).sort((a, b) => (a ?? 0) - (b ?? 0)),
    [5, 8],
  );
  await world.client.mutate(deployments, WEB, spec({ paused: true }));
  await world.settle();
  assert.equal(
    (await world.deployment()).status.conditions?.find((condition) => condition.type === "Progressing")?.reason,
    "DeploymentPaused",
  );
  await world.client.mutate(deployments, WEB, spec({ replicas: 20 }));
  await world.settle();
  // 20 plus 5 surge in the proportion of 8 to 5.
  assert.deepEqual(
    (await world.replicaSets()).map((set) => set.spec.replicas).sort((a, b) => (a ?? 0) - (b ?? 0)),
    [10, 15],
  );
  await world.stop();
});

test("old sets beyond revisionHistoryLimit are deleted", async () => {
  const world = await World.start();
  await rolledOut(world, { revisionHistoryLimit: 1 });
  for (const tag of ["v2", "v3"]) {
    await world.client.mutate(deployments, WEB, image(`luksa/kubia:${tag}`));
    await complete(world);
  }
  await world.settle();
  assert.deepEqual((await world.replicaSets()).map((set) => set.metadata.annotations?.["deployment.kubernetes.io/revision"]).sort(), [
    "2",
    "3",
  ]);
  await world.stop();
});

test("deleting a deployment takes its sets and pods along; orphaning leaves them, and a new deployment adopts them", async () => {
  const world = await World.start();
  await rolledOut(world);
  const [set] = await world.replicaSets();
  await world.client.delete(deployments, WEB, { propagationPolicy: "Orphan" });
  await world.until(async () => (await world.client.find(deployments, WEB)) === undefined);
  await world.settle();
  assert.deepEqual([(await world.replicaSets()).length, (await world.pods()).length], [1, 3]);
  await rolledOut(world);
  assert.deepEqual(
    (await world.replicaSets()).map((found) => found.metadata.uid),
    [set?.metadata.uid],
  );

  await world.client.delete(deployments, WEB, { propagationPolicy: "Background" });
  await world.until(async () => (await world.pods()).length === 0);
  assert.equal((await world.replicaSets()).length, 0);
  await world.stop();
});
