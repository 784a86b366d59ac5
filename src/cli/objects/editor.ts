import * as host from "../../host/cli-host.ts";
import { StatusError } from "../../api/status.ts";
import { sameJson } from "../../api/merge-patch.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { groupResourceOf, type ResourceInfo } from "../connection/discovery.ts";
import { ExitError, messageOf } from "../errors.ts";
import { renderJson, sortKeys, withoutManagedFields } from "../printers/output.ts";
import type { ApiObject } from "./resources.ts";

/** An object that is edited, and what to do with it afterwards. */
export interface Edited {
  readonly info: ResourceInfo;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly object: ApiObject;
}

interface Reason {
  readonly head: string;
  readonly causes: readonly string[];
}

const HEADER =
  "# Please edit the object below. Lines beginning with a '#' will be ignored,\n# and an empty file will abort the edit. If an error occurs while saving this file will be\n# reopened with the relevant failures.\n#\n";
export const APPLIED_HEADER =
  "# Please edit the 'last-applied-configuration' annotations below.\n# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.\n#\n";

/**
 * Opens an editor on objects until what it saves is accepted, nothing was changed, or the user gives up.
 * Upstream: kubectl/pkg/cmd/util/editor/editoptions.go
 */
export async function editObjects(
  context: CommandContext,
  all: readonly Edited[],
  options: {
    readonly header?: string;
    /** Sends one object that was changed; a StatusError is told, and the editor opens again when the object was invalid. */
    save(original: Edited, changed: ApiObject): Promise<void>;
    skipped?(original: Edited, changed: ApiObject): void;
  },
): Promise<void> {
  const original = await fileText(context, all);
  let content = original;
  let reasons: Reason[] = [];
  let before: string | undefined;
  for (;;) {
    const header = context.flags.text("output") === "json" ? "" : renderHeader(options.header ?? HEADER, reasons);
    const file = await launch(context, windowsLines(context, `${header}${content}`));
    const edited = host.readText(file).replaceAll("\r\n", "\n");
    const discard = () => host.removeFile(file);
    if (before !== undefined && strip(before) === strip(edited)) {
      context.io.err(`A copy of your changes has been stored to ${JSON.stringify(file)}\n`);
      throw new Error("Edit cancelled, no valid changes were saved.");
    }
    const invalid = await validationFailure(all, edited);
    if (invalid) {
      context.io.err(`error: ${invalid.what} is invalid\n`);
      reasons = [invalid.reason];
      before = edited;
      content = withoutComments(edited);
      discard();
      continue;
    }
    if (strip(edited) === strip(original)) {
      discard();
      context.io.err("Edit cancelled, no changes made.\n");
      return;
    }
    if (strip(edited).trim() === "") {
      discard();
      context.io.err("Edit cancelled, saved file was empty.\n");
      return;
    }
    const outcome = await saveAll(context, all, edited, file, options);
    if (outcome === undefined) return discard();
    reasons = [...outcome];
    before = edited;
    content = withoutComments(edited);
    discard();
  }
}

const withoutComments = (text: string) =>
  text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");

/** What cannot even be read as objects is refused before anything else is looked at. */
async function validationFailure(
  all: readonly Edited[],
  edited: string,
): Promise<{ readonly what: string; readonly reason: Reason } | undefined> {
  const { parseManifests } = await import("./manifests.ts");
  const [first] = all;
  let problem = "invalid object to validate";
  try {
    if ((await parseManifests(edited, "edited-file")).length > 0) return undefined;
  } catch (error) {
    problem = messageOf(error)
      .replace(/^error parsing edited-file: /, "")
      .replace(/^error validating "edited-file": error validating data: (.*); if you choose.*$/, "$1");
  }
  const what = first ? `${groupResourceOf(first.info)} ${JSON.stringify(first.name)}` : "";
  return {
    what,
    reason: { head: `${what} was not valid`, causes: [`<nil>: Invalid value: "The edited file failed validation": ${problem}`] },
  };
}

