import type { CommandSpec } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { APPLIED_HEADER, type Edited, editObjects } from "../objects/editor.ts";
import { LAST_APPLIED, rememberedText } from "../apply/last-applied.ts";
import { FIELD_MANAGER_FLAG, fieldValidation, OUTPUT_FLAGS, reporter, VALIDATE_FLAG } from "../report.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import { type ApiObject, fetchObjects, FILE_FLAGS } from "../objects/resources.ts";

const editLastApplied: CommandSpec = {
  usage: "(RESOURCE/NAME | -f FILENAME)",
  long: "Edit the latest last-applied-configuration annotations of resources from the default editor.\n\n The editor is $KUBE_EDITOR, $EDITOR, or vi.",
  examples: "# Edit what was applied last of a deployment\nkubectl apply edit-last-applied deployment/nginx",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    VALIDATE_FLAG,
    FIELD_MANAGER_FLAG("kubectl-client-side-apply"),
    { name: "windows-line-endings", type: "bool", usage: "Use the line endings of Windows." },
  ],
  async run(context) {
    const found = await fetchObjects(context, await targetsOf(context));
    const remembered = found.flatMap((each): Edited[] => {
      const text = each.object.metadata.annotations?.[LAST_APPLIED];
      return text === undefined ? [] : [{ ...each, object: JSON.parse(text) as ApiObject }];
    });
    if (remembered.length === 0)
      throw new Error(
        "no last-applied-configuration annotation found on resources, to create the annotation, use command `kubectl apply set-last-applied --create-annotation`",
      );
    const client = await context.client();
    const report = await reporter(context);
    const query = { fieldManager: context.flags.text("field-manager"), fieldValidation: fieldValidation(context) };
    await editObjects(context, remembered, {
      header: APPLIED_HEADER,
      skipped: ({ info }, object) => report(object, info, "skipped"),
      async save({ info, namespace, name, object: original }, object) {
        // Managers that were remembered are not shown to the editor.
        const { managedFields } = original.metadata;
        const whole = managedFields === undefined ? object : { ...object, metadata: { ...object.metadata, managedFields } };
        const body = { metadata: { annotations: { [LAST_APPLIED]: rememberedText(whole) } } };
        await client.json("PATCH", pathOf(info, namespace, name), { query, body, contentType: "application/merge-patch+json" });
        report(object, info, "edited");
      },
    });
  },
};

export default editLastApplied;
