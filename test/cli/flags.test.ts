import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "./run-cli.ts";

// What kubectl v1.36.3 prints, seen by running it.
const CASES: readonly (readonly [string, string])[] = [
  ["get po --show-label", "error: unknown flag: --show-label\nSee 'kubectl get --help' for usage.\n"],
  ["-z get", "error: unknown shorthand flag: 'z' in -z\nSee 'kubectl --help' for usage.\n"],
  ["get po -Az", "error: unknown shorthand flag: 'z' in -z\nSee 'kubectl get --help' for usage.\n"],
  ["get po -n", "error: flag needs an argument: 'n' in -n\nSee 'kubectl get --help' for usage.\n"],
  ["get --chunk-size", "error: flag needs an argument: --chunk-size\nSee 'kubectl get --help' for usage.\n"],
  [
    "logs x --tail=x",
    `error: invalid argument "x" for "--tail" flag: strconv.ParseInt: parsing "x": invalid syntax\nSee 'kubectl logs --help' for usage.\n`,
  ],
  ["logs --since=x", `error: invalid argument "x" for "--since" flag: time: invalid duration "x"\nSee 'kubectl logs --help' for usage.\n`],
  [
    "get --show-labels=x",
    `error: invalid argument "x" for "--show-labels" flag: strconv.ParseBool: parsing "x": invalid syntax\nSee 'kubectl get --help' for usage.\n`,
  ],
  ["ge", `error: unknown command "ge" for "kubectl"\n\nDid you mean this?\n\tset\n\tget\n\tcp\n`],
  ["create deployment x", 'error: required flag(s) "image" not set\n'],
  ["create ns a b", "error: exactly one NAME is required, got 2\nSee 'kubectl create namespace -h' for help and examples\n"],
  ["scale", 'error: required flag(s) "replicas" not set\n'],
];

for (const [line, expected] of CASES) {
  test(`kubectl ${line} fails in kubectl's words`, async () => {
    const run = await runCli(undefined, line.split(" "));
    assert.equal(run.err, expected);
    assert.equal(run.code, 1);
    assert.equal(run.out, "");
  });
}

test("flags may stand before the command, be joined, and have values after =", async () => {
  const run = await runCli(undefined, [
    "-n=x",
    "create",
    "--dry-run=client",
    "deploy",
    "web",
    "--image",
    "nginx",
    "-r=2",
    "-oyaml",
    "--",
    "sleep",
    "-x",
  ]);
  assert.equal(run.err, "");
  assert.match(run.out, /namespace: x\n/);
  assert.match(run.out, /replicas: 2\n/);
  assert.match(run.out, /- command:\n {8}- sleep\n {8}- -x\n/);
});
