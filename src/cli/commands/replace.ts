import { isNotFound } from "../../api/status.ts";
import { addSource } from "../add-source.ts";
import type { CommandSpec } from "../command.ts";
import { deleteAndWait } from "../delete-objects.ts";
import { pathOf, singularName } from "../discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { LAST_APPLIED, withLastApplied } from "../last-applied.ts";
import { FIELD_MANAGER_FLAG, fieldValidation, OUTPUT_FLAGS, reporter, VALIDATE_FLAG } from "../report.ts";
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
    const { flags } = context;
    if (flags.has("raw")) return (await import("../raw-request.ts")).sendRaw(context, "PUT");
    if (!hasFiles(context)) throw new Error("must specify one of -f and -k");
    if (flags.number("grace-period") >= 0 && !flags.bool("force")) throw new Error("--grace-period must have --force specified");
    if (flags.number("timeout") !== 0 && !flags.bool("force")) throw new Error("--timeout must have --force specified");
    const validation = fieldValidation(context);
    const dryRun = dryRunOf(flags, context.io);
    const report = await reporter(context, dryRun);
    const client = await context.client();
    const errors: unknown[] = [];
    const targets = await targetsOf(context, context.args, { errors });
    for (const target of targets) {
      try {
        const manifest = target.manifest as ApiObject;
        const object = flags.bool("save-config") || manifest.metadata.annotations?.[LAST_APPLIED] ? withLastApplied(manifest) : manifest;
        const query = {
          fieldManager: flags.text("field-manager"),
          fieldValidation: validation,
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
          const from = target.namespace ? ` from ${target.namespace} namespace` : "";
          context.print(`${singularName(target.info)} ${JSON.stringify(target.name)} deleted${from}`);
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
            await client.json("PUT", pathOf(target.info, target.namespace, target.name, flags.text("subresource")), {
              query,
              body: object,
            }),
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
