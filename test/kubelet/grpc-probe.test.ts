import assert from "node:assert/strict";
import { test } from "node:test";
import { configMaps } from "../../src/api/resources/config-map.ts";
import { isReady, isRunning, startNodes } from "./support.ts";

const AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53";

test("gRPC probes ask the health service; what fails is told in grpc's words", async () => {
  const { createPod, untilPod, eventsOf, clock } = await startNodes();
  const args = ["grpc-health-checking"];
  await createPod("etcd", {
    containers: [
      {
        name: "c",
        image: "registry.k8s.io/etcd:3.5.1-0",
        command: ["/usr/local/bin/etcd"],
        readinessProbe: { grpc: { port: 2379 }, periodSeconds: 1 },
      },
    ],
  });
  await untilPod("etcd", isReady);
  await createPod("shut", { containers: [{ name: "c", image: AGNHOST, args, readinessProbe: { grpc: { port: 1 }, periodSeconds: 1 } }] });
  await createPod("other", {
    containers: [{ name: "c", image: AGNHOST, args, readinessProbe: { grpc: { port: 5000, service: "x" }, periodSeconds: 1 } }],
  });
  await createPod("http", { containers: [{ name: "c", image: "nginx", readinessProbe: { grpc: { port: 80 }, periodSeconds: 1 } }] });
  const ips = new Map<string, string>();
  for (const name of ["shut", "other", "http"]) ips.set(name, (await untilPod(name, isRunning)).status.podIP ?? "");
  await clock.step(4000);
  const has = async (name: string, text: string) => {
    const events = await eventsOf(name);
    assert.ok(events.includes(`Unhealthy: Readiness probe failed: ${text}`), events.join("\n"));
  };
  await has("shut", `timeout: failed to connect service "${ips.get("shut")}:1" within 1s: context deadline exceeded`);
  await has("other", "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service");
  await has("http", `timeout: failed to connect service "${ips.get("http")}:80" within 1s: context deadline exceeded`);
});

test("a last line that never ends takes memory until the container is killed", async () => {
  const { createPod, untilPod } = await startNodes();
  await createPod("hoard", {
    restartPolicy: "Never",
    containers: [{ name: "c", image: "busybox", command: ["tail", "/dev/zero"], resources: { limits: { memory: "50Mi" } } }],
  });
  const pod = await untilPod("hoard", ({ status }) => status.phase === "Failed");
  const ended = pod.status.containerStatuses?.[0]?.state?.terminated;
  assert.deepEqual([ended?.reason, ended?.exitCode], ["OOMKilled", 137]);
});

test("a volume of a pod with an fsGroup can be read by the group, whatever its mode", async () => {
  const { createPod, untilPod, client } = await startNodes();
  await client.create(configMaps, { metadata: { namespace: "default", name: "settings" }, data: { key: "value" } } as never);
  await createPod("reader", {
    restartPolicy: "Never",
    securityContext: { runAsUser: 1000, fsGroup: 2000 },
    volumes: [{ name: "v", configMap: { name: "settings", defaultMode: 0o400 } }],
    containers: [
      {
        name: "c",
        image: "busybox",
        command: ["sh", "-c", "cat /v/key > /dev/termination-log; ls -lL /v/key"],
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
    ],
  });
  const pod = await untilPod("reader", ({ status }) => status.phase === "Succeeded" || status.phase === "Failed");
  assert.equal(pod.status.phase, "Succeeded");
});
