import assert from "node:assert/strict";
import test from "node:test";
import type { Pod } from "../../../src/api/generated/core-v1.ts";
import { StatusError } from "../../../src/api/status.ts";
import { componentContext } from "../../../src/apiserver/request-context.ts";
import { startRegistry, type TestRegistry } from "../../support/cluster.ts";

const V1 = "admissionregistration.k8s.io/v1";
const RULES = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }];

function create(cluster: TestRegistry, apiVersion: string, kindName: string, object: object, namespace?: string) {
  const kind = cluster.registry.kinds.findByApiVersion(apiVersion, kindName);
  assert.ok(kind);
  return cluster.registry.create(kind, namespace, object as never, componentContext("test")).object;
}

function policy(cluster: TestRegistry, name: string, spec: object): void {
  create(cluster, V1, "MutatingAdmissionPolicy", {
    metadata: { name },
    spec: { matchConstraints: { resourceRules: RULES }, reinvocationPolicy: "Never", ...spec },
  });
  create(cluster, V1, "MutatingAdmissionPolicyBinding", { metadata: { name }, spec: { policyName: name } });
}

const apply = (expression: string) => ({ patchType: "ApplyConfiguration", applyConfiguration: { expression } });
const patch = (expression: string) => ({ patchType: "JSONPatch", jsonPatch: { expression } });

const createPod = (cluster: TestRegistry) =>
  create(
    cluster,
    "v1",
    "Pod",
    { metadata: { name: "p", labels: { a: "b" } }, spec: { containers: [{ name: "main", image: "nginx" }] } },
    "default",
  ) as Pod;

function failure(attempt: () => unknown): StatusError {
  try {
    attempt();
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return error;
  }
  throw new Error("the request was admitted");
}

test("an apply configuration is merged, with defaults for what it adds", () => {
  const cluster = startRegistry();
  policy(cluster, "sidecar", {
    variables: [{ name: "image", expression: "'envoy:' + string(object.spec.containers.size())" }],
    matchConditions: [{ name: "once", expression: "!object.spec.containers.exists(c, c.name == 'proxy')" }],
    mutations: [
      apply(
        "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'proxy', image: variables.image}]}, metadata: Object.metadata{labels: Object.metadata.labels{added: 'yes'}}}",
      ),
    ],
  });
  const pod = createPod(cluster);
  assert.deepEqual(pod.spec.containers.map(({ name, image, terminationMessagePath }) => [name, image, terminationMessagePath]).sort(), [
    ["main", "nginx", "/dev/termination-log"],
    ["proxy", "envoy:1", "/dev/termination-log"],
  ]);
  assert.deepEqual(pod.metadata.labels, { a: "b", added: "yes" });
});

test("JSON patches are built from the object", () => {
  const cluster = startRegistry();
  policy(cluster, "patch", {
    mutations: [
      patch(
        "[JSONPatch{op: 'test', path: '/metadata/labels/a', value: 'b'}, JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.com/x'), value: object.metadata.name}]",
      ),
      patch("[JSONPatch{op: 'test', path: '/metadata/labels/a', value: 'other'}, JSONPatch{op: 'remove', path: '/metadata/labels'}]"),
      patch(
        "has(object.metadata.labels) ? [JSONPatch{op: 'add', path: '/spec/initContainers', value: [Object.spec.initContainers{name: 'i', image: 'busybox'}]}] : []",
      ),
    ],
  });
  const pod = createPod(cluster);
  assert.deepEqual(pod.metadata.labels, { a: "b", "example.com/x": "p" });
  assert.deepEqual(
    pod.spec.initContainers?.map(({ name, imagePullPolicy }) => [name, imagePullPolicy]),
    [["i", "Always"]],
  );
});

test("mistakes of a policy deny the request, or not, as its failurePolicy says", () => {
  for (const [mutation, message] of [
    [
      apply("Object{spec: Object.spec{nope: 1}}"),
      "error applying patch: failed to convert patch object to typed object: .spec.nope: field not declared in schema",
    ],
    [
      apply("Object{spec: Object.wrong{hostname: 'x'}}"),
      'type mismatch: unexpected type name "Object.wrong", expected "Object.spec", which matches field name path from root Object type',
    ],
    [
      apply("Object{spec: Object.spec{containers: [Object.spec.containers{name: 'main', args: ['x']}]}}"),
      "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].args",
    ],
    [
      patch("[JSONPatch{op: 'add', path: '/metadata/name', value: object.spec.nothing}]"),
      "expression '[JSONPatch{op: 'add', path: '/metadata/name', value: object.spec.nothing}]' resulted in error: no such key: nothing",
    ],
  ] as const) {
    const cluster = startRegistry();
    policy(cluster, "bad", { mutations: [mutation] });
    assert.equal(failure(() => createPod(cluster)).message, `policy 'bad' with binding 'bad' denied request: ${message}`);
    const ignoring = startRegistry();
    policy(ignoring, "bad", { failurePolicy: "Ignore", mutations: [mutation] });
    createPod(ignoring);
  }
});

test("a policy that does not compile is refused", () => {
  const cluster = startRegistry();
  const { status } = failure(() =>
    policy(cluster, "bad", { mutations: [apply("'text'"), patch("[JSONPatch{op: 1}]"), { patchType: "JSONPatch" }] }),
  );
  assert.deepEqual(
    (status.details?.causes ?? []).map(({ field, message }) => [field, message?.split("\n", 1)[0]]),
    [
      ["spec.mutations[0].applyConfiguration.expression", `Invalid value: "'text'": must evaluate to Object but got string`],
      [
        "spec.mutations[1].jsonPatch.expression",
        `Invalid value: "[JSONPatch{op: 1}]": compilation failed: ERROR: <input>:1:14: expected type of field 'op' is 'string' but provided type is 'int'`,
      ],
      ["spec.mutations[2].jsonPatch", "Required value: must be specified when patchType is JSONPatch"],
    ],
  );
});
