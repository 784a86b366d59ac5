import { StatusError } from "../../api/status.ts";
import { pathOf } from "../connection/discovery.ts";
import { ExitError, messageOf } from "../errors.ts";
import type { ApiObject, Target } from "../objects/resources.ts";
import { warnIfDeleting, writeQuery, type Applying } from "./applying.ts";
import { keepLastApplied, migrateManagers } from "./ownership-migration.ts";

/** Upstream: ApplyOptions.applyOneObject, the part for --server-side */
export async function applyServerSide(applying: Applying, target: Target): Promise<void> {
  const { context, report } = applying;
  if (target.name === undefined) throw new Error("resource name may not be empty");
  let applied: ApiObject;
  try {
    applied = await sendApply(applying, target);
  } catch (error) {
    throw error instanceof StatusError && error.reason === "Conflict" ? conflictHelp(error) : error;
  }
  applied = await migrated(applying, target, applied);
  warnIfDeleting(context, applied);
  report(applied, target.info, "serverside-applied");
}

async function sendApply(applying: Applying, target: Target): Promise<ApiObject> {
  const { flags } = applying.context;
  const client = await applying.context.client();
  return client.json<ApiObject>("PATCH", pathOf(target.info, target.namespace, target.name, flags.text("subresource")), {
    query: { ...writeQuery(applying), force: flags.bool("force-conflicts") },
    body: `${JSON.stringify(target.manifest)}\n`,
    contentType: "application/apply-patch+yaml",
  });
}

/** What client-side apply owned is made server-side apply's: looked at afterwards, so that most applies are one request. Failures are told, no more. */
async function migrated(applying: Applying, target: Target, applied: ApiObject): Promise<ApiObject> {
  const warn = (what: string, again: string, error: unknown) =>
    applying.context.io.err(
      `Warning: ${what} Server-Side Apply${again}. This is non-fatal and will be retried next time you apply. Error: ${messageOf(error)}\n`,
    );
  let current = applied;
  try {
    current = await keepLastApplied(applying, target, current);
  } catch (error) {
    warn("failed to migrate kubectl.kubernetes.io/last-applied-configuration for", "", error);
    return current;
  }
  try {
    const moved = await migrateManagers(applying, target, current);
    if (moved === undefined) return current;
    current = moved;
  } catch (error) {
    warn("server rejected managed fields migration to", "", error);
    return current;
  }
  try {
    // Only now do fields go that the file no longer has.
    return await sendApply(applying, target);
  } catch (error) {
    warn("failed to re-apply configuration after performing", " migration", error);
    return current;
  }
}

function conflictHelp(error: StatusError): Error {
  return new ExitError(`error: ${error.message}
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`);
}
