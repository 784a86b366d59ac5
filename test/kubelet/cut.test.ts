import assert from "node:assert/strict";
import { test } from "node:test";
import { nodes as nodeKind } from "../../src/api/resources/node.ts";
import { pods } from "../../src/api/resources/pod.ts";
import type { ControllerContext } from "../../src/controllers/controller.ts";
import { nodeLifecycleController } from "../../src/controllers/node-lifecycle.ts";
import { isReady, startNodes } from "./support.ts";

const sleeper = { name: "main", image: "busybox", command: ["sleep", "1000000"] };
const TOLERATIONS = ["not-ready", "unreachable"].map((name) => ({
  key: `node.kubernetes.io/${name}`,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: 300,
}));

async function startCut() {
  const nodes = await startNodes({ nodes: 2 });
  const { client, informers, events, clock, rng, journal, tasks } = nodes;
  const log = (_component: string, message: string) => nodes.problems.push(message);
  nodeLifecycleController.start({ client, informers, events, clock, rng, journal, tasks, log } as unknown as ControllerContext);
  await nodes.createPod("web", { containers: [sleeper], nodeName: "worker2", tolerations: TOLERATIONS });
  await nodes.untilPod("web", isReady);
  const ready = async () => (await client.get(nodeKind, { name: "worker2" })).status.conditions?.find(({ type }) => type === "Ready");
  const set = (connected: boolean) => {
    if (connected) nodes.network.mend("worker2");
    else nodes.network.cut("worker2");
    nodes.kubelets[1]?.setConnected(connected);
  };
  const untilReady = (status: string) => clock.until(async () => (await ready())?.status === status, 120_000);
  return { ...nodes, ready, untilReady, cut: () => set(false), mend: () => set(true) };
}

test("a machine that is cut off goes unknown, its pods are evicted and stay Terminating, and what runs on it runs on", async () => {
  const { client, clock, network, kubelets, gateway, getPod, cut, mend, ready, untilReady, eventsOf } = await startCut();
  const cutMs = clock.now();
  cut();
  await untilReady("Unknown");
  assert.ok(clock.now() - cutMs >= 40_000 && clock.now() - cutMs <= 62_000, String(clock.now() - cutMs));
  assert.deepEqual([(await ready())?.reason, (await ready())?.message], ["NodeStatusUnknown", "Kubelet stopped posting node status."]);
  await clock.settle();
  const node = await client.get(nodeKind, { name: "worker2" });
  assert.deepEqual(
    node.spec.taints?.map(({ key, effect }) => `${key}:${effect}`),
    ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"],
  );
  const pod = await getPod("web");
  assert.equal(pod?.status.conditions?.find(({ type }) => type === "Ready")?.status, "False");
  assert.throws(() => pod && gateway.admit(pod, "main"), /error dialing backend: dial tcp 172\.18\.0\.3:10250: connect: no route to host/);
  assert.equal(network.nodeNamespace("worker1").reachable(pod?.status.podIP ?? ""), false);
  await clock.until(async () => (await getPod("web"))?.metadata.deletionTimestamp !== undefined, 310_000);
  await clock.step(120_000);
  assert.ok(await getPod("web"), "it stays Terminating");
  assert.equal(kubelets[1]?.runtime.listContainers().filter(({ state }) => state === "running").length, 1);
  mend();
  await clock.until(async () => (await getPod("web")) === undefined, 60_000);
  assert.equal(kubelets[1]?.runtime.listContainers().length, 0);
  await untilReady("True");
  const events = await eventsOf("web");
  assert.ok(events.includes("TaintManagerEviction: Marking for deletion Pod default/web"), events.join("\n"));
});

test("a machine that is mended in time keeps its pods", async () => {
  const { clock, client, getPod, untilPod, cut, mend, untilReady, eventsOf } = await startCut();
  cut();
  await untilReady("Unknown");
  await clock.step(10_000);
  mend();
  await untilReady("True");
  const pod = await untilPod("web", isReady);
  assert.equal(pod.status.containerStatuses?.[0]?.restartCount, 0);
  await clock.step(400_000);
  assert.ok(isReady((await getPod("web")) ?? pod));
  assert.equal((await client.get(nodeKind, { name: "worker2" })).spec.taints, undefined);
  assert.ok((await eventsOf("web")).includes("TaintManagerEviction: Cancelling deletion of Pod default/web"));
});

test("what was deleted by force while the machine was cut off goes when it is mended, and new pods come", async () => {
  const { clock, client, kubelets, createPod, untilPod, cut, mend } = await startCut();
  cut();
  await client.delete(pods, { namespace: "default", name: "web" }, { gracePeriodSeconds: 0 });
  await createPod("late", { containers: [sleeper], nodeName: "worker2" });
  await clock.step(20_000);
  assert.deepEqual(
    kubelets[1]?.runtime.listContainers().map(({ podName }) => podName),
    ["web"],
  );
  mend();
  await untilPod("late", isReady);
  await clock.step(40_000);
  assert.deepEqual(
    kubelets[1]?.runtime.listContainers().map(({ podName }) => podName),
    ["late"],
  );
});
