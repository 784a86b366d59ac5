import assert from "node:assert/strict";
import { test } from "node:test";
import { configMaps } from "../../src/api/resources/config-map.ts";
import { leases } from "../../src/api/resources/lease.ts";
import { nodes } from "../../src/api/resources/node.ts";
import { pods } from "../../src/api/resources/pod.ts";
import type { LogOptions } from "../../src/apiserver/node-gateway.ts";
import { isReady, isRunning, startNodes } from "./support.ts";

const LOG: LogOptions = {
  container: "main",
  follow: false,
  previous: false,
  timestamps: false,
  tailLines: undefined,
  limitBytes: undefined,
  sinceSeconds: undefined,
  sinceTime: undefined,
  stream: "All",
};
const sleeper = { name: "main", image: "busybox", command: ["sleep", "100000"] };

test("after a reboot of the node its pods run again with one restart more", async () => {
  const { createPod, untilPod, kubelets, network, startNode, eventsOf } = await startNodes();
  await createPod("kubia", { containers: [{ name: "kubia", image: "luksa/kubia" }] });
  await untilPod("kubia", isReady);
  kubelets.splice(0)[0]?.stop();
  network.removeNode("worker1");
  startNode(1);
  const pod = await untilPod("kubia", (current) => isReady(current) && current.status.containerStatuses?.[0]?.restartCount === 1);
  assert.deepEqual(
    [pod.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode, pod.status.containerStatuses?.[0]?.lastState?.terminated?.reason],
    [255, "Unknown"],
  );
  assert.ok((await eventsOf("kubia")).includes("SandboxChanged: Pod sandbox changed, it will be killed and re-created."));
});

test("a node without a CNI agent is not ready and its pods wait", async () => {
  const { client, clock, network, createPod, untilPod, getPod, eventsOf } = await startNodes({ cni: false });
  await createPod("main", { containers: [sleeper] });
  await clock.step(2000);
  const condition = (await client.get(nodes, { name: "worker1" })).status.conditions?.find(({ type }) => type === "Ready");
  assert.equal(
    condition?.message,
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
  );
  assert.equal((await getPod("main"))?.status.phase, "Pending");
  assert.match((await eventsOf("main"))[0] ?? "", /^NetworkNotReady: network is not ready: container runtime network not ready/);
  network.setCniReady("worker1", true);
  await untilPod("main", isRunning);
  assert.equal((await client.get(nodes, { name: "worker1" })).status.conditions?.find(({ type }) => type === "Ready")?.status, "True");
});

test("a power loss while a pod is being deleted does not delete it", async () => {
  const { client, clock, createPod, untilPod, getPod, kubelets } = await startNodes();
  await createPod("slow", { containers: [{ ...sleeper, lifecycle: { preStop: { sleep: { seconds: 20 } } } }] });
  await untilPod("slow", isRunning);
  await client.delete(pods, { namespace: "default", name: "slow" });
  await clock.step(5000);
  kubelets[0]?.stop();
  await clock.step(60_000);
  assert.equal((await getPod("slow"))?.status.phase, "Running");
});

test("leases are renewed every ten seconds", async () => {
  const { client, clock } = await startNodes();
  await clock.step(1000);
  const first = await client.get(leases, { namespace: "kube-node-lease", name: "worker1" });
  await clock.step(10_000);
  const second = await client.get(leases, { namespace: "kube-node-lease", name: "worker1" });
  assert.notEqual(first.spec.renewTime, second.spec.renewTime);
});

test("a static pod runs and is shown by a mirror that comes back when deleted", async () => {
  const staticPods = [
    {
      metadata: { name: "etcd", namespace: "kube-system", uid: "", resourceVersion: "", creationTimestamp: "" },
      spec: { hostNetwork: true, containers: [sleeper] },
      status: {},
    },
  ];
  const { client, clock } = await startNodes({ cni: false, kubelet: { staticPods } });
  const name = { namespace: "kube-system", name: "etcd-worker1" };
  const running = async () => (await client.find(pods, name))?.status.phase === "Running";
  await clock.until(running, 30_000);
  const before = await client.get(pods, name);
  assert.equal(before.metadata.annotations?.["kubernetes.io/config.source"], "file");
  await client.delete(pods, name);
  await clock.until(async () => ((await client.find(pods, name))?.metadata.uid ?? before.metadata.uid) !== before.metadata.uid, 30_000);
  await clock.until(running, 30_000);
  assert.equal((await client.get(pods, name)).status.containerStatuses?.[0]?.restartCount, 0);
});

