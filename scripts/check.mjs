// Every gate in CI's order; stops at the first that fails.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const gates = [
  ["lint", "npx", ["oxlint", "--quiet", "src", "test", "bench", "scripts", "bin"]],
  ["format", "npx", ["oxfmt", "--check", "src", "test", "bench", "scripts", "bin"]],
  ["types", "npx", ["tsc", "--noEmit"]],
  ["layers", "npx", ["depcruise", "--config", ".dependency-cruiser.cjs", "src"]],
  ["unused", "npx", ["knip", "--no-progress"]],
  ["generated types", "npx", ["tsx", "scripts/generate-api.ts"]],
  ["generated images", "npx", ["tsx", "scripts/generate-images.ts"]],
  ["generated is committed", "git", ["diff", "--exit-code", "--stat", "--", "src/api/generated", "src/containers/catalogue.generated.ts"]],
];
for (const [name, command, args] of gates) {
  const startMs = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) {
    console.error(`check: ${name} failed`);
    process.exit(1);
  }
  console.log(`check: ${name} ok (${((performance.now() - startMs) / 1000).toFixed(1)} s)`);
}
