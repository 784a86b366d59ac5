import { contentTypeFor, difference } from "../objects/change.ts";
import type { CommandSpec } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { editObjects } from "../objects/editor.ts";
import { LAST_APPLIED, withLastApplied } from "../apply/last-applied.ts";
import { FIELD_MANAGER_FLAG, fieldValidation, OUTPUT_FLAGS, reporter, VALIDATE_FLAG } from "../report.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import { type ApiObject, fetchObjects, FILE_FLAGS } from "../objects/resources.ts";
import { withoutManagedFields } from "../printers/output.ts";

const UNCHANGEABLE = ["apiVersion", "kind", "name"];

const edit: CommandSpec = {
  usage: "(RESOURCE/NAME | -f FILENAME)",
  long: "Edit a resource from the default editor.\n\n The editor is $KUBE_EDITOR, $EDITOR, or vi.",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    VALIDATE_FLAG,
    FIELD_MANAGER_FLAG("kubectl-edit"),
    { name: "output-patch", type: "bool", usage: "Output the patch if the resource is edited." },
    {
      name: "save-config",
      type: "bool",
      usage: "If true, the configuration is kept in the object's annotation, for later use of apply.",
    },
    { name: "subresource", type: "string", usage: "Edit this subresource instead." },
    { name: "windows-line-endings", type: "bool", usage: "Use the line endings of Windows." },
  ],
  async run(context) {
    const { flags } = context;
    const output = flags.text("output");
    if (!["", "json", "yaml", "kyaml"].includes(output))
      throw new Error(
        `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: json,kyaml,yaml`,
      );
    const query = { fieldManager: flags.text("field-manager"), fieldValidation: fieldValidation(context) };
    const found = await fetchObjects(context, await targetsOf(context), { subresource: flags.text("subresource") });
    if (found.length === 0) throw new Error("edit cancelled, no objects found");
    const client = await context.client();
    const report = await reporter(context);
    await editObjects(context, found, {
      skipped: ({ info }, object) => report(object, info, "skipped"),
      async save(original, object) {
        const { info, namespace, name } = original;
        const changed = flags.bool("save-config") ? remembering(object, original.object) : object;
        const shown = withoutManagedFields(original.object) as ApiObject;
        if (!sameIdentity(shown, changed)) throw new Error("At least one of apiVersion, kind and name was changed");
        const patch = await difference({ info, object: shown }, changed);
        if (flags.bool("output-patch")) context.print(`Patch: ${JSON.stringify(patch)}`);
        const path = pathOf(info, namespace, name, flags.text("subresource"));
        report(await client.json("PATCH", path, { query, body: patch, contentType: contentTypeFor(original) }), info, "edited");
      },
    });
  },
};

export default edit;

/** What is remembered has its managers, which were not shown to the editor. */
function remembering(object: ApiObject, { metadata: { managedFields } }: ApiObject): ApiObject {
  const whole = managedFields === undefined ? object : { ...object, metadata: { ...object.metadata, managedFields } };
  const annotation = withLastApplied(whole).metadata.annotations?.[LAST_APPLIED] ?? "";
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [LAST_APPLIED]: annotation } } };
}

const sameIdentity = (a: ApiObject, b: ApiObject) =>
  UNCHANGEABLE.every((key) => (key === "name" ? a.metadata.name === b.metadata.name : a[key] === b[key]));
