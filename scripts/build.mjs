// Bundles what users run: dist/daemon.cjs, one file with everything in it, and dist/cli/, the CLI in parts that are loaded when they are needed.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { writeDescriptions } from "./descriptions.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const dist = path.join(root, "dist");
const version = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")).version;
const output = {
  platform: "node",
  target: "node20",
  charset: "ascii",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  logOverride: { "empty-import-meta": "silent" },
};
const bundle = {
  ...output,
  absWorkingDir: root,
  bundle: true,
  keepNames: true,
  define: {
    "process.env.KUBESIM_VERSION": JSON.stringify(version),
    "import.meta.url": "undefined",
    "import.meta.dirname": "undefined",
  },
};
// Scripts that V8 compiled before have no loader behind import().
const commonJs = { format: "cjs", supported: { "dynamic-import": false } };

fs.rmSync(dist, { recursive: true, force: true });
await Promise.all([build({ ...bundle, ...commonJs, entryPoints: ["src/daemon/main.ts"], outfile: "dist/daemon.cjs" }), buildCli()]);
writeDescriptions(root, path.join(dist, "descriptions.json"));

/** What bin/kubesim.js loads: each file is a script whose value is a table of modules' functions by name. */
async function buildCli() {
  const { outputFiles, metafile } = await build({
    ...bundle,
    entryPoints: { main: "src/cli/main.ts" },
    outdir: "dist/cli",
    outExtension: { ".js": ".cjs" },
    format: "esm",
    splitting: true,
    metafile: true,
    write: false,
  });
  // esbuild splits ES modules only; and it makes a part of every few modules that main shares with some other part, though all of them are always needed.
  const always = importsOf("dist/cli/main.cjs", metafile.outputs);
  fs.mkdirSync(path.join(dist, "cli"), { recursive: true });
  const modules = await Promise.all(
    outputFiles.map(async ({ path: file, text }) => {
      const { code } = await transform(text, { ...output, ...commonJs });
      return {
        file,
        isMain: always.has(path.relative(root, file)),
        text: `"./${path.basename(file)}":function(exports,require,module,__filename){${code}}`,
      };
    }),
  );
  const write = (file, parts) => fs.writeFileSync(file, `({${parts.map(({ text }) => text).join(",")}})`);
  write(
    path.join(dist, "cli/main.cjs"),
    modules.filter(({ isMain }) => isMain),
  );
  for (const each of modules) if (!each.isMain) write(each.file, [each]);
}

/** An output and all that it imports, without what it imports later. */
function importsOf(name, outputs, found = new Set()) {
  if (found.has(name) || outputs[name] === undefined) return found;
  found.add(name);
  for (const { path: imported, kind } of outputs[name].imports) if (kind === "import-statement") importsOf(imported, outputs, found);
  return found;
}
