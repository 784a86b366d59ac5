#!/usr/bin/env node
// Runs the built bundle; in a checkout without one, the source through tsx.
import { existsSync } from "node:fs";
import module, { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const bundle = fileURLToPath(new URL("../dist/kubesim.cjs", import.meta.url));
if (existsSync(bundle)) {
  // Node 22 and later keep the compiled code on disk.
  module.enableCompileCache?.();
  createRequire(import.meta.url)(bundle);
} else {
  const { register } = await import("tsx/esm/api");
  register();
  await import("../src/cli/main.ts");
}
