import { parseArgs } from "node:util";
import { COMMANDS } from "../../../src/cli/commands.ts";
import type { CommandEntry } from "../../../src/cli/command.ts";
import { SeededRng } from "../../../src/util/rng.ts";
import { type CaseGroup, splitWords } from "./case.ts";
import { GROUPS } from "./cases/index.ts";
import { randomCases } from "./random-cases.ts";
import { type CaseResult, Suite } from "./suite.ts";

// npm run conformance [-- [--verbose] [GROUP[:TEXT]]...]: TEXT picks the cases whose command contains it.
// npm run conformance -- --random N [--seed S] [COMMAND]...: N command lines drawn by chance instead.
const { values: options, positionals } = parseArgs({
  options: { verbose: { type: "boolean" }, random: { type: "string" }, seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
const wanted = positionals.map((word) => word.split(/:(.*)/s));
const verbose = options.verbose || options.random !== undefined || wanted.length > 0;
const groups: readonly CaseGroup[] =
  options.random === undefined
    ? GROUPS
    : [
        {
          name: "random",
          mode: "read",
          cases: await randomCases(Number(options.random), new SeededRng(Number(options.seed)), positionals),
        },
      ];

const suite = new Suite();
const all: CaseResult[] = [];
const started = Date.now();
for (const group of groups) {
  const choices = wanted.filter(([name]) => name === group.name);
  if (options.random === undefined && wanted.length > 0 && choices.length === 0) continue;
  const results = await suite.run(group, choices[0]?.[1] ?? "");
  all.push(...results);
  console.log(`${group.name.padEnd(24)} ${agreeing(results)}/${results.length}`);
  for (const result of results) tell(result);
}
await suite.close();
await sumUp();
process.exit(all.some((result) => isDifferent(result) && !result.differs) ? 1 : 0);

function tell({ command, difference, differs }: CaseResult): void {
  if (difference === "") {
    if (differs) console.log(`  agrees by now, though said to differ: ${command}`);
    return;
  }
  console.log(`  ${differs ? `on purpose (${differs})` : "differs"}: ${command}`);
  if (verbose && !differs) console.log(difference);
}

/** A line for each command, then the sum. */
async function sumUp(): Promise<void> {
  const byCommand = new Map<string, CaseResult[]>();
  for (const result of all) {
    const name = await commandOf(splitWords(result.command));
    byCommand.set(name, [...(byCommand.get(name) ?? []), result]);
  }
  console.log();
  for (const [name, results] of [...byCommand].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${name.padEnd(40)} ${String(agreeing(results)).padStart(4)} of ${results.length}`);
  const deliberate = all.filter((result) => isDifferent(result) && result.differs);
  const purpose = deliberate.length > 0 ? `, ${deliberate.length} differ on purpose` : "";
  console.log(`\nagree ${agreeing(all)} of ${all.length}${purpose} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
}

/** "kubectl create deployment": the command that a line runs; "kubectl" where it runs none. */
async function commandOf(line: readonly string[]): Promise<string> {
  const path = ["kubectl"];
  let entries: readonly CommandEntry[] = COMMANDS;
  for (const word of line) {
    const entry = entries.find(({ name, aliases }) => name === word || aliases?.includes(word));
    if (!entry) continue;
    path.push(entry.name);
    entries = (await entry.load()).subcommands ?? [];
  }
  return path.join(" ");
}

function isDifferent({ difference }: CaseResult): boolean {
  return difference !== "";
}

function agreeing(results: readonly CaseResult[]): number {
  return results.filter((result) => !isDifferent(result)).length;
}
