import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { applyJsonPatch } from "../../src/api/json-patch.ts";
import { applyMergePatch, createMergePatch, createThreeWayMergePatch } from "../../src/api/merge-patch.ts";
import { structType } from "../../src/api/schema.ts";
import { StatusError } from "../../src/api/status.ts";
import { applyStrategicMergePatch, createThreeWayStrategicPatch } from "../../src/api/strategic-merge-patch.ts";

interface Case {
  readonly name: string;
  readonly original: unknown;
  readonly modified: unknown;
  readonly strategic: unknown;
  readonly merge: unknown;
  readonly patched: unknown;
}

const golden = JSON.parse(readFileSync(new URL("golden/patches.json", import.meta.url), "utf8")) as { live: unknown; cases: Case[] };
const DEPLOYMENT = structType("apps/v1", "Deployment");

describe("apply sends what kubectl sends, and the server makes of it what upstream's does, when", () => {
  for (const { name, original, modified, strategic, merge, patched } of golden.cases) {
    test(name, () => {
      assert.deepEqual(createThreeWayStrategicPatch(DEPLOYMENT, original, modified, golden.live), strategic);
      assert.deepEqual(createThreeWayMergePatch(original, modified, golden.live), merge);
      assert.deepEqual(applyStrategicMergePatch(DEPLOYMENT, golden.live, strategic), patched);
    });
  }
});

describe("strategic merge patch", () => {
  const containers = (...names: string[]) => ({
    spec: { template: { spec: { containers: names.map((name) => ({ name, image: `${name}:1` })) } } },
  });
  const patchContainers = (items: unknown[]) =>
    applyStrategicMergePatch(DEPLOYMENT, containers("a", "b"), { spec: { template: { spec: { containers: items } } } });

  test("$patch: replace takes the list as it is given", () => {
    assert.deepEqual(patchContainers([{ $patch: "replace" }, { name: "c" }]), {
      spec: { template: { spec: { containers: [{ name: "c" }] } } },
    });
  });

  test("$patch: delete takes one item out", () => {
    assert.deepEqual(patchContainers([{ name: "a", $patch: "delete" }]), containers("b"));
  });

  test("an item without its merge key is refused", () => {
    assert.throws(
      () => patchContainers([{ image: "x" }]),
      (error) => error instanceof StatusError && error.message === "map: map[image:x] does not contain declared merge key: name",
    );
  });

  test("the patched object is not changed", () => {
    const frozen = Object.freeze(containers("a"));
    assert.notEqual(applyStrategicMergePatch(DEPLOYMENT, frozen, { spec: { replicas: 1 } }), frozen);
    assert.deepEqual(frozen, containers("a"));
  });
});

const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.integer(), fc.string(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }), tie("object")),
  object: fc.dictionary(fc.constantFrom("a", "b", "c", "constructor", "__proto__"), tie("value"), { maxKeys: 4 }),
}));

test("the merge patch from one object to another makes the one into the other", () => {
  const { object } = json;
  fc.assert(
    fc.property(object, object, (from, to) => {
      assert.equal(JSON.stringify(sorted(applyMergePatch(from, createMergePatch(from, to)))), JSON.stringify(sorted(to)));
    }),
  );
});

test("a JSON patch that does not apply is a 422, and leaves the object alone", () => {
  const object = { a: 1 };
  assert.deepEqual(applyJsonPatch(object, [{ op: "replace", path: "/a", value: 2 }]), { a: 2 });
  assert.throws(
    () => applyJsonPatch(object, [{ op: "test", path: "/a", value: 3 }]),
    (error) => error instanceof StatusError && error.code === 422,
  );
  assert.deepEqual(object, { a: 1 });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .map(([key, member]) => [key, sorted(member)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
