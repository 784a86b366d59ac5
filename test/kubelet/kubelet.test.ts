import assert from "node:assert/strict";
import { test } from "node:test";
import { pods } from "../../src/api/resources/pod.ts";
import { nodes } from "../../src/api/resources/node.ts";
import { isReady, isRunning, startNodes } from "./support.ts";

test("a node registers itself and reports ready", async () => {
  const { client, clock, problems } = await startNodes();
  await clock.step(1000);
  const node = await client.get(nodes, { name: "worker1" });
  assert.equal(node.status.conditions?.find(({ type }) => type === "Ready")?.message, "kubelet is posting ready status");
  assert.deepEqual(problems, []);
});

test("a pod is pulled, started and reported ready with upstream's events", async () => {
  const { createPod, untilPod, eventsOf, problems } = await startNodes();
  await createPod("kubia", { containers: [{ name: "kubia", image: "luksa/kubia" }] });
  const pod = await untilPod("kubia", isReady);
  assert.match(pod.status.podIP ?? "", /^10\.244\.1\./);
  assert.equal(pod.status.containerStatuses?.[0]?.image, "docker.io/luksa/kubia:latest");
  const events = (await eventsOf("kubia")).map((event) => event.replace(/[\d.]+m?s/g, "T").replace(/\d+ bytes/, "N bytes"));
  assert.deepEqual(events, [
    'Pulling: Pulling image "luksa/kubia"',
    'Pulled: Successfully pulled image "luksa/kubia" in T (T including waiting). Image size: N bytes.',
    "Created: Container created",
    "Started: Container started",
  ]);
  assert.deepEqual(problems, []);
});

test("deleting a pod stops its container and then removes the object", async () => {
  const { createPod, untilPod, eventsOf, client, clock, getPod } = await startNodes();
  await createPod("kubia", { containers: [{ name: "kubia", image: "luksa/kubia" }] });
  await untilPod("kubia", isReady);
  await client.delete(pods, { namespace: "default", name: "kubia" });
  await clock.until(async () => (await getPod("kubia")) === undefined, 40_000);
  assert.ok((await eventsOf("kubia")).includes("Killing: Stopping container kubia"));
});

test("a container that keeps failing is held back longer each time", async () => {
  const { createPod, untilPod, eventsOf } = await startNodes();
  await createPod("crash", { containers: [{ name: "main", image: "busybox", command: ["sh", "-c", "exit 3"] }] });
  const pod = await untilPod(
    "crash",
    ({ status }) => status.containerStatuses?.[0]?.state?.waiting?.message?.startsWith("back-off 20s") === true,
  );
  const [status] = pod.status.containerStatuses ?? [];
  assert.equal(status?.state?.waiting?.reason, "CrashLoopBackOff");
  assert.equal(status?.lastState?.terminated?.exitCode, 3);
  assert.equal(status?.restartCount, 2);
  assert.equal(pod.status.phase, "Running");
  assert.ok(
    (await eventsOf("crash")).some((event) => event.startsWith("BackOff: Back-off restarting failed container main in pod crash_default(")),
  );
});

test("a failing liveness probe restarts the container", async () => {
  const { createPod, untilPod, eventsOf } = await startNodes();
  await createPod("kubia-liveness", {
    containers: [{ name: "kubia", image: "luksa/kubia-unhealthy", livenessProbe: { httpGet: { path: "/", port: 8080 } } }],
  });
  const pod = await untilPod(
    "kubia-liveness",
    ({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0 && status.containerStatuses?.[0]?.state?.running !== undefined,
    240_000,
  );
  assert.equal(pod.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 137);
  const events = await eventsOf("kubia-liveness");
  assert.ok(events.includes("Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500"), events.join("\n"));
  assert.ok(events.includes("Killing: Container kubia failed liveness probe, will be restarted"));
});

test("an image that cannot be had ends in ImagePullBackOff", async () => {
  const { createPod, untilPod, eventsOf } = await startNodes();
  await createPod("bad", { containers: [{ name: "main", image: "luksa/kubia:nonexistent" }] });
  await untilPod("bad", ({ status }) => status.containerStatuses?.[0]?.state?.waiting?.reason === "ErrImagePull");
  await untilPod("bad", ({ status }) => status.containerStatuses?.[0]?.state?.waiting?.reason === "ImagePullBackOff");
  const events = await eventsOf("bad");
  assert.ok(events.includes("Failed: Error: ErrImagePull"));
  assert.ok(events.includes('BackOff: Back-off pulling image "luksa/kubia:nonexistent"'), events.join("\n"));
});

test("init containers run in order before the others, and a job's pod ends Succeeded", async () => {
  const { createPod, untilPod } = await startNodes();
  await createPod("job", {
    restartPolicy: "Never",
    initContainers: [
      {
        name: "first",
        image: "busybox",
        command: ["sh", "-c", "echo hi > /work/file"],
        volumeMounts: [{ name: "work", mountPath: "/work" }],
      },
    ],
    containers: [{ name: "main", image: "busybox", command: ["cat", "/work/file"], volumeMounts: [{ name: "work", mountPath: "/work" }] }],
    volumes: [{ name: "work", emptyDir: {} }],
  });
  const pod = await untilPod("job", ({ status }) => status.phase === "Succeeded");
  assert.equal(pod.status.initContainerStatuses?.[0]?.ready, true);
  assert.equal(pod.status.conditions?.find(({ type }) => type === "Ready")?.reason, "PodCompleted");
  assert.equal(pod.status.conditions?.find(({ type }) => type === "Initialized")?.reason, "PodCompleted");
});

test("a pod whose config map is missing waits and starts when it comes", async () => {
  const { createPod, untilPod, eventsOf, client } = await startNodes();
  const { configMaps } = await import("../../src/api/resources/config-map.ts");
  await createPod("late", {
    containers: [
      {
        name: "main",
        image: "busybox",
        command: ["sleep", "1000"],
        env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "late", key: "a" } } }],
      },
    ],
  });
  await untilPod("late", ({ status }) => status.containerStatuses?.[0]?.state?.waiting?.reason === "CreateContainerConfigError");
  assert.ok((await eventsOf("late")).includes('Failed: Error: configmap "late" not found'));
  await client.create(configMaps, { metadata: { name: "late", namespace: "default" }, data: { a: "1" } });
  await untilPod("late", isRunning);
});

test("1000 pods are ready without a long stall", async () => {
  const { client, clock, createPod, problems } = await startNodes({ nodes: 5 });
  for (let index = 0; index < 1000; index++)
    await createPod(`p${index}`, {
      nodeName: `worker${1 + (index % 5)}`,
      containers: [{ name: "main", image: "luksa/kubia:v1", readinessProbe: { httpGet: { path: "/", port: 8080 } } }],
    });
  await clock.until(async () => (await client.list(pods, { namespace: "default" })).items.every(isReady), 120_000);
  assert.deepEqual(problems, []);
});
