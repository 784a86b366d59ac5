// Builds, then runs the tests: `npm test`, or `npm test -- store kubelet` for some folders. Every run takes the files in
// another order; KUBESIM_TEST_SEED repeats one.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const LONGEST = "e2e/tour.test.ts";
const wanted = process.argv.slice(2);
const seed = Number(process.env["KUBESIM_TEST_SEED"] ?? Math.trunc(Math.random() * 1e6));
const files = fs
  .readdirSync(path.join(root, "test"), { recursive: true })
  .map((name) => String(name).split(path.sep).join("/"))
  .filter((name) => name.endsWith(".test.ts"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.startsWith(part)))
  // The longest first: the others run beside it.
  .sort((a, b) => Number(b === LONGEST) - Number(a === LONGEST) || hash(a) - hash(b))
  .map((name) => `test/${name}`);
if (files.length === 0) {
  console.error(`no test file under test/ starts with ${wanted.join(" or ")}`);
  process.exit(1);
}
console.log(`order of the test files: KUBESIM_TEST_SEED=${seed}`);
run(process.execPath, ["scripts/build.mjs"]);
run(process.execPath, ["--import", "tsx", "--test", "--test-concurrency=2", "--test-reporter=spec", ...files]);

/** A place in the order, by the seed. */
function hash(name) {
  return createHash("sha256").update(`${seed} ${name}`).digest().readUInt32BE();
}

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, NODE_OPTIONS: "" } });
  if (status !== 0) process.exit(status ?? 1);
}
