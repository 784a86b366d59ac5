import assert from "node:assert/strict";
import { test } from "node:test";
import { isReady, isRunning, startNodes } from "./support.ts";

const MILLICORES = 1e6;

/** What computes without an end would keep the test's process going. */
async function powerOff({ kubelets }: Awaited<ReturnType<typeof startNodes>>): Promise<void> {
  for (const { runtime } of kubelets) for (const { id } of runtime.listContainers()) await runtime.stopContainer(id, 0);
}

test("who computes uses the CPU, up to its limit; who waits uses next to none", async () => {
  const world = await startNodes();
  const busy = ["sh", "-c", "while true; do :; done"];
  await world.createPod("busy", { containers: [{ name: "main", image: "busybox", command: busy }] });
  await world.createPod("limited", {
    containers: [{ name: "main", image: "busybox", command: busy, resources: { limits: { cpu: "300m" } } }],
  });
  await world.createPod("idle", {
    containers: [{ name: "main", image: "busybox", command: ["sh", "-c", "while true; do sleep 1; done"] }],
  });
  const pods = await Promise.all(["busy", "limited", "idle"].map((name) => world.untilPod(name, isRunning)));
  await world.clock.step(30_000);
  const used = pods.map((pod) => (world.gateway.usage(pod, "main")?.cpuNanoCores ?? 0) / MILLICORES);
  await powerOff(world);
  const [most = 0, limited = 0, least = 0] = used;
  assert.ok(most > 950 && most < 1050, `${most}`);
  assert.ok(limited > 295 && limited < 310, `${limited}`);
  assert.ok(least < 10, `${least}`);
});

test("requests cost the server's CPU, and take their time under its limit", async () => {
  const world = await startNodes();
  const server = { name: "php", image: "registry.k8s.io/hpa-example", resources: { limits: { cpu: "500m" } } };
  await world.createPod("server", { containers: [server] });
  const pod = await world.untilPod("server", isReady);
  const loop = `while sleep 1; do wget -q -O- http://${pod.status.podIP}; done`;
  await world.createPod("client", { containers: [{ name: "main", image: "busybox", command: ["sh", "-c", loop] }] });
  await world.untilPod("client", isRunning);
  await world.clock.step(30_000);
  const used = (world.gateway.usage(pod, "php")?.cpuNanoCores ?? 0) / MILLICORES;
  await powerOff(world);
  // 70 ms of work take 140 ms with half a core: seven in eight seconds.
  assert.ok(used > 58 && used < 70, `${used}`);
});

test("the kubelet's metrics and summary say what runs", async () => {
  const world = await startNodes();
  await world.createPod("web", { containers: [{ name: "main", image: "nginx" }] });
  const pod = await world.untilPod("web", isReady);
  await world.clock.step(20_000);
  const ask = async (path: string) => String((await world.gateway.request("worker1", "GET", path, new URLSearchParams()))?.body);
  assert.match(await ask("/metrics"), /^kubelet_running_pods 1$/m);
  const resource = await ask("/metrics/resource");
  assert.match(resource, /^container_cpu_usage_seconds_total\{container="main",namespace="default",pod="web"\} 0\.\d+ \d{13}$/m);
  assert.match(resource, /^# TYPE node_memory_working_set_bytes gauge$/m);
  assert.match(
    await ask("/metrics/cadvisor"),
    /^container_memory_working_set_bytes\{container="main",id="\/kubelet\.slice\/.*pod="web"\} \d+ \d{13}$/m,
  );
  const summary = JSON.parse(await ask("/stats/summary")) as { node: { nodeName: string }; pods: { podRef: { uid: string } }[] };
  assert.deepEqual([summary.node.nodeName, summary.pods.map(({ podRef }) => podRef.uid)], ["worker1", [pod.metadata.uid]]);
});
