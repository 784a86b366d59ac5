import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseFieldSelector } from "../../src/api/fields.ts";
import { parseLabelSelector } from "../../src/api/labels.ts";
import { parseYamlDocuments } from "../../src/api/parse-yaml.ts";
import { parseQuantity } from "../../src/api/quantity.ts";
import { messageOf } from "../../src/api/status.ts";
import { renderYaml } from "../../src/api/yaml.ts";

interface Answer {
  readonly in: unknown;
  readonly out?: unknown;
  readonly error?: string;
}

const answers = JSON.parse(readFileSync(new URL("golden/go-answers.json", import.meta.url), "utf8")) as Record<string, Answer[]>;

const SUBJECTS: Record<string, (input: unknown) => unknown> = {
  yaml: renderYaml,
  yamlToJson: (text) => parseYamlDocuments(text as string)[0],
  quantity: (text) => parseQuantity(text as string).toString(),
  labelSelector: (text) => parseLabelSelector(text as string).toString(),
  fieldSelector: (text) => parseFieldSelector(text as string).toString(),
};

/** What Kubernetes' own Go libraries answered to the same questions. */
describe("the same answers as Go", () => {
  for (const [name, subject] of Object.entries(SUBJECTS)) {
    test(name, () => {
      for (const answer of answers[name] ?? []) {
        let outcome: unknown;
        try {
          outcome = { out: subject(answer.in) };
        } catch (error) {
          outcome = { error: messageOf(error) };
        }
        assert.deepEqual(outcome, answer.error === undefined ? { out: answer.out } : { error: answer.error }, JSON.stringify(answer.in));
      }
    });
  }
});
