import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Evaluator } from "../../src/cli/printers/go-template/evaluate.ts";
import { parseTemplate } from "../../src/cli/printers/go-template/parse.ts";

/** A template, what Go's text/template made of it, and what with missingkey=error where that is something else. */
type Recorded = readonly [template: string, printed: string, strict?: string];

// Recorded once with Go 1.26: "PARSE message" of what is refused, "output\nEXEC message" of what fails on its way.
const corpus = JSON.parse(fs.readFileSync(new URL("golden/go-template.json", import.meta.url), "utf8")) as {
  readonly data: unknown;
  readonly cases: readonly Recorded[];
};

test("templates print and fail as Go's do", () => {
  for (const [template, printed, strict = printed] of corpus.cases) {
    assert.equal(render(template, true), printed, template);
    assert.equal(render(template, false), strict, `missingkey=error: ${template}`);
  }
});

function render(text: string, allowMissing: boolean): string {
  let templates: ReturnType<typeof parseTemplate>;
  try {
    templates = parseTemplate(text);
  } catch (error) {
    return `PARSE ${(error as Error).message}`;
  }
  const evaluator = new Evaluator(text, templates, { allowMissing });
  try {
    return evaluator.run(corpus.data);
  } catch (error) {
    return `${evaluator.output}\nEXEC template: output:${(error as Error).message}`;
  }
}
