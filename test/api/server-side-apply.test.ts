import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ManagedFieldsEntry } from "../../src/api/generated/meta-v1.ts";
import type { Kind } from "../../src/api/kind.ts";
import type { KubernetesObject } from "../../src/api/meta.ts";
import { serverSideApply, updateManagedFields } from "../../src/api/server-side-apply.ts";
import { StatusError } from "../../src/api/status.ts";

const DEPLOYMENTS: Kind = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  singular: "deployment",
  namespaced: true,
  schema: { package: "apps/v1", type: "Deployment" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
};
const NOW = Date.UTC(2026, 0, 1);
const TIME = "2026-01-01T00:00:00Z";

const deployment = (spec: object, metadata: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", ...metadata },
  spec,
});
const container = (name: string, fields: object = {}) => ({ name, image: `${name}:1`, ...fields });
const withContainers = (...containers: object[]) => ({ template: { spec: { containers } } });

function applyAs(fieldManager: string, applied: unknown, live?: KubernetesObject, force = false): KubernetesObject {
  return serverSideApply(DEPLOYMENTS, applied, { fieldManager, force, nowMs: NOW })(live);
}

function specOf(object: KubernetesObject): unknown {
  return (object as unknown as { spec: unknown }).spec;
}

const entry = (object: KubernetesObject, manager: string) =>
  object.metadata.managedFields?.find((candidate) => candidate.manager === manager);

describe("server-side apply", () => {
  test("records what the manager has said, by field and by key", () => {
    const object = applyAs("helm", deployment({ replicas: 1, ...withContainers(container("app")) }));
    assert.deepEqual(object.metadata.managedFields, [
      {
        manager: "helm",
        operation: "Apply",
        apiVersion: "apps/v1",
        time: TIME,
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:spec": {
            "f:replicas": {},
            "f:template": { "f:spec": { "f:containers": { 'k:{"name":"app"}': { ".": {}, "f:image": {}, "f:name": {} } } } },
          },
        },
      },
    ]);
  });

  test("meets a conflict where another manager's field would change, and takes it when forced", () => {
    const live = applyAs("a", deployment({ replicas: 1 }));
    assert.throws(
      () => applyAs("b", deployment({ replicas: 2 }), live),
      (error) =>
        error instanceof StatusError &&
        error.code === 409 &&
        error.message === 'Apply failed with 1 conflict: conflict with "a": .spec.replicas',
    );
    const forced = applyAs("b", deployment({ replicas: 2 }), live, true);
    assert.deepEqual(specOf(forced), { replicas: 2 });
    assert.equal(entry(forced, "a"), undefined);
  });

  test("the same value is shared; it goes when the last who claims it lets go", () => {
    const shared = applyAs("b", deployment({ replicas: 1 }), applyAs("a", deployment({ replicas: 1, paused: true })));
    const without = applyAs("a", deployment({ paused: true }), shared);
    assert.deepEqual(specOf(without), { replicas: 1, paused: true });
    assert.deepEqual(specOf(applyAs("b", deployment({}), without)), { paused: true });
  });

  test("an item that is applied no more is removed, one of another manager stays", () => {
    const first = applyAs("a", deployment(withContainers(container("x"), container("y"))));
    const second = applyAs("b", deployment(withContainers(container("z"))), first);
    assert.deepEqual(
      specOf(applyAs("a", deployment(withContainers(container("y"))), second)),
      withContainers(container("y"), container("z")),
    );
  });

  test("a field that the schema does not have is refused", () => {
    assert.throws(
      () => applyAs("a", deployment({ replica: 1 })),
      /failed to create typed patch object \(\/web; apps\/v1, Kind=Deployment\): \.spec\.replica: field not declared in schema/,
    );
  });

  test("fields from before the first apply conflict with it by name and version", () => {
    const live = { ...deployment({ replicas: 1 }) } as unknown as KubernetesObject;
    assert.throws(
      () => applyAs("a", deployment({ replicas: 2 }), live),
      /conflict with "before-first-apply" using apps\/v1: \.spec\.replicas/,
    );
  });

  test("kubectl takes over what its client-side apply has put there", () => {
    const configuration = deployment({ replicas: 1 });
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(configuration) };
    const live = deployment({ replicas: 1 }, { annotations }) as unknown as KubernetesObject;
    const managedFields = updateManagedFields({
      kind: DEPLOYMENTS,
      live: undefined,
      next: live,
      manager: "kubectl-client-side-apply",
      time: TIME,
    }) as ManagedFieldsEntry[];
    const tracked = { ...live, metadata: { ...live.metadata, managedFields } };
    const object = applyAs("kubectl", deployment({ replicas: 3 }), tracked);
    assert.deepEqual(specOf(object), { replicas: 3 });
    assert.match(object.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"] ?? "", /"replicas":3/);
    assert.throws(() => applyAs("other", deployment({ replicas: 3 }), tracked), /using apps\/v1: \.spec\.replicas/);
  });
});

describe("managedFields of updates", () => {
  const track = (live: KubernetesObject | undefined, next: KubernetesObject, manager: string, subresource?: string) => {
    const managedFields = updateManagedFields({ kind: DEPLOYMENTS, live, next, manager, time: TIME, subresource });
    return { ...next, metadata: { ...next.metadata, ...(managedFields ? { managedFields } : {}) } };
  };
  const created = track(
    undefined,
    deployment({ replicas: 1 }, { uid: "u", labels: { a: "1" } }) as unknown as KubernetesObject,
    "kubectl-create",
  );

  test("the creator owns all but what the server has set", () => {
    assert.deepEqual(entry(created, "kubectl-create")?.fieldsV1, {
      "f:metadata": { "f:labels": { ".": {}, "f:a": {} } },
      "f:spec": { "f:replicas": {} },
    });
  });

  test("who changes a field owns it from then on; a status is told apart", () => {
    const scaled = track(created, { ...created, spec: { replicas: 2 } } as unknown as KubernetesObject, "kubectl-scale");
    assert.deepEqual(entry(scaled, "kubectl-scale")?.fieldsV1, { "f:spec": { "f:replicas": {} } });
    const reported = track(
      scaled,
      { ...scaled, status: { replicas: 2 } } as unknown as KubernetesObject,
      "kube-controller-manager",
      "status",
    );
    assert.equal(entry(reported, "kube-controller-manager")?.subresource, "status");
    assert.deepEqual(entry(reported, "kube-controller-manager")?.fieldsV1, { "f:status": { ".": {}, "f:replicas": {} } });
  });

  test("a write that changes nothing hands back the very array", () => {
    assert.equal(
      updateManagedFields({ kind: DEPLOYMENTS, live: created, next: structuredClone(created), manager: "x", time: TIME })?.length,
      1,
    );
    assert.equal(
      updateManagedFields({ kind: DEPLOYMENTS, live: created, next: { ...created }, manager: "x", time: TIME }),
      created.metadata.managedFields,
    );
  });
});
