import { isNotFound } from "../../api/status.ts";
import { addSource } from "../add-source.ts";
import type { CommandSpec } from "../command.ts";
import { deleteAndWait } from "../delete-objects.ts";
import { pathOf } from "../discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { LAST_APPLIED, withLastApplied } from "../last-applied.ts";
import {
  FIELD_MANAGER_FLAG,
  fieldValidation,
  OUTPUT_FLAGS,
  reporter,
  VALIDATE_FLAG,
} from "../report.ts";
import { FILE_FLAGS, hasFiles, targetsOf, type ApiObject } from "../resources.ts";

const replace: CommandSpec = {
  usage: "-f FILENAME",
  long: "Replace a resource by file name or stdin. The whole object must be given, as `kubectl get TYPE NAME -o yaml` prints it.",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    FIELD_MANAGER_FLAG("kubectl-replace"),
    {
      name: "cascade",
      type: "string",
      default: "background",
      noValue: "background",
      usage: "With --force: what happens to dependents.",
    },
    { name: "force", type: "bool", usage: "Delete the object and create it anew." },
    { name: "grace-period", type: "int", default: -1, usage: "With --force: seconds to end." },
    { name: "raw", type: "string", usage: "Path to PUT to, as it is." },
    {
      name: "save-config",
      type: "bool",
      usage: "Keep the configuration in the annotation, for apply.",
    },
    { name: "subresource", type: "string", usage: "Replace this subresource instead." },
    { name: "timeout", type: "duration", default: "0s", usage: "How long to wait for the delete" },
    { name: "wait", type: "bool", usage: "Wait for the delete." },
  ],
  async run(context) {
    if (!hasFiles(context)) throw context.usage("must specify --filename to replace");
    const { flags } = context;
    const dryRun = dryRunOf(flags, context.io);
    const report = await reporter(context, dryRun);
    const client = await context.client();
    const errors: unknown[] = [];
    for (const target of await targetsOf(context)) {
      try {
        const manifest = target.manifest as ApiObject;
        const object =
          flags.bool("save-config") || manifest.metadata.annotations?.[LAST_APPLIED]
            ? withLastApplied(manifest)
            : manifest;
        const query = {
          fieldManager: flags.text("field-manager"),
          fieldValidation: fieldValidation(context),
          ...dryRunQuery(dryRun),
        };
        if (dryRun === "client") report(object, target.info, "replaced");
        else if (flags.bool("force")) {
          const grace = flags.number("grace-period") >= 0 ? flags.number("grace-period") : 0;
          await deleteAndWait(context, target, {
            propagationPolicy: "Background",
            gracePeriodSeconds: grace,
          }).catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
          context.print(`${target.info.kind.toLowerCase()} ${JSON.stringify(target.name)} deleted`);
          report(
            await client.json("POST", pathOf(target.info, target.namespace), {
              query,
              body: object,
            }),
            target.info,
            "replaced",
          );
        } else
          report(
            await client.json(
              "PUT",
              pathOf(target.info, target.namespace, target.name, flags.text("subresource")),
              { query, body: object },
            ),
            target.info,
            "replaced",
          );
      } catch (error) {
        errors.push(addSource("replacing", target.source, error));
      }
    }
    throwAll(errors);
  },
};

export default replace;
