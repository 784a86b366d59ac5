import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT } from "./support/e2e.ts";

const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/architecture.md", "docs/differences.md"];
const MAX_LINES = 540;
/** Names that say nothing, with what to do instead. */
const BANNED_NAMES: Readonly<Record<string, string>> = {
  utils: "name it after what it does",
  helpers: "name it after what it does",
  common: "name it after what the two have in common",
  misc: "name it after what it does",
  manager: "say what it manages, or what it does with it",
};

const CALLED_SO = new Set(["src/controllers/support/replica-manager.ts", "src/kubelet/image-manager.ts"]);

const read = (file: string) => fs.readFileSync(path.join(ROOT, file), "utf8");
const filesUnder = (folder: string) =>
  fs
    .readdirSync(path.join(ROOT, folder), { recursive: true })
    .map((name) => `${folder}/${String(name).split(path.sep).join("/")}`)
    .filter((name) => /\.(ts|mjs)$/.test(name));
const sources = ["src", "test", "bench", "scripts"].flatMap(filesUnder).filter((name) => !/generated/.test(name));

test("the documents' links and paths lead somewhere", () => {
  const broken: string[] = [];
  for (const document of DOCUMENTS) {
    const text = read(document);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = ""]) => path.join(path.dirname(document), link));
    const paths = [...text.matchAll(/`((?:src|test|bench|scripts|docs|manifests|bin)\/[\w./-]*\w\/?)`/g)].map(([, name = ""]) => name);
    // In capitals: a name to be filled in.
    for (const name of [...links, ...paths])
      if (!/\/[A-Z]+\.\w+$/.test(name) && !fs.existsSync(path.join(ROOT, name))) broken.push(`${document}: ${name}`);
  }
  assert.deepEqual(broken, []);
});

test("files are small and their names say something", () => {
  const problems: string[] = [];
  for (const file of sources) {
    const lines = read(file).split("\n").length;
    if (file.startsWith("src/") && lines > MAX_LINES) problems.push(`${file} has ${lines} lines, ${MAX_LINES} are enough: split it`);
    const words = path.basename(file).split(/[.-]/);
    // Upstream calls these so too.
    for (const word of words) if (BANNED_NAMES[word] && !CALLED_SO.has(file)) problems.push(`${file}: ${BANNED_NAMES[word]}`);
  }
  assert.deepEqual(problems, []);
});