/** Undefined when all is done, else why the editor must open again. */
async function saveAll(
  context: CommandContext,
  all: readonly Edited[],
  edited: string,
  file: string,
  options: Parameters<typeof editObjects>[2],
): Promise<readonly Reason[] | undefined> {
  const { parseManifests, requireKind } = await import("./manifests.ts");
  let changed: ApiObject[];
  try {
    changed = (await parseManifests(edited, "edited-file")).map(({ object }) => object);
    for (const object of changed) await requireKind(context, object, "edited-file");
  } catch (error) {
    return [{ head: `The edited file had a syntax error: ${messageOf(error)}`, causes: [] }];
  }
  const results = { reasons: [] as Reason[], notFound: 0, retry: 0 };
  try {
    for (const object of changed) {
      const original =
        all.find((each) => each.object.metadata.uid === object.metadata.uid) ??
        (all.length === 1 && all[0]?.object.metadata.uid === undefined ? all[0] : undefined);
      if (!original) throw new Error(`no original object found for ${JSON.stringify(object)}`);
      if (sameJson(withoutManagedFields(original.object), object)) options.skipped?.(original, object);
      else await saveOne(context, original, object, options.save, results);
    }
  } catch (error) {
    context.io.err(`A copy of your changes has been stored to ${JSON.stringify(file)}\n`);
    throw error;
  }
  if (results.retry > 0) throw new ExitError(`You can run \`kubectl replace -f ${file}\` to try this update again.`);
  if (results.notFound > 0) throw new ExitError(`The edits you made on deleted resources have been saved to ${JSON.stringify(file)}`);
  return results.reasons.length > 0 ? results.reasons : undefined;
}

async function saveOne(
  context: CommandContext,
  original: Edited,
  object: ApiObject,
  save: (original: Edited, changed: ApiObject) => Promise<void>,
  results: { reasons: Reason[]; notFound: number; retry: number },
): Promise<void> {
  try {
    await save(original, object);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const what = `${groupResourceOf(original.info)} ${JSON.stringify(original.name)}`;
    if (error.reason === "Invalid") {
      const causes = (error.status.details?.causes ?? []).map((cause) => `${cause.field ?? ""}: ${cause.message ?? ""}`);
      results.reasons.push({ head: `${what} was not valid`, causes });
      context.io.err(`error: ${what} is invalid\n`);
    } else if (error.reason === "NotFound") {
      results.notFound++;
      context.io.err(`error: ${what} could not be found on the server\n`);
    } else {
      results.retry++;
      context.io.err(`error: ${what} could not be patched: ${error.message}\n`);
    }
  }
}

async function fileText(context: CommandContext, all: readonly Edited[]): Promise<string> {
  const [first] = all;
  const shown: Json =
    all.length === 1 && first
      ? withoutManagedFields(first.object)
      : { apiVersion: "v1", items: all.map(({ object }) => withoutManagedFields(object)), kind: "List", metadata: {} };
  return context.flags.text("output") === "json"
    ? `${renderJson(sortKeys(shown))}\n`
    : (await import("../../api/yaml.ts")).renderYaml(shown);
}

const windowsLines = ({ flags }: CommandContext, text: string) =>
  flags.bool("windows-line-endings") ? text.replaceAll("\n", "\r\n") : text;

function renderHeader(header: string, reasons: readonly Reason[]): string {
  return (
    header +
    reasons
      .map(
        ({ head, causes }) =>
          `# ${commented(head)}${causes.length > 0 ? ":" : ""}\n${causes.map((cause) => `# * ${commented(cause)}\n`).join("")}#\n`,
      )
      .join("")
  );
}

const commented = (text: string) => text.replace(/\n(?=[^#])/g, "\n# ");

/** Comments are whole lines; what is left is compared. */
const strip = (text: string) =>
  text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n")
    .replaceAll("\r", "")
    .trimEnd();

async function launch(context: CommandContext, text: string): Promise<string> {
  const file = host.temporaryFile("kubectl-edit-", context.flags.text("output") === "json" ? ".json" : ".yaml");
  host.writeText(file, text);
  const editor = host.environment("KUBE_EDITOR") || host.environment("EDITOR") || "vi";
  // Blanks separate the editor's own flags; with quotes or backslashes the shell must understand it.
  const [command = "vi", ...args] = /["'\\]/.test(editor)
    ? [host.environment("SHELL") || "/bin/bash", "-c", `${editor} ${JSON.stringify(file)}`]
    : [...editor.split(" "), file];
  let code: number;
  try {
    code = await host.runProgram(command, args);
  } catch {
    throw new Error(`${command.includes("/") ? "there was a problem with" : "unable to launch"} the editor ${JSON.stringify(editor)}`);
  }
  if (code !== 0) throw new Error(`there was a problem with the editor ${JSON.stringify(editor)}`);
  return file;
}
