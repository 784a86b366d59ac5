// `npm run bench`: one line a figure. `npm run bench -- start cli` runs only some.
import { apiFigures } from "./api.ts";
import { cliFigures } from "./cli.ts";
import { deploymentFigures } from "./deployment.ts";
import { idleFigures } from "./idle.ts";
import { shellFigures } from "./shell.ts";
import { startFigures } from "./start.ts";

const SUITES: Record<string, () => Promise<void>> = {
  start: startFigures,
  cli: cliFigures,
  deployment: deploymentFigures,
  api: apiFigures,
  idle: idleFigures,
  shell: shellFigures,
};

const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(SUITES)) if (wanted.length === 0 || wanted.includes(name)) await run();
