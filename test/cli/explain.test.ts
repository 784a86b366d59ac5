import assert from "node:assert/strict";
import { test } from "node:test";
import { SwaggerExplainer } from "../../src/cli/commands/explain-openapi-v2.ts";

const WIDGET = { group: "example.io", version: "v1", kind: "Widget" };
const DEFINITIONS = {
  "io.example.v1.Widget": {
    description: "A widget.",
    type: "object",
    properties: {
      spec: {
        description: "What it shall be, in so many words that one line of eighty characters does not hold them.",
        $ref: "#/definitions/io.example.v1.Spec",
      },
      any: { description: "Anything.", type: "object" },
    },
    "x-kubernetes-group-version-kind": [WIDGET],
  },
  "io.example.v1.Spec": {
    description: "Things:\n- one\n- two",
    type: "object",
    required: ["sizes"],
    properties: {
      sizes: { type: "array", description: "Sizes.", items: { type: "integer" } },
      parts: { type: "object", additionalProperties: { $ref: "#/definitions/io.example.v1.Spec" } },
    },
  },
};
const explain = (path: string[], recursive = false) => new SwaggerExplainer(DEFINITIONS, recursive).explain(WIDGET, path);

test("a field has its own description and that of its type, and the fields of the latter", () => {
  assert.equal(
    explain(["spec"]),
    `KIND:     Widget
VERSION:  example.io/v1

RESOURCE: spec <Object>

DESCRIPTION:
     What it shall be, in so many words that one line of eighty characters does
     not hold them.

     Things:
     - one
     - two

FIELDS:
   parts\t<map[string]Object>

   sizes\t<[]integer> -required-
     Sizes.

`,
  );
});

test("what has no fields says so once or, for a map of anything, twice", () => {
  assert.equal(
    explain(["spec", "sizes"]),
    "KIND:     Widget\nVERSION:  example.io/v1\n\nFIELD:    sizes <[]integer>\n\nDESCRIPTION:\n     Sizes.\n",
  );
  assert.equal(explain(["any"]), "KIND:     Widget\nVERSION:  example.io/v1\n\nDESCRIPTION:\n     Anything.\n\n     Anything.\n");
});

test("recursion ends where a type holds itself", () => {
  assert.match(
    explain([], true),
    /FIELDS:\n {3}any\t<map\[string\]>\n {3}spec\t<Object>\n {6}parts\t<map\[string\]Object>\n {6}sizes\t<\[\]integer>\n$/,
  );
});

test("a field that is not there is named", () => {
  assert.throws(() => explain(["spec", "colour", "x"]), { message: 'field "colour" does not exist' });
});
