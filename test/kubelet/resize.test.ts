import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, ResourceRequirements } from "../../src/api/generated/core-v1.ts";
import { occupiedRequests } from "../../src/api/pod-facts.ts";
import { pods } from "../../src/api/resources/pod.ts";
import { isReady, startNodes } from "./support.ts";

type Nodes = Awaited<ReturnType<typeof startNodes>>;

const SLEEP = ["sleep", "1000000"];
const cpu = (request: string, limit: string): ResourceRequirements => ({
  requests: { cpu: request, memory: "64Mi" },
  limits: { cpu: limit, memory: "128Mi" },
});
const condition = (pod: Pod, type: string) => pod.status.conditions?.find((one) => one.type === type);
const resizeTo = ({ client }: Nodes, name: string, resources: ResourceRequirements) =>
  client.mutate(
    pods,
    { namespace: "default", name },
    (pod) => ({ ...pod, spec: { ...pod.spec, containers: pod.spec.containers.map((container) => ({ ...container, resources })) } }),
    { subresource: "resize" },
  );
const createSleeper = (nodes: Nodes, name: string, more: Partial<Pod["spec"]["containers"][number]> = {}) =>
  nodes.createPod(name, { containers: [{ name: "main", image: "busybox", command: SLEEP, resources: cpu("100m", "200m"), ...more }] });

test("a running container gets other resources without a restart", async () => {
  const nodes = await startNodes();
  await createSleeper(nodes, "web");
  await nodes.untilPod("web", isReady);
  await resizeTo(nodes, "web", cpu("500m", "1"));
  const during = await nodes.untilPod("web", (pod) => condition(pod, "PodResizeInProgress") !== undefined);
  assert.equal(condition(during, "PodResizeInProgress")?.observedGeneration, 2);
  const pod = await nodes.untilPod("web", (now) => now.status.containerStatuses?.[0]?.resources?.limits?.["cpu"] === "1");
  const after = await nodes.untilPod("web", (now) => condition(now, "PodResizeInProgress") === undefined);
  assert.deepEqual(after.status.containerStatuses?.[0]?.allocatedResources, { cpu: "500m", memory: "64Mi" });
  assert.equal(pod.status.containerStatuses?.[0]?.restartCount, 0);
  const shown = `{"containers":[{"name":"main","resources":{"limits":{"cpu":"1","memory":"128Mi"},"requests":{"cpu":"500m","memory":"64Mi"}}}],"generation":2}`;
  const events = (await nodes.eventsOf("web")).filter((event) => event.startsWith("Resize"));
  assert.deepEqual(events, [`ResizeStarted: Pod resize started: ${shown}`, `ResizeCompleted: Pod resize completed: ${shown}`]);
  const runtime = nodes.kubelets[0]?.runtime;
  const [container] = runtime?.listContainers() ?? [];
  const read = await runtime?.execSync(container?.id ?? "", ["cat", "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/memory.max"], 1000);
  assert.equal(read?.stdout, `100000 100000\n${128 * 1024 * 1024}\n`);
  assert.deepEqual(nodes.problems, []);
});

test("a resource whose policy says so restarts its container", async () => {
  const nodes = await startNodes();
  await createSleeper(nodes, "web", { resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] });
  await nodes.untilPod("web", isReady);
  await resizeTo(nodes, "web", cpu("100m", "300m"));
  const pod = await nodes.untilPod(
    "web",
    ({ status }) => status.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].state?.running !== undefined,
  );
  assert.equal(pod.status.containerStatuses?.[0]?.resources?.limits?.["cpu"], "300m");
  assert.ok((await nodes.eventsOf("web")).includes("Killing: Container main resize requires restart"));
});

test("what the node never has is infeasible, what it has not now is deferred until room comes free", async () => {
  const nodes = await startNodes();
  await createSleeper(nodes, "web");
  await createSleeper(nodes, "big", { resources: cpu("3", "3") });
  await nodes.untilPod("web", isReady);
  await nodes.untilPod("big", isReady);
  await resizeTo(nodes, "web", cpu("5", "5"));
  const infeasible = await nodes.untilPod("web", (pod) => condition(pod, "PodResizePending")?.reason === "Infeasible");
  assert.equal(
    condition(infeasible, "PodResizePending")?.message,
    "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000",
  );
  assert.equal(occupiedRequests(infeasible).get("cpu"), 100);
  await resizeTo(nodes, "web", cpu("2", "5"));
  const deferred = await nodes.untilPod("web", (pod) => condition(pod, "PodResizePending")?.reason === "Deferred");
  assert.equal(
    condition(deferred, "PodResizePending")?.message,
    "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000",
  );
  assert.equal(occupiedRequests(deferred).get("cpu"), 2000);
  assert.deepEqual(deferred.status.containerStatuses?.[0]?.allocatedResources, { cpu: "100m", memory: "64Mi" });
  await nodes.client.delete(pods, { namespace: "default", name: "big" }, { gracePeriodSeconds: 1 });
  const done = await nodes.untilPod("web", (pod) => pod.status.containerStatuses?.[0]?.resources?.requests?.["cpu"] === "2");
  assert.equal(condition(done, "PodResizePending"), undefined);
  await nodes.clock.step(2000);
  const reasons = (await nodes.eventsOf("web")).map((event) => event.split(":")[0]);
  assert.deepEqual(
    reasons.filter((reason) => reason?.startsWith("Resize")),
    ["ResizeInfeasible", "ResizeDeferred", "ResizeStarted", "ResizeCompleted"],
  );
});

test("a memory limit below what is used is not applied", async () => {
  const nodes = await startNodes();
  const command = ["stress", "--vm", "1", "--vm-bytes", "100M", "--vm-hang", "1"];
  await createSleeper(nodes, "web", { image: "polinux/stress", command });
  await nodes.untilPod("web", isReady);
  await nodes.clock.step(1000);
  await resizeTo(nodes, "web", { requests: { cpu: "100m", memory: "16Mi" }, limits: { cpu: "200m", memory: "32Mi" } });
  const pod = await nodes.untilPod("web", (now) => condition(now, "PodResizeInProgress")?.reason === "Error");
  assert.match(
    condition(pod, "PodResizeInProgress")?.message ?? "",
    /^cannot decrease memory limits: \[attempting to set pod memory limit \(33554432\) below current usage \(\d+\), attempting to set container "main" memory limit \(33554432\) below current usage \(\d+\)\]$/,
  );
  assert.equal(pod.status.containerStatuses?.[0]?.resources?.limits?.["memory"], "128Mi");
  assert.equal(pod.status.containerStatuses?.[0]?.restartCount, 0);
});
