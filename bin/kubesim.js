#!/usr/bin/env node
// Runs the built bundle; in a checkout without one, the source through tsx. CommonJS: it starts sooner.
const fs = require("node:fs");
const module_ = require("node:module");
const path = require("node:path");

const bundle = path.join(__dirname, "../dist/kubesim.cjs");
if (!fs.existsSync(bundle)) {
  void import("tsx/esm/api").then(({ register }) => {
    register();
    return import("../src/cli/main.ts");
  });
} else runCached(bundle);

/** V8's compiled code, kept beside the clusters and keyed by the bundle and the Node version: what module.enableCompileCache does from Node 22 on, and faster. */
function runCached(file) {
  const vm = require("node:vm");
  const stat = fs.statSync(file);
  const home = process.env.KUBESIM_HOME || path.join(require("node:os").homedir(), ".kubesim");
  const cacheFile = path.join(home, "cache", `code-${process.version}-${stat.size}-${Math.trunc(stat.mtimeMs)}.bin`);
  let cachedData;
  try {
    cachedData = fs.readFileSync(cacheFile);
  } catch {
    // The first run, or a home that cannot be read: compiled as usual.
  }
  const script = new vm.Script(module_.wrap(fs.readFileSync(file, "utf8")), { filename: file, cachedData });
  const own = new module_(file, module);
  own.filename = file;
  own.paths = module.paths;
  script.runInThisContext().call(own.exports, own.exports, module_.createRequire(file), own, file, path.dirname(file));
  if (cachedData === undefined || script.cachedDataRejected) process.once("exit", () => keep(cacheFile, script));
}

/** At the end of the run, when the functions that were used are compiled. */
function keep(cacheFile, script) {
  try {
    fs.mkdirSync(path.dirname(cacheFile), { recursive: true, mode: 0o700 });
    fs.writeFileSync(`${cacheFile}.${process.pid}`, script.createCachedData(), { mode: 0o600 });
    fs.renameSync(`${cacheFile}.${process.pid}`, cacheFile);
  } catch {
    // A cache that cannot be written is a slower start, nothing more.
  }
}
