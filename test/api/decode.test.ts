import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, parseJson } from "../../src/api/decode.ts";
import type { Kind } from "../../src/api/kind.ts";
import { StatusError } from "../../src/api/status.ts";

const PODS: Kind = {
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  singular: "pod",
  namespaced: true,
  schema: { package: "core/v1", type: "Pod" },
};
const pod = (spec: object, metadata: object = { name: "p" }) => ({ apiVersion: "v1", kind: "Pod", metadata, spec });
const decodePod = (body: unknown) =>
  decode(PODS, body, "Strict").object as unknown as { metadata: Record<string, unknown>; spec: Record<string, unknown>; status: unknown };

function refused(body: unknown): string {
  try {
    decode(PODS, body, "Strict");
  } catch (error) {
    assert.ok(error instanceof StatusError && error.code === 400);
    return error.message;
  }
  return assert.fail("was not refused");
}

describe("decoding", () => {
  test("unknown and duplicate fields are refused, warned of, or dropped", () => {
    const body = pod({ contianers: [], containers: [] });
    assert.equal(refused(body), 'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.contianers"');
    assert.deepEqual(decode(PODS, body, "Warn").warnings, ['unknown field "spec.contianers"']);
    assert.deepEqual(decode(PODS, body, "Ignore").warnings, []);
    const twice = parseJson('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","name":"b"},"spec":{"containers":[]}}');
    assert.match(refused(twice), /strict decoding error: duplicate field "metadata\.name"$/);
  });

  test("a value of the wrong type is refused in Go's words", () => {
    assert.equal(
      refused(pod({ containers: "x" })),
      'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
    );
  });

  test("what Go would not write again is left out, what it always writes is put in", () => {
    const { metadata, spec, status } = decodePod(
      pod(
        {
          hostNetwork: false,
          nodeName: "",
          priority: 0,
          volumes: [],
          containers: [{ name: "a", resources: { limits: { cpu: "1000m", memory: 1024 } } }],
          dnsConfig: null,
        },
        { name: "p", creationTimestamp: null, labels: {} },
      ),
    );
    assert.deepEqual(metadata, { name: "p" });
    assert.deepEqual(spec, { priority: 0, containers: [{ name: "a", resources: { limits: { cpu: "1", memory: "1024" } } }] });
    assert.deepEqual(status, {});
  });

  test("keys that people choose cannot reach the prototype", () => {
    const { metadata } = decodePod(
      JSON.parse('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","annotations":{"__proto__":"x"}},"spec":{"containers":[]}}'),
    );
    assert.deepEqual(Object.keys(metadata["annotations"] as object), ["__proto__"]);
    assert.equal(Object.getPrototypeOf(metadata["annotations"]), Object.prototype);
  });

  test("a custom resource is taken as it comes, its metadata is not", () => {
    const kind: Kind = { ...PODS, group: "example.com", kind: "Widget", plural: "widgets", schema: { package: "", type: "" } };
    const { object } = decode(
      kind,
      { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w", labels: {} }, spec: { a: null, b: [] } },
      "Strict",
    );
    assert.deepEqual(object, { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" }, spec: { a: null, b: [] } });
  });

  test("another kind or version is refused", () => {
    assert.match(refused({ ...pod({}), kind: "Service" }), /no kind "Service" is registered|must be of type Pod/);
    assert.equal(
      refused({ ...pod({}), apiVersion: "v2" }),
      "the API version in the data (v2) does not match the expected API version (v1)",
    );
  });
});
