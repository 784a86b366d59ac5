import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parseYamlDocuments, YamlSyntaxError } from "../../src/api/parse-yaml.ts";
import { renderYaml } from "../../src/api/yaml.ts";

const golden = (name: string) => fs.readFileSync(path.join(import.meta.dirname, name), "utf8");

test("strings are quoted, folded and escaped as kubectl does it", () => {
  assert.equal(renderYaml(JSON.parse(golden("strings.golden.json"))), golden("strings.golden.yaml"));
});

test("what is printed reads back as the same value", () => {
  const value = JSON.parse(golden("strings.golden.json")) as unknown;
  assert.deepEqual(parseYamlDocuments(renderYaml(value)), [value]);
});

test("YAML is read as Go reads it", () => {
  assert.deepEqual(parseYamlDocuments("a: yes\nb: 0777\nc: 2001-01-01\nd: ~\n1: x\n---\n---\n- z\n"), [
    { a: true, b: 511, c: "2001-01-01", d: null, 1: "x" },
    ["z"],
  ]);
  assert.throws(() => parseYamlDocuments("a: b: c"), YamlSyntaxError);
});

test("keys are strings, as Go makes them of numbers and words", () => {
  assert.deepEqual(parseYamlDocuments("y: 1\noff: 2\n1.50: 3\n0x10: 4\n1e30: 5\n010: 6\n123456789.123: 7\n.inf: 8\n1:30: 9\n"), [
    { true: 1, false: 2, "1.5": 3, 16: 4, "1e+30": 5, 8: 6, "1.2345679e+08": 7, ".inf": 8, "1:30": 9 },
  ]);
});
