import assert from "node:assert/strict";
import { test } from "node:test";
import { errorText } from "../../src/api/field-errors.ts";
import { validateRules } from "../../src/api/structural-schema/cel-rules.ts";
import { validateDefaults } from "../../src/api/structural-schema/default-rules.ts";
import { defaultObject, dropForbiddenNulls } from "../../src/api/structural-schema/defaulting.ts";
import type { JsonSchema } from "../../src/api/structural-schema/json-schema.ts";
import { validateListTypes } from "../../src/api/structural-schema/list-types.ts";
import { pruneObject } from "../../src/api/structural-schema/pruning.ts";
import { validateSchemaRules } from "../../src/api/structural-schema/schema-rules.ts";
import { validateStructural } from "../../src/api/structural-schema/structural-rules.ts";
import { validateValue } from "../../src/api/structural-schema/validate-value.ts";

const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({ type: "object", properties, ...more });
const spec = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => object({ spec: object(properties, more) });
const said = (schema: JsonSchema, value: unknown, old?: unknown) =>
  validateValue(schema, value, "", old === undefined ? undefined : { old }).map(errorText);

test("values are told what is wrong with them in upstream's words", () => {
  const schema = spec(
    {
      replicas: { type: "integer", minimum: 1, maximum: 10 },
      mode: { type: "string", enum: ["fast", "slow"] },
      name: { type: "string", maxLength: 3, pattern: "^[a-z]+$" },
      at: { type: "string", format: "date-time" },
      tags: { type: "array", maxItems: 1, items: { type: "string" } },
      port: { "x-kubernetes-int-or-string": true },
      note: { type: "string", nullable: true },
    },
    { required: ["replicas"] },
  );
  const cases: [unknown, string[]][] = [
    [{ replicas: 3, mode: "fast", name: "abc", at: "2026-01-01T00:00:00Z", tags: ["a"], port: "80%", note: null }, []],
    [{ replicas: "3" }, ['spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"']],
    [{}, ["spec.replicas: Required value"]],
    [{ replicas: 0 }, ["spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1"]],
    [{ replicas: 1, mode: "x" }, ['spec.mode: Unsupported value: "x": supported values: "fast", "slow"']],
    [{ replicas: 1, name: "abcd" }, ["spec.name: Too long: may not be more than 3 bytes"]],
    [{ replicas: 1, name: "A" }, ["spec.name: Invalid value: \"A\": spec.name in body should match '^[a-z]+$'"]],
    [{ replicas: 1, at: "soon" }, ['spec.at: Invalid value: "soon": spec.at in body must be of type date-time: "soon"']],
    [
      { replicas: 1, tags: ["a", 1] },
      [
        'spec.tags[1]: Invalid value: "integer": spec.tags[1] in body must be of type string: "integer"',
        "spec.tags: Too many: 2: must have at most 1 item",
      ],
    ],
    [{ replicas: 1, port: true }, ['spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"']],
    [{ replicas: null }, ['spec.replicas: Invalid value: "null": spec.replicas in body must be of type integer: "null"']],
  ];
  for (const [value, expected] of cases) assert.deepEqual(said(schema, { spec: value }), expected);
});

test("of alternatives the one that went best is reported", () => {
  const schema = spec({ a: { type: "integer" }, b: { type: "string" } }, { oneOf: [{ required: ["a"] }, { required: ["b"] }] });
  assert.deepEqual(said(schema, { spec: { a: 1 } }), []);
  assert.deepEqual(said(schema, { spec: {} }), [
    '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
    "spec.a: Required value",
  ]);
  assert.deepEqual(said(schema, { spec: { a: 1, b: "x" } }), [
    '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ]);
});

test("what was wrong before an update and has not changed may stay", () => {
  const schema = spec({ a: { type: "integer", maximum: 5 }, b: { type: "integer", maximum: 5 } });
  assert.deepEqual(said(schema, { spec: { a: 9, b: 2 } }, { spec: { a: 9, b: 1 } }), []);
  assert.deepEqual(said(schema, { spec: { a: 8, b: 1 } }, { spec: { a: 9, b: 1 } }), [
    "spec.a: Invalid value: 8: spec.a in body should be less than or equal to 5",
  ]);
});

test("unknown fields are pruned and named, but not where they are preserved", () => {
  const schema = spec({
    known: { type: "string" },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { tight: object({ a: { type: "string" } }) } },
    map: { type: "object", additionalProperties: object({ a: { type: "string" } }) },
  });
  const value = {
    apiVersion: "v1",
    kind: "X",
    metadata: { name: "n" },
    spec: { known: "a", foo: 1, free: { any: { thing: 1 }, tight: { a: "b", b: 1 } }, map: { k: { a: "x", b: 2 } } },
    other: 1,
  };
  assert.deepEqual(pruneObject(schema, value), ["other", "spec.foo", "spec.free.tight.b", "spec.map.k.b"]);
  assert.deepEqual(value, {
    apiVersion: "v1",
    kind: "X",
    metadata: { name: "n" },
    spec: { known: "a", free: { any: { thing: 1 }, tight: { a: "b" } }, map: { k: { a: "x" } } },
  } as never);
});

test("an object within an object keeps the metadata that objects have", () => {
  const schema = spec({
    template: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
  });
  const value = {
    spec: { template: { apiVersion: "v1", kind: "Pod", metadata: { name: "a", creationTimestamp: null, nam: "b" }, spec: { a: 1 } } },
  };
  assert.deepEqual(pruneObject(schema, value), ["spec.template.metadata.nam"]);
  assert.deepEqual(value.spec.template as unknown, { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: { a: 1 } });
});

test("defaults fill what is missing and nulls that are not allowed", () => {
  const schema = spec({
    a: { type: "integer", default: 1 },
    b: object({ c: { type: "string", default: "x" } }, { default: {} }),
    n: { type: "string", nullable: true },
    m: { type: "string" },
  });
  const value = { spec: { a: null, n: null, m: null } };
  dropForbiddenNulls(schema, value);
  assert.equal(defaultObject(schema, value), true);
  assert.deepEqual(value, { spec: { a: 1, n: null, b: { c: "x" } } } as never);
  assert.equal(defaultObject(schema, value), false);
});

test("sets and lists with keys hold nothing twice", () => {
  const schema = spec({
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: object({ name: { type: "string" } }),
    },
    tags: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
  });
  assert.deepEqual(
    validateListTypes(schema, { spec: { ports: [{ name: "a" }, { name: "b" }, { name: "a", port: 1 }], tags: ["x", "x", "x"] } }).map(
      errorText,
    ),
    ['spec.ports[2]: Duplicate value: {"name":"a"}', 'spec.tags[1]: Duplicate value: "x"'],
  );
});

