// Bundles what users run: dist/kubesim.cjs (the CLI) and dist/daemon.cjs, each one file with everything in it.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { writeDescriptions } from "./descriptions.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const version = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")).version;
const entries = { kubesim: "src/cli/main.ts", daemon: "src/daemon/main.ts" };

const present = Object.fromEntries(Object.entries(entries).filter(([, file]) => fs.existsSync(path.join(root, file))));
fs.rmSync(path.join(root, "dist"), { recursive: true, force: true });
await Promise.all(
  Object.entries(present).map(([name, file]) =>
    build({
      absWorkingDir: root,
      entryPoints: [file],
      outfile: `dist/${name}.cjs`,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      minify: true,
      keepNames: true,
      legalComments: "none",
      // The launcher runs the bundle as a cached script, where import() has no loader behind it.
      supported: { "dynamic-import": false },
      logLevel: "warning",
      logOverride: { "empty-import-meta": "silent" },
      define: {
        "process.env.KUBESIM_VERSION": JSON.stringify(version),
        "import.meta.url": "undefined",
        "import.meta.dirname": "undefined",
      },
    }),
  ),
);
writeDescriptions(root, path.join(root, "dist/descriptions.json"));