test("config maps and annotations reach the files of a running container", async () => {
  const { client, clock, createPod, untilPod, kubelets } = await startNodes();
  await client.create(configMaps, { metadata: { name: "settings", namespace: "default" }, data: { color: "red" } });
  await createPod(
    "files",
    {
      containers: [
        {
          ...sleeper,
          volumeMounts: [
            { name: "settings", mountPath: "/settings" },
            { name: "info", mountPath: "/info" },
          ],
        },
      ],
      volumes: [
        { name: "settings", configMap: { name: "settings" } },
        { name: "info", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.annotations" } }] } },
      ],
    },
    { annotations: { app: "x" } },
  );
  const pod = await untilPod("files", isRunning);
  const files = kubelets[0]?.runtime.containerStatus(
    (pod.status.containerStatuses?.[0]?.containerID ?? "").replace("containerd://", ""),
  )?.fileSystem;
  const read = (path: string) => files?.readFile(path).toString();
  assert.equal(read("/settings/color"), "red");
  assert.equal(read("/info/labels"), 'app="x"');
  assert.equal(files?.lstat("/settings/color").type, "symlink");
  assert.match(files?.readlink("/settings/..data") ?? "", /^\.\.2026_01_01_00_00_0\d\.\d+$/);
  await client.mutate(pods, { namespace: "default", name: "files" }, (current) => ({
    ...current,
    metadata: { ...current.metadata, annotations: { app: 'a "b"' } },
  }));
  await clock.settle();
  assert.equal(read("/info/labels"), 'app="a \\"b\\""');
  await client.mutate(configMaps, { namespace: "default", name: "settings" }, (current) => ({ ...current, data: { color: "blue" } }));
  await clock.step(90_000);
  assert.equal(read("/settings/color"), "blue");
});

test("a delete waits for the grace period, and a shorter one cuts it", async () => {
  const { client, clock, createPod, untilPod, getPod } = await startNodes();
  await createPod("slow", { containers: [{ ...sleeper, lifecycle: { preStop: { sleep: { seconds: 20 } } } }] });
  await untilPod("slow", isRunning);
  await client.delete(pods, { namespace: "default", name: "slow" });
  await clock.step(10_000);
  assert.notEqual(await getPod("slow"), undefined);
  await client.delete(pods, { namespace: "default", name: "slow" }, { gracePeriodSeconds: 1 });
  await clock.step(4000);
  assert.equal(await getPod("slow"), undefined);
});

test("a pod that was deleted by force leaves nothing running", async () => {
  const { client, clock, createPod, untilPod, kubelets } = await startNodes();
  await createPod("gone", { containers: [sleeper] });
  await untilPod("gone", isRunning);
  await client.delete(pods, { namespace: "default", name: "gone" }, { gracePeriodSeconds: 0 });
  await clock.step(40_000);
  assert.deepEqual(kubelets[0]?.runtime.listPodSandboxes(), []);
});

test("logs, exec and port-forward fail in the kubelet's words", async () => {
  const { clock, createPod, untilPod, getPod, gateway } = await startNodes();
  await createPod("app", { containers: [{ name: "main", image: "luksa/kubia" }] });
  await clock.step(200);
  const creating = await getPod("app");
  assert.ok(creating);
  const signal = new AbortController().signal;
  await assert.rejects(gateway.logs(creating, LOG, signal), /container "main" in pod "app" is waiting to start: ContainerCreating/);
  const pod = await untilPod("app", isReady);
  await assert.rejects(
    gateway.logs(pod, { ...LOG, previous: true }, signal),
    /previous terminated container "main" in pod "app" not found/,
  );
  await assert.rejects(
    gateway.portForward(pod)(9999),
    /^Error: error forwarding port 9999 to pod [0-9a-f]{64}, uid : failed to execute portforward in network namespace/,
  );
  const log = await gateway.logs(pod, LOG, signal);
  const chunks: Buffer[] = [];
  for await (const chunk of log) chunks.push(Buffer.from(chunk as Buffer));
  assert.match(Buffer.concat(chunks).toString(), /Kubia server starting/);
});

test("readiness follows the probe, and a pod that does not fit is turned away", async () => {
  const { createPod, untilPod, eventsOf } = await startNodes();
  await createPod("unready", { containers: [{ ...sleeper, readinessProbe: { tcpSocket: { port: 81 } } }] });
  const pod = await untilPod("unready", isRunning);
  assert.equal(isReady(pod), false);
  assert.ok(
    (await eventsOf("unready")).includes(`Unhealthy: Readiness probe failed: dial tcp ${pod.status.podIP}:81: connect: connection refused`),
  );
  await createPod("big", { containers: [{ ...sleeper, resources: { requests: { cpu: "9" } } }] });
  const big = await untilPod("big", ({ status }) => status.phase === "Failed");
  assert.equal(big.status.message, "Pod was rejected: Node didn't have enough resource: cpu, requested: 9000, used: 0, capacity: 4000");
  assert.equal(big.status.reason, "OutOfcpu");
});

test("a deadline ends the pod, and a failed mount is told", async () => {
  const { createPod, untilPod, eventsOf, clock } = await startNodes();
  await createPod("short", { activeDeadlineSeconds: 5, terminationGracePeriodSeconds: 1, containers: [sleeper] });
  const pod = await untilPod("short", ({ status }) => status.phase === "Failed");
  assert.equal(pod.status.reason, "DeadlineExceeded");
  await createPod("unmounted", {
    containers: [{ ...sleeper, volumeMounts: [{ name: "v", mountPath: "/v" }] }],
    volumes: [{ name: "v", secret: { secretName: "none" } }],
  });
  await clock.step(1000);
  assert.ok((await eventsOf("unmounted")).includes('FailedMount: MountVolume.SetUp failed for volume "v" : secret "none" not found'));
});
