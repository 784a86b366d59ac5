import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, ResourceRequirements } from "../../src/api/generated/core-v1.ts";
import { KINDS } from "../../src/api/resources/index.ts";
import { componentContext } from "../../src/apiserver/request-context.ts";
import { startRegistryWith } from "../support/registry-with-kinds.ts";

const context = componentContext("test");
const name = { namespace: "default", name: "web" };
const resources = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m", memory: "128Mi" } };

function start(spec: Partial<Pod["spec"]> = {}) {
  const { registry } = startRegistryWith({ kinds: KINDS });
  const kind = registry.kinds.core("Pod");
  const containers = [{ name: "main", image: "nginx", resources }];
  registry.create(kind, "default", { metadata: name, spec: { containers, ...spec } } as never, context);
  const write = (change: (pod: Pod) => unknown, subresource = "resize") =>
    registry.modify(kind, name, (current) => change(JSON.parse(JSON.stringify(current)) as Pod) as never, context, {
      subresource: subresource || undefined,
    }).view.object as Pod;
  const resizeTo =
    (next: ResourceRequirements, list: "containers" | "initContainers" = "containers") =>
    (pod: Pod) => {
      const [first] = pod.spec[list] ?? [];
      if (first) first.resources = next;
      return pod;
    };
  return { write, resizeTo };
}

test("resources of containers change by the resize subresource only, and nothing else changes with them", () => {
  const { write, resizeTo } = start();
  const more = { ...resources, requests: { cpu: "150m", memory: "64Mi" } };
  assert.throws(() => write(resizeTo(more), ""), /pod updates may not change fields other than/);
  const pod = write((current) => {
    resizeTo(more)(current);
    const [main] = current.spec.containers;
    if (main) main.image = "httpd";
    return { ...current, metadata: { ...current.metadata, labels: { a: "b" } } };
  });
  assert.deepEqual(pod.spec.containers[0]?.resources, more);
  assert.equal(pod.spec.containers[0]?.image, "nginx");
  assert.deepEqual([pod.metadata.labels, pod.metadata.generation], [undefined, 2]);
});

test("a resize that is not possible is refused in upstream's words", () => {
  const { write, resizeTo } = start();
  const refused = (next: ResourceRequirements, message: RegExp) => assert.throws(() => write(resizeTo(next)), message);
  refused(
    { requests: resources.limits, limits: resources.limits },
    /spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing/,
  );
  refused(
    { requests: resources.requests, limits: { cpu: "200m" } },
    /spec\.containers\[0\]\.resources\.limits: Forbidden: resource limits cannot be removed/,
  );
  refused(
    { ...resources, limits: { ...resources.limits, "ephemeral-storage": "1Gi" } },
    /spec: Forbidden: only cpu and memory resources are mutable/,
  );
  refused({ ...resources, requests: { cpu: "300m", memory: "64Mi" } }, /must be less than or equal to cpu limit of 200m/);
});

test("the resources of init containers stay, those of sidecars may change", () => {
  const { write, resizeTo } = start({ initContainers: [{ name: "init", image: "busybox", resources }] });
  assert.throws(
    () => write(resizeTo({ ...resources, requests: { cpu: "50m", memory: "64Mi" } }, "initContainers")),
    /spec: Forbidden: resources for non-sidecar init containers are immutable/,
  );
  const sidecar = start({ initContainers: [{ name: "side", image: "busybox", restartPolicy: "Always", resources }] });
  const pod = sidecar.write(sidecar.resizeTo({ ...resources, requests: { cpu: "50m", memory: "64Mi" } }, "initContainers"));
  assert.equal(pod.spec.initContainers?.[0]?.resources?.requests?.["cpu"], "50m");
});
