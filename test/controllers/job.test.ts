import assert from "node:assert/strict";
import { test } from "node:test";
import { jobs } from "../../src/api/resources/job.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { rfc3339 } from "../../src/util/clock.ts";
import { World } from "./support.ts";

const PI = { namespace: "default", name: "pi" };
const newJob = (spec: Record<string, unknown> = {}) =>
  ({
    metadata: PI,
    spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "busybox" }] } }, ...spec },
  }) as never;
const running = async (world: World) =>
  (await world.pods()).filter((pod) => pod.status.phase === "Running").map((pod) => pod.metadata.name);
const job = (world: World) => world.client.get(jobs, PI);

test("a job runs its completions, some at a time, and counts each pod once", async () => {
  const world = await World.start();
  await world.client.create(jobs, newJob({ completions: 3, parallelism: 2 }));
  await world.settle();
  assert.equal((await running(world)).length, 2);
  assert.deepEqual([(await job(world)).status.active, (await job(world)).status.ready], [2, 2]);
  for (let turn = 0; turn < 3; turn++) await world.finish((await running(world))[0] as string, "Succeeded");
  await world.settle();
  const { status } = await job(world);
  assert.deepEqual([status.succeeded, status.failed, status.active], [3, undefined, undefined]);
  assert.deepEqual(
    status.conditions?.map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    [
      "SuccessCriteriaMet CompletionsReached Reached expected number of succeeded pods",
      "Complete CompletionsReached Reached expected number of succeeded pods",
    ],
  );
  assert.ok(status.completionTime);
  assert.ok((await world.pods()).every((pod) => pod.metadata.finalizers === undefined));
  assert.equal((await world.eventsOf("Job", "pi")).at(-1), "Normal Completed Job completed");
  await world.stop();
});

test("failures are tried again after 10, 20 … seconds, up to the limit", async () => {
  const world = await World.start();
  await world.client.create(jobs, newJob({ backoffLimit: 1 }));
  await world.settle();
  await world.finish((await running(world))[0] as string, "Failed");
  await world.parts.clock.step(9_000);
  assert.deepEqual(await running(world), []);
  await world.parts.clock.step(2_000);
  assert.equal((await running(world)).length, 1);
  await world.finish((await running(world))[0] as string, "Failed");
  const { status } = await job(world);
  assert.equal(status.failed, 2);
  assert.deepEqual(
    status.conditions?.map(({ type, reason }) => `${type} ${reason}`),
    ["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"],
  );
  assert.ok((await world.eventsOf("Job", "pi")).includes("Warning BackoffLimitExceeded Job has reached the specified backoff limit"));
  await world.stop();
});

test("an indexed job gives every pod its index; a finished one is deleted after its time", async () => {
  const world = await World.start();
  await world.client.create(jobs, newJob({ completions: 3, parallelism: 3, completionMode: "Indexed", ttlSecondsAfterFinished: 30 }));
  await world.settle();
  assert.deepEqual((await world.pods()).map((pod) => pod.metadata.labels?.["batch.kubernetes.io/job-completion-index"]).sort(), [
    "0",
    "1",
    "2",
  ]);
  assert.deepEqual((await world.pods()).map((pod) => pod.spec.hostname).sort(), ["pi-0", "pi-1", "pi-2"]);
  for (const name of await running(world)) await world.finish(name, "Succeeded");
  assert.equal((await job(world)).status.completedIndexes, "0-2");
  await world.parts.clock.step(29_000);
  assert.ok(await world.client.find(jobs, PI));
  await world.parts.clock.step(5_000);
  assert.equal(await world.client.find(jobs, PI), undefined);
  assert.deepEqual(await world.pods(), []);
  await world.stop();
});

test("a suspended job has no pods until it is resumed; the deadline ends it; deleting it frees its pods", async () => {
  const world = await World.start();
  await world.client.create(jobs, newJob({ suspend: true, activeDeadlineSeconds: 20 }));
  await world.settle();
  assert.deepEqual(await world.pods(), []);
  assert.equal((await job(world)).status.conditions?.[0]?.reason, "JobSuspended");
  await world.client.mutate(jobs, PI, (now) => ({ ...now, spec: { ...now.spec, suspend: false } }));
  await world.settle();
  assert.equal((await running(world)).length, 1);
  await world.parts.clock.step(21_000);
  assert.equal((await job(world)).status.conditions?.find(({ type }) => type === "Failed")?.reason, "DeadlineExceeded");
  await world.client.delete(jobs, PI, { propagationPolicy: "Background" });
  await world.settle();
  assert.deepEqual(await world.pods(), []);

  await world.client.create(jobs, newJob());
  await world.settle();
  await world.client.delete(jobs, PI, { propagationPolicy: "Background" });
  await world.settle();
  assert.deepEqual(await world.pods(), []);
  await world.stop();
});

