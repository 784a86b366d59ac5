import type { Process } from "../process.ts";
import { joinLines, linesOf, parseFlags, readInputs } from "./support.ts";

const ZEROS_STEP_MS = 100;
const ZEROS_PER_STEP = 100 * 1024 * 1024;

export async function tail(process: Process): Promise<number> {
  const args = process.args.map((arg) => arg.replace(/^-(\d+)$/, "-n$1"));
  const { on, values, rest } = parseFlags(args, "nc");
  if (rest.some((path) => process.path(path) === "/dev/zero")) return hoardZeros(process);
  const { inputs, code } = await readInputs(process, rest);
  const given = values.get("n") ?? "10";
  for (const { name, data } of inputs) {
    if (inputs.length > 1) await process.print(`==> ${name} <==\n`);
    const bytes = values.get("c");
    const lines = linesOf(data);
    await process.print(
      bytes !== undefined
        ? data.subarray(-Number(bytes))
        : joinLines(
            given.startsWith("+") ? lines.slice(Number(given) - 1) : Number(given) === 0 ? [] : lines.slice(-Math.abs(Number(given))),
          ),
    );
  }
  const followed = rest[0];
  if (!(on.has("f") || on.has("F")) || followed === undefined) return code;
  return follow(process, process.path(followed));
}

/** A last line that never ends is kept until no memory is left. */
async function hoardZeros(process: Process): Promise<never> {
  const { memory } = process.machine;
  for (let bytes = ZEROS_PER_STEP; memory.limitBytes > 0; bytes += ZEROS_PER_STEP) {
    memory.take(process, bytes);
    await process.sleep(ZEROS_STEP_MS);
  }
  return process.untilKilled();
}

/** Prints what is appended; sleeps until the file changes. */
async function follow(process: Process, path: string): Promise<never> {
  if (path === "/dev/null") return process.untilKilled();
  let seen = process.fs.exists(path) ? process.fs.readFile(path).length : 0;
  process.onExit(
    process.fs.watch(path, () => {
      if (process.exitCode !== undefined || !process.fs.exists(path)) return;
      const data = process.fs.readFile(path);
      if (data.length < seen) seen = 0;
      void process.print(data.subarray(seen));
      seen = data.length;
    }),
  );
  return process.untilKilled();
}
