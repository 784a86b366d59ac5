import assert from "node:assert/strict";
import { test } from "node:test";
import { limitRanges } from "../../../src/api/resources/limit-range.ts";
import { namespaces } from "../../../src/api/resources/namespace.ts";
import { pods } from "../../../src/api/resources/pod.ts";
import { World } from "../../controllers/support.ts";

const pod = (name: string, container: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) =>
  ({ metadata: { name, namespace: "default" }, spec: { containers: [{ name: "x", image: "busybox", ...container }], ...spec } }) as never;

test("a namespace that enforces the restricted level refuses what violates it, check by check", async () => {
  const world = await World.start();
  await world.client.mutate(namespaces, { name: "default" }, (now) => ({
    ...now,
    metadata: { ...now.metadata, labels: { ...now.metadata.labels, "pod-security.kubernetes.io/enforce": "restricted" } },
  }));
  await assert.rejects(
    world.client.create(
      pods,
      pod("bad", { securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false } }, { hostNetwork: true }),
    ),
    {
      message:
        'pods "bad" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true), unrestricted capabilities (container "x" must set securityContext.capabilities.drop=["ALL"]), seccompProfile (pod or container "x" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    },
  );
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  };
  assert.equal((await world.client.create(pods, pod("good", { securityContext }))).metadata.name, "good");
  await world.stop();
});

test("a limit range fills in what containers leave out and refuses what is beyond it", async () => {
  const world = await World.start();
  const limits = [{ type: "Container", default: { cpu: "300m" }, defaultRequest: { cpu: "200m" }, max: { cpu: "1" } }];
  await world.client.create(limitRanges, { metadata: { name: "lr", namespace: "default" }, spec: { limits } } as never);
  const made = await world.client.create(pods, pod("small"));
  assert.deepEqual(made.spec.containers[0]?.resources, { limits: { cpu: "300m" }, requests: { cpu: "200m" } });
  assert.equal(
    made.metadata.annotations?.["kubernetes.io/limit-ranger"],
    "LimitRanger plugin set: cpu request for container x; cpu limit for container x",
  );
  await assert.rejects(world.client.create(pods, pod("large", { resources: { limits: { cpu: "2" } } })), {
    message: 'pods "large" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
  });
  await world.stop();
});
