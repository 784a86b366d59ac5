import * as host from "../../host/cli-host.ts";
import { contentTypeFor, difference } from "../change.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { pathOf } from "../discovery.ts";
import { renderError } from "../errors.ts";
import {
  FIELD_MANAGER_FLAG,
  fieldValidation,
  OUTPUT_FLAGS,
  reporter,
  VALIDATE_FLAG,
} from "../report.ts";
import {
  fetchObjects,
  FILE_FLAGS,
  hasFiles,
  targetsOf,
  type ApiObject,
  type Found,
} from "../resources.ts";
import { renderJson, withoutManagedFields } from "../printers/output.ts";

const HEADER =
  "# Please edit the object below. Lines beginning with a '#' will be ignored,\n# and an empty file will abort the edit. If an error occurs while saving this file will be\n# reopened with the relevant failures.\n#\n";

const edit: CommandSpec = {
  usage: "(RESOURCE/NAME | -f FILENAME)",
  long: "Edit a resource from the default editor.\n\n The editor is $KUBE_EDITOR, $EDITOR, or vi.",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    VALIDATE_FLAG,
    FIELD_MANAGER_FLAG("kubectl-edit"),
    { name: "output-patch", type: "bool", usage: "Output the patch if the resource is edited." },
    { name: "save-config", type: "bool", usage: "Accepted for compatibility." },
    { name: "subresource", type: "string", usage: "Edit this subresource instead." },
    { name: "windows-line-endings", type: "bool", usage: "Use the line endings of Windows." },
  ],
  async run(context) {
    if (context.args.length === 0 && !hasFiles(context))
      throw new Error("must specify one of -f and -k");
    const found = await fetchObjects(context, await targetsOf(context));
    for (const each of found) await editOne(context, each);
  },
};

export default edit;

async function editOne(context: CommandContext, found: Found): Promise<void> {
  const { renderYaml } = await import("../../api/yaml.ts");
  const json = context.flags.text("output") === "json";
  const shown = withoutManagedFields(found.object) as ApiObject;
  const text = json ? `${renderJson(shown)}\n` : renderYaml(shown);
  const file = host.joinPath(
    host.temporaryFolder("kubectl-edit-"),
    json ? "edit.json" : "edit.yaml",
  );
  let content = json ? text : HEADER + text;
  let failure = "";
  for (;;) {
    host.writeText(file, failure + content);
    await openEditor(file);
    const edited = host.readText(file);
    if (strip(edited) === strip(content) && failure !== "") {
      host.removeFile(host.folderOf(file));
      throw new Error("Edit cancelled, no valid changes were saved.");
    }
    if (strip(edited) === "" || strip(edited) === strip(text)) {
      context.io.err("Edit cancelled, no changes made.\n");
      return;
    }
    try {
      await save(context, found, shown, edited);
      host.removeFile(host.folderOf(file));
      return;
    } catch (error) {
      const { text: message } = renderError(error);
      context.io.err(message);
      failure =
        HEADER +
        message
          .trim()
          .split("\n")
          .map((line) => `# ${line}\n`)
          .join("") +
        "#\n";
      content = edited
        .split("\n")
        .filter((line) => !line.startsWith("#"))
        .join("\n");
    }
  }
}

async function save(
  context: CommandContext,
  found: Found,
  shown: ApiObject,
  edited: string,
): Promise<void> {
  const { parseYamlDocuments } = await import("../../api/parse-yaml.ts");
  const changed = parseYamlDocuments(edited)[0] as ApiObject;
  const patch = await difference({ info: found.info, object: shown }, changed);
  const path = pathOf(found.info, found.namespace, found.name, context.flags.text("subresource"));
  const query = {
    fieldManager: context.flags.text("field-manager"),
    fieldValidation: fieldValidation(context),
  };
  const result = await (
    await context.client()
  ).json("PATCH", path, { query, body: patch, contentType: contentTypeFor(found) });
  if (context.flags.bool("output-patch")) context.print(`Patch: ${JSON.stringify(patch)}`);
  (await reporter(context.flags.has("output") ? context : context))(result, found.info, "edited");
}

const strip = (text: string) =>
  text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .trim();

async function openEditor(file: string): Promise<void> {
  const [command = "vi", ...args] = (
    host.environment("KUBE_EDITOR") ||
    host.environment("EDITOR") ||
    "vi"
  ).split(" ");
  let code: number;
  try {
    code = await host.runProgram(command, [...args, file]);
  } catch {
    throw new Error(`unable to launch the editor ${JSON.stringify(command)}`);
  }
  if (code !== 0) throw new Error(`there was a problem with the editor ${JSON.stringify(command)}`);
}
