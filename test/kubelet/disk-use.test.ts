import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../src/api/generated/core-v1.ts";
import { isReady, startNodes } from "./support.ts";

type Container = Pod["spec"]["containers"][number];
const main = (more: Partial<Container> = {}): Container => ({ name: "main", image: "busybox", command: ["sleep", "1000000"], ...more });
const mounted = { volumeMounts: [{ name: "cache", mountPath: "/cache" }] };
const limited = { resources: { limits: { "ephemeral-storage": "1Mi" } } };

async function start(spec: Partial<Pod["spec"]> & Pick<Pod["spec"], "containers">) {
  const nodes = await startNodes();
  await nodes.createPod("web", spec);
  await nodes.untilPod("web", isReady);
  const sh = async (script: string) => {
    const runtime = nodes.kubelets[0]?.runtime;
    const [container] = runtime?.listContainers() ?? [];
    return runtime?.execSync(container?.id ?? "", ["sh", "-c", script], 10_000);
  };
  const evicted = async () => {
    const { status } = await nodes.untilPod("web", (pod) => pod.status.phase === "Failed", 150_000);
    return [status.reason, status.message];
  };
  return { ...nodes, sh, evicted };
}

test("a pod whose emptyDir grows over its limit is evicted", async () => {
  const { sh, evicted, eventsOf } = await start({
    containers: [main(mounted)],
    volumes: [{ name: "cache", emptyDir: { sizeLimit: "1Mi" } }],
  });
  await sh("dd if=/dev/zero of=/cache/big bs=1M count=2");
  const message = 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ';
  assert.deepEqual(await evicted(), ["Evicted", message]);
  const events = await eventsOf("web");
  assert.deepEqual(events.slice(-2), [`Evicted: ${message}`, "Killing: Stopping container main"]);
});

test("a container that writes more than it may is evicted, at the next look of ten seconds", async () => {
  const { clock, sh, evicted, getPod } = await start({ containers: [main(limited), { ...main(), name: "other" }] });
  await sh("dd if=/dev/zero of=/big bs=1K count=100");
  await clock.step(30_000);
  assert.equal((await getPod("web"))?.status.phase, "Running");
  await sh("dd if=/dev/zero of=/big bs=1M count=2");
  const writtenMs = clock.now();
  assert.deepEqual(await evicted(), ["Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. "]);
  assert.ok(clock.now() - writtenMs < 15_000);
});

test("a container over its own limit is named where the pod's limits together are higher", async () => {
  const { sh, evicted } = await start({
    containers: [main(limited), { ...main({ resources: { limits: { "ephemeral-storage": "10Mi" } } }), name: "other" }],
  });
  await sh("dd if=/dev/zero of=/big bs=1M count=2");
  assert.deepEqual(await evicted(), ["Evicted", 'Container main exceeded its local ephemeral storage limit "1Mi". ']);
});

test("an emptyDir in memory is full at its limit", async () => {
  const { sh, getPod, clock } = await start({
    containers: [main(mounted)],
    volumes: [{ name: "cache", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }],
  });
  const answer = await sh("dd if=/dev/zero of=/cache/big bs=1M count=2");
  assert.match(answer?.stderr ?? "", /No space left on device/);
  await clock.step(150_000);
  assert.equal((await getPod("web"))?.status.phase, "Running");
});
