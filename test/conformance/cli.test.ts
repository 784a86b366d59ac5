import assert from "node:assert/strict";
import { after, test } from "node:test";
import { oracleSkip } from "../support/oracle.ts";
import { GROUPS } from "./cli/cases/index.ts";
import { Suite } from "./cli/suite.ts";

// The whole suite takes minutes (npm run conformance): here is every tenth of its cases that ask, and the first group that writes.
const EVERY = 10;
const suite = new Suite();
after(() => suite.close());

for (const group of GROUPS.filter(({ mode, name }) => mode === "read" || name === "write-basics")) {
  test(`kubesim ${group.name} says what kubectl says`, { skip: oracleSkip }, async () => {
    const cases = group.cases.filter((_, index) => group.mode === "write" || index % EVERY === 0);
    const results = await suite.run({ ...group, cases });
    const unexpected = results.filter(({ difference, differs }) => difference !== "" && !differs);
    assert.equal(unexpected.map(({ command, difference }) => `${command}\n${difference}`).join("\n"), "");
  });
}
