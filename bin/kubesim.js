#!/usr/bin/env node
// Runs the built CLI; in a checkout without it, the source through tsx. CommonJS: it starts sooner.
const fs = require("node:fs");
const path = require("node:path");

const MAIN = "./main.cjs";
const folder = path.join(__dirname, "../dist/cli");
if (fs.existsSync(path.join(folder, MAIN))) runParts();
else
  void import("tsx/esm/api").then(({ register }) => {
    register();
    return import("../src/cli/main.ts");
  });

/**
 * Loads the parts that scripts/build.mjs has made. Their sources and what V8 compiled of them are kept beside the clusters for each command and Node version:
 * what module.enableCompileCache does from Node 22 on, and faster.
 */
function runParts() {
  const { Script } = require("node:vm");
  const home = process.env.KUBESIM_HOME || path.join(require("node:os").homedir(), ".kubesim");
  // Only what a command needs was compiled when its cache was made.
  const command = /^[a-z][a-z-]*$/.test(process.argv[2] ?? "") ? process.argv[2] : "other";
  const cacheFile = path.join(home, "cache", `code-${process.version}-${command}.bin`);
  const cache = readCache(cacheFile);
  const scripts = new Map();
  const bodies = new Map();
  const modules = new Map();

  const define = (name) => {
    const file = path.join(folder, name);
    const cached = cache.get(name);
    const source = cached?.source ?? readSource(name);
    const script = new Script(source, { filename: file, cachedData: cached?.code });
    scripts.set(name, { source, script });
    for (const [key, body] of Object.entries(script.runInThisContext())) bodies.set(key, body);
  };
  const load = (name) => {
    if (!name.startsWith("./")) return require(name);
    const known = modules.get(name);
    if (known) return known.exports;
    if (!bodies.has(name)) define(name);
    const own = { exports: {} };
    modules.set(name, own);
    bodies.get(name)(own.exports, load, own, path.join(folder, name));
    return own.exports;
  };

  process.once("exit", (code) => {
    if (code === 0 && [...scripts].some(([name, { script }]) => !cache.has(name) || script.cachedDataRejected))
      keep(cacheFile, cache, scripts);
  });
  load(MAIN);
}

/** esbuild writes ASCII. */
function readSource(name) {
  return fs.readFileSync(path.join(folder, name), "latin1");
}

/** The parts of an earlier run: a line of JSON with their names and sizes, then each one's source and code. */
function readCache(file) {
  const cache = new Map();
  let bytes;
  try {
    bytes = fs.readFileSync(file);
  } catch {
    // The first run, or a home that cannot be read: compiled as usual.
    return cache;
  }
  let offset = bytes.indexOf("\n") + 1;
  const take = (size) => bytes.subarray(offset, (offset += size));
  for (const [name, sourceSize, codeSize] of JSON.parse(bytes.latin1Slice(0, offset)))
    cache.set(name, { source: take(sourceSize).latin1Slice(), code: take(codeSize) });
  // All other parts are named after their content, and main names those it needs.
  return cache.get(MAIN)?.source === readSource(MAIN) ? cache : new Map();
}

/** At the end of the run, when the functions that were used are compiled. */
function keep(cacheFile, cache, scripts) {
  const kept = new Map(cache);
  for (const [name, { source, script }] of scripts) kept.set(name, { source, code: script.createCachedData() });
  const head = JSON.stringify([...kept].map(([name, { source, code }]) => [name, source.length, code.length]));
  const temporary = `${cacheFile}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(cacheFile), { recursive: true, mode: 0o700 });
    const parts = [...kept.values()].flatMap(({ source, code }) => [Buffer.from(source, "latin1"), code]);
    fs.writeFileSync(temporary, Buffer.concat([Buffer.from(`${head}\n`), ...parts]), { mode: 0o600 });
    fs.renameSync(temporary, cacheFile);
  } catch {
    // A cache that cannot be written is a slower start, nothing more.
  }
}
