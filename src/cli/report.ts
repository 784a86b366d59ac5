import type { Json } from "./connection/client.ts";
import type { CommandContext } from "./command.ts";
import { singularName, type ResourceInfo } from "./connection/discovery.ts";
import { dryRunSuffix, type DryRun } from "./dry-run.ts";
import { findPrinter, outputFormat, OUTPUT_FLAGS, unknownFormat } from "./printers/output.ts";
import type { FlagSpec } from "./flags.ts";

export { OUTPUT_FLAGS };

/** Says what was done to an object, or prints it when -o asks for it. */
export type Report = (object: Json, info: Pick<ResourceInfo, "group" | "kind">, operation: string) => void;

export async function reporter(
  context: CommandContext,
  dryRun: DryRun = "none",
  held: "unstructured" | "typed" = "unstructured",
): Promise<Report> {
  const { format } = outputFormat(context.flags);
  const printer = await findPrinter(context.flags, held);
  if (!printer && format !== "") throw unknownFormat(context.flags.text("output"));
  return (object, info, operation) => {
    const name = (object["metadata"] as { name?: string } | undefined)?.name ?? "";
    context.io.out(printer ? printer(object) : `${singularName(info)}/${name} ${operation}${dryRunSuffix(dryRun)}\n`);
  };
}

/** For commands that hold objects of Go's types: `-o json` prints them in the order of their fields. */
export const typedReporter = (context: CommandContext, dryRun: DryRun = "none"): Promise<Report> => reporter(context, dryRun, "typed");

export const FIELD_MANAGER_FLAG = (name: string): FlagSpec => ({
  name: "field-manager",
  type: "string",
  default: name,
  usage: "Name that the changes are recorded under.",
});
export const VALIDATE_FLAG: FlagSpec = {
  name: "validate",
  type: "string",
  default: "strict",
  noValue: "strict",
  usage:
    "Must be one of: strict (or true), warn, ignore (or false). What the server does with fields that are unknown or given twice: refuse, warn, or drop them.",
};

/** The query parameter for --validate. */
export function fieldValidation(context: CommandContext): string {
  const value = context.flags.text("validate");
  if (["", "strict", "true"].includes(value)) return "Strict";
  if (value === "warn") return "Warn";
  if (["ignore", "false"].includes(value)) return "Ignore";
  throw new Error(`invalid - validate option ${JSON.stringify(value)}; must be one of: strict (or true), warn, ignore (or false)`);
}
