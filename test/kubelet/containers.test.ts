import assert from "node:assert/strict";
import { test } from "node:test";
import { pods } from "../../src/api/resources/pod.ts";
import { isReady, isRunning, startNodes } from "./support.ts";

const sleeper = { name: "main", image: "busybox", command: ["sleep", "100000"] };

test("a sidecar starts before the others and is stopped when they have ended", async () => {
  const { createPod, untilPod } = await startNodes();
  await createPod("pair", {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 3,
    initContainers: [{ ...sleeper, name: "side", restartPolicy: "Always" }],
    containers: [{ name: "main", image: "busybox", command: ["sleep", "2"] }],
  });
  const running = await untilPod("pair", isRunning);
  assert.equal(running.status.initContainerStatuses?.[0]?.started, true);
  const ended = await untilPod("pair", ({ status }) => status.phase === "Succeeded");
  assert.equal(ended.status.initContainerStatuses?.[0]?.state?.terminated?.exitCode, 137);
});

test("a failing init container keeps the others from starting", async () => {
  const { createPod, untilPod } = await startNodes();
  await createPod("blocked", { initContainers: [{ name: "first", image: "busybox", command: ["false"] }], containers: [sleeper] });
  const pod = await untilPod("blocked", ({ status }) => status.initContainerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff");
  assert.equal(pod.status.phase, "Pending");
  assert.equal(pod.status.containerStatuses?.[0]?.state?.waiting?.reason, "PodInitializing");
  assert.equal(pod.status.conditions?.find(({ type }) => type === "Initialized")?.message, "containers with incomplete status: [first]");
});

test("a failing postStart hook has the container killed", async () => {
  const { createPod, untilPod, eventsOf } = await startNodes();
  await createPod("hook", {
    terminationGracePeriodSeconds: 1,
    containers: [{ ...sleeper, lifecycle: { postStart: { exec: { command: ["false"] } } } }],
  });
  await untilPod("hook", ({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0);
  const events = await eventsOf("hook");
  assert.ok(events.includes("FailedPostStartHook: PostStartHook failed"), events.join("\n"));
  assert.ok(events.includes("Killing: FailedPostStartHook"));
});

test("a command that is not in the image is told as RunContainerError", async () => {
  const { createPod, untilPod } = await startNodes();
  await createPod("nocmd", { containers: [{ name: "main", image: "busybox", command: ["nothing-like-it"] }] });
  const pod = await untilPod("nocmd", ({ status }) => status.containerStatuses?.[0]?.lastState?.terminated !== undefined);
  assert.equal(pod.status.containerStatuses?.[0]?.lastState?.terminated?.reason, "StartError");
  assert.equal(pod.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 128);
});

test("a new image in the spec restarts the container", async () => {
  const { client, createPod, untilPod, eventsOf } = await startNodes();
  await createPod("moved", { terminationGracePeriodSeconds: 1, containers: [{ name: "main", image: "luksa/kubia:v1" }] });
  await untilPod("moved", isReady);
  await client.mutate(pods, { namespace: "default", name: "moved" }, (pod) => ({
    ...pod,
    spec: { ...pod.spec, containers: pod.spec.containers.map((container) => ({ ...container, image: "luksa/kubia:v2" })) },
  }));
  const pod = await untilPod(
    "moved",
    ({ status }) => status.containerStatuses?.[0]?.image === "docker.io/luksa/kubia:v2" && isReady({ status } as never),
  );
  assert.equal(pod.status.containerStatuses?.[0]?.restartCount, 1);
  assert.ok((await eventsOf("moved")).includes("Killing: Container main definition changed, will be restarted"));
});

test("a startup probe holds readiness back until it succeeds", async () => {
  const { createPod, untilPod, clock, getPod } = await startNodes();
  await createPod("slow", {
    containers: [
      {
        name: "main",
        image: "luksa/kubia",
        startupProbe: { httpGet: { path: "/", port: 8080 }, initialDelaySeconds: 20 },
        readinessProbe: { httpGet: { path: "/", port: 8080 } },
      },
    ],
  });
  await untilPod("slow", isRunning);
  await clock.step(10_000);
  const early = await getPod("slow");
  assert.equal(early?.status.containerStatuses?.[0]?.started, false);
  await untilPod("slow", isReady);
});
