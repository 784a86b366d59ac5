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

/** V8's compiled code, kept beside the clusters for each command, bundle and Node version: what module.enableCompileCache does from Node 22 on, and faster. */
function runCached(file) {
  const vm = require("node:vm");
  const stat = fs.statSync(file);
  const home = process.env.KUBESIM_HOME || path.join(require("node:os").homedir(), ".kubesim");
  const build = `code-${process.version}-${stat.size}-${Math.trunc(stat.mtimeMs)}-`;
  // Only what a command needs was compiled when its cache was made.
  const command = /^[a-z-]+$/.test(process.argv[2] ?? "") && !process.argv[2].startsWith("-") ? process.argv[2] : "other";
  const cacheFile = path.join(home, "cache", `${build}${command}.bin`);
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
  if (cachedData === undefined || script.cachedDataRejected) process.once("exit", (code) => code === 0 && keep(cacheFile, script, build));
}

/** At the end of the run, when the functions that were used are compiled. */
function keep(cacheFile, script, build) {
  const folder = path.dirname(cacheFile);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of fs.readdirSync(folder))
      if (name.startsWith(`code-${process.version}-`) && !name.startsWith(build)) fs.rmSync(path.join(folder, name), { force: true });
    fs.writeFileSync(`${cacheFile}.${process.pid}`, script.createCachedData(), { mode: 0o600 });
    fs.renameSync(`${cacheFile}.${process.pid}`, cacheFile);
  } catch {
    // A cache that cannot be written is a slower start, nothing more.
  }
}
