import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { compileJsonPath, type JsonPathOptions } from "../../src/api/json-path.ts";

/** A path, what client-go's jsonpath printed for it twice, what where keys may not be missing, and what as JSON, as far as they differ. */
type Recorded = readonly [path: string, printed: string, strict?: string, json?: string];

// Recorded once: "PARSE message" of what is refused, "output\nEXEC message" of what fails; each run ends with a bar.
const corpus = JSON.parse(fs.readFileSync(new URL("golden/json-path.json", import.meta.url), "utf8")) as {
  readonly data: unknown;
  readonly cases: readonly Recorded[];
};

test("paths find and fail as client-go's do", () => {
  for (const [path, printed, strict = printed, json = printed] of corpus.cases) {
    assert.equal(runTwice(path, { allowMissing: true }), printed, path);
    assert.equal(runTwice(path, { allowMissing: false }), strict, `without missing keys: ${path}`);
    assert.equal(runTwice(path, { allowMissing: true, asJson: true }), json, `as JSON: ${path}`);
  }
});

/** The second run shows what the first has left behind. */
function runTwice(text: string, options: JsonPathOptions): string {
  let path: ReturnType<typeof compileJsonPath>;
  try {
    path = compileJsonPath(text, options);
  } catch (error) {
    return `PARSE ${(error as Error).message.slice(`error parsing jsonpath ${text}, `.length)}`;
  }
  const run = () => {
    try {
      return path(corpus.data);
    } catch (error) {
      return `\nEXEC ${/Error executing template: (.*?)\. Printing more/s.exec((error as Error).message)?.[1] ?? ""}`;
    }
  };
  return `${run()}|${run()}|`;
}
