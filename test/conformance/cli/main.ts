import { GROUPS } from "./cases/index.ts";
import { type CaseResult, Suite } from "./suite.ts";

// npm run conformance [-- [--verbose] [GROUP[:TEXT]]...]: TEXT picks the cases whose command contains it.
const words = process.argv.slice(2);
const wanted = words.filter((word) => !word.startsWith("-")).map((word) => word.split(/:(.*)/s));
const verbose = words.includes("--verbose") || wanted.length > 0;

const suite = new Suite();
const all: CaseResult[] = [];
const started = Date.now();
for (const group of GROUPS) {
  const choices = wanted.filter(([name]) => name === group.name);
  if (wanted.length > 0 && choices.length === 0) continue;
  const results = await suite.run(group, choices[0]?.[1] ?? "");
  all.push(...results);
  const agreeing = results.filter(({ difference }) => difference === "");
  console.log(`${group.name.padEnd(24)} ${agreeing.length}/${results.length}`);
  for (const result of results) tell(result);
}
await suite.close();
const unexpected = all.filter(({ difference, differs }) => difference !== "" && !differs);
const deliberate = all.filter(({ difference, differs }) => difference !== "" && differs);
console.log(
  `agree ${all.length - unexpected.length - deliberate.length} of ${all.length}${deliberate.length > 0 ? `, ${deliberate.length} differ on purpose` : ""} (${((Date.now() - started) / 1000).toFixed(0)} s)`,
);
process.exit(unexpected.length > 0 ? 1 : 0);

function tell({ command, difference, differs }: CaseResult): void {
  if (difference === "") {
    if (differs) console.log(`  agrees by now, though said to differ: ${command}`);
    return;
  }
  console.log(`  ${differs ? `on purpose (${differs})` : "differs"}: ${command}`);
  if (verbose && !differs) console.log(difference);
}