test("rules see the old object, speak their messages, and let pass what has not changed", () => {
  const rules = [
    { rule: "self.min <= self.max", messageExpression: "'min is ' + string(self.min)", fieldPath: ".min" },
    { rule: "self.min >= oldSelf.min", message: "may only grow", reason: "FieldValueForbidden" },
  ];
  const schema = spec({ min: { type: "integer" }, max: { type: "integer" } }, { "x-kubernetes-validations": rules });
  const run = (value: unknown, old?: unknown) => {
    const { errors, warnings } = validateRules(schema, { spec: value }, old === undefined ? undefined : { spec: old }, {
      isResourceRoot: true,
    });
    return { errors: errors.map(errorText), warnings };
  };
  assert.deepEqual(run({ min: 2, max: 1 }).errors, ["spec.min: Invalid value: min is 2"]);
  assert.deepEqual(run({ min: 1, max: 2 }, { min: 2, max: 2 }).errors, ["spec: Forbidden: may only grow"]);
  assert.deepEqual(run({ min: 2, max: 1 }, { min: 2, max: 1 }), { errors: [], warnings: ["spec.min: Invalid value: min is 2"] });
});

test("a schema must be structural", () => {
  const said = (schema: JsonSchema) => validateStructural(schema, "s").map(errorText);
  assert.deepEqual(said(object({ spec: { properties: { a: { type: "string" } } } })), [
    "s.properties[spec].type: Required value: must not be empty for specified object fields",
  ]);
  assert.deepEqual(said(object({ a: { type: "array" } })), ["s.properties[a].items: Required value: must be specified"]);
  assert.deepEqual(said(object({ a: { type: "string", anyOf: [{ type: "string" }] } })), [
    "s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural",
  ]);
  assert.deepEqual(said(object({ a: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] } })), []);
  assert.deepEqual(said(object({}, { anyOf: [{ properties: { b: { minimum: 1 } } }] })), [
    "s.properties[b]: Required value: because it is defined in s.anyOf[0].properties[b]",
  ]);
  assert.deepEqual(said(object({ metadata: object({ labels: { type: "object" } }) })), [
    "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
  ]);
});

test("rules, defaults and list keys of a schema are checked when it is written", () => {
  const rules = (schema: JsonSchema) => validateSchemaRules(schema, "s", { checkExpressions: true }).map(errorText);
  const [message = ""] = rules(object({ a: { type: "string", "x-kubernetes-validations": [{ rule: "self.b" }] } }));
  assert.match(
    message,
    /^s\.properties\[a\]\.x-kubernetes-validations\[0\]\.rule: Invalid value: \{"Rule":"self\.b",.*\}: compilation failed: ERROR: <input>:1:5: /s,
  );
  assert.deepEqual(
    rules(object({ l: { type: "array", items: { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf" }] } } })),
    [
      's.properties[l].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[l]',
    ],
  );
  assert.deepEqual(
    rules(
      object({
        l: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k"],
          items: object({ k: { type: "string" } }),
        },
      }),
    ),
    [
      "s.properties[l].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
    ],
  );
  assert.deepEqual(validateDefaults(object({ a: object({ b: { type: "integer" } }, { default: { b: "x", c: 1 } }) }), "s").map(errorText), [
    's.properties[a].default: Invalid value: {"b":"x","c":1}: must not have unknown fields',
    's.properties[a].default.b: Invalid value: "string": b in body must be of type integer: "string"',
  ]);
});
