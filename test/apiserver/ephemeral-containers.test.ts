import assert from "node:assert/strict";
import { test } from "node:test";
import type { EphemeralContainer, Pod } from "../../src/api/generated/core-v1.ts";
import { KINDS } from "../../src/api/resources/index.ts";
import { componentContext } from "../../src/apiserver/request-context.ts";
import { startRegistryWith } from "../support/registry-with-kinds.ts";

const context = componentContext("test");
const name = { namespace: "default", name: "web" };

function start() {
  const { registry } = startRegistryWith({ kinds: KINDS });
  const kind = registry.kinds.core("Pod");
  const pod = (spec: object): Pod =>
    ({ metadata: { ...name, labels: { a: "b" } }, spec: { containers: [{ name: "main", image: "nginx" }], ...spec } }) as unknown as Pod;
  registry.create(kind, "default", pod({}), context);
  const write = (change: (pod: Pod) => unknown, subresource: string | undefined) =>
    registry.modify(kind, name, (current) => change(JSON.parse(JSON.stringify(current)) as Pod) as never, context, { subresource }).view
      .object as Pod;
  const withContainers =
    (...added: Partial<EphemeralContainer>[]) =>
    (current: Pod) => ({ ...current, spec: { ...current.spec, ephemeralContainers: added } });
  return { registry, kind, pod, write, withContainers };
}

test("ephemeral containers come by their subresource only, and nothing else comes with them", () => {
  const { registry, kind, pod, write, withContainers } = start();
  assert.throws(
    () =>
      registry.create(
        kind,
        "default",
        { ...pod({ ephemeralContainers: [{ name: "d", image: "busybox" }] }), metadata: { name: "other" } } as Pod,
        context,
      ),
    /spec\.ephemeralContainers: Forbidden: cannot be set on create/,
  );
  assert.throws(() => write(withContainers({ name: "d", image: "busybox" }), undefined), /pod updates may not change fields other than/);
  const changed = write(
    (current) => ({
      ...withContainers({ name: "d", image: "busybox" })(current),
      metadata: { ...current.metadata, labels: { a: "changed" } },
    }),
    "ephemeralcontainers",
  );
  assert.equal(changed.spec.ephemeralContainers?.[0]?.terminationMessagePolicy, "File");
  assert.deepEqual([changed.metadata.labels, changed.metadata.generation], [{ a: "b" }, 2]);
});

test("an ephemeral container that is there stays as it is", () => {
  const { write, withContainers } = start();
  write(withContainers({ name: "d", image: "busybox" }), "ephemeralcontainers");
  assert.throws(() => write(withContainers(), "ephemeralcontainers"), /existing ephemeral containers "d" may not be removed/);
  assert.throws(
    () => write(withContainers({ name: "d", image: "alpine" }), "ephemeralcontainers"),
    /existing ephemeral containers "d" may not be changed/,
  );
  assert.throws(
    () =>
      write(
        (current) =>
          withContainers(...(current.spec.ephemeralContainers ?? []), { name: "e", image: "x", targetContainerName: "nope" })(current),
        "ephemeralcontainers",
      ),
    /spec\.ephemeralContainers\[1\]\.targetContainerName: Not found: "nope"/,
  );
});