const failWith = async (world: World, name: string, exitCode: number) => {
  await world.client.mutate(
    pods,
    { namespace: "default", name },
    (pod) => ({
      ...pod,
      status: {
        ...pod.status,
        phase: "Failed",
        containerStatuses: [
          {
            name: "main",
            image: "busybox",
            imageID: "",
            ready: false,
            restartCount: 0,
            state: { terminated: { exitCode, finishedAt: rfc3339(world.parts.clock.now()) } },
          },
        ],
      },
    }),
    { subresource: "status" },
  );
  await world.settle();
};
const podOfIndex = async (world: World, index: number) =>
  (await world.pods()).find(
    (pod) => pod.status.phase === "Running" && pod.metadata.annotations?.["batch.kubernetes.io/job-completion-index"] === String(index),
  );

test("with a limit for each index, one that fails too often does not stop the others", async () => {
  const world = await World.start();
  await world.client.create(jobs, newJob({ completions: 2, parallelism: 2, completionMode: "Indexed", backoffLimitPerIndex: 1 }));
  await world.settle();
  const first = await podOfIndex(world, 1);
  assert.equal(first?.metadata.annotations?.["batch.kubernetes.io/job-index-failure-count"], "0");
  await failWith(world, first?.metadata.name as string, 1);
  assert.equal(await podOfIndex(world, 1), undefined, "its back-off is its own");
  assert.deepEqual((await job(world)).status.failed, undefined, "counted when the next pod knows of it");
  await world.parts.clock.step(10_500);
  const second = await podOfIndex(world, 1);
  assert.equal(second?.metadata.annotations?.["batch.kubernetes.io/job-index-failure-count"], "1");
  assert.equal((await job(world)).status.failed, 1);
  await failWith(world, second?.metadata.name as string, 1);
  assert.deepEqual([(await job(world)).status.failedIndexes, (await job(world)).status.conditions], ["1", undefined]);
  await world.finish((await podOfIndex(world, 0))?.metadata.name as string, "Succeeded");
  const { status } = await job(world);
  assert.deepEqual([status.completedIndexes, status.failedIndexes, status.failed, status.succeeded], ["0", "1", 2, 1]);
  assert.deepEqual(
    status.conditions?.map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    ["FailureTarget FailedIndexes Job has failed indexes", "Failed FailedIndexes Job has failed indexes"],
  );
  await world.stop();
});

test("a failure policy passes over some failures and ends the job at others", async () => {
  const world = await World.start();
  const podFailurePolicy = {
    rules: [
      { action: "Ignore", onExitCodes: { operator: "In", values: [7] } },
      { action: "FailJob", onExitCodes: { containerName: "main", operator: "NotIn", values: [1] } },
    ],
  };
  await world.client.create(jobs, newJob({ backoffLimit: 0, podFailurePolicy }));
  await world.settle();
  await failWith(world, (await running(world))[0] as string, 7);
  assert.deepEqual([(await job(world)).status.failed, (await job(world)).status.conditions], [undefined, undefined]);
  await world.parts.clock.step(10_500);
  const [name] = await running(world);
  await failWith(world, name as string, 42);
  assert.deepEqual(
    (await job(world)).status.conditions?.map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    ["FailureTarget", "Failed"].map(
      (type) => `${type} PodFailurePolicy Container main for pod default/${name} failed with exit code 42 matching FailJob rule at index 1`,
    ),
  );
  await world.stop();
});

test("a success policy is content with less, and the other pods go", async () => {
  const world = await World.start();
  const successPolicy = { rules: [{ succeededIndexes: "0" }] };
  await world.client.create(jobs, newJob({ completions: 3, parallelism: 3, completionMode: "Indexed", successPolicy }));
  await world.settle();
  await world.finish((await podOfIndex(world, 0))?.metadata.name as string, "Succeeded");
  await world.settle();
  const { status } = await job(world);
  assert.deepEqual(
    status.conditions?.map(({ type, reason, message }) => `${type} ${reason} ${message}`),
    ["SuccessCriteriaMet SuccessPolicy Matched rules at index 0", "Complete SuccessPolicy Matched rules at index 0"],
  );
  assert.deepEqual(await running(world), []);
  await world.stop();
});

test("a job that somebody else manages is left alone", async () => {
  const world = await World.start();
  await world.client.create(jobs, newJob({ managedBy: "example.com/other" }));
  await world.settle();
  assert.deepEqual([(await world.pods()).length, (await job(world)).status], [0, {}]);
  await world.stop();
});
