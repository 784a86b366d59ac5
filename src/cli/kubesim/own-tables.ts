import type { Io } from "../io.ts";
import { tableWriter } from "../printers/tab-writer.ts";

/** A list of kubesim's own: a framed table on a terminal, plain columns in a pipe. */
export async function renderList(io: Io, headers: readonly string[], rows: readonly (readonly string[])[]): Promise<string> {
  if (!io.isTerminal("out")) return tableWriter().render([headers, ...rows].map((row) => `${row.join("\t")}\n`).join(""));
  const [{ default: CliTable }, { default: chalk }] = await Promise.all([import("cli-table3"), import("chalk")]);
  const table = new CliTable({
    head: headers.map((header) => chalk.bold(header)),
    style: { head: [], border: ["gray"] },
  });
  table.push(...rows.map((row) => [...row]));
  return `${table.toString()}\n`;
}
