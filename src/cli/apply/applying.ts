import type { CommandContext } from "../command.ts";
import { dryRunQuery, type DryRun } from "../dry-run.ts";
import type { Query } from "../connection/client.ts";
import { fieldValidation, type Report } from "../report.ts";
import type { ApiObject } from "../objects/resources.ts";

/** One run of apply, as what handles its objects sees it. */
export interface Applying {
  readonly context: CommandContext;
  readonly dryRun: DryRun;
  readonly report: Report;
}

/** Upstream: cmdutil.GetFieldManagerFlag */
export const fieldManagerOf = ({ flags }: CommandContext): string =>
  flags.has("field-manager") || !flags.bool("server-side") ? flags.text("field-manager") : "kubectl";

/** The parameters of every write. */
export const writeQuery = ({ context, dryRun }: Applying): Query => ({
  fieldManager: fieldManagerOf(context),
  fieldValidation: fieldValidation(context),
  ...dryRunQuery(dryRun),
});

export function warnIfDeleting({ io }: CommandContext, { metadata }: ApiObject): void {
  if (metadata.deletionTimestamp !== undefined)
    io.err(`Warning: Detected changes to resource ${metadata.name ?? ""} which is currently being deleted.\n`);
}
