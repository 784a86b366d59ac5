import { isNotFound } from "../../api/status.ts";
import { addSource } from "../objects/add-source.ts";
import type { CommandSpec } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { describeTarget, LAST_APPLIED, rememberedText } from "../apply/last-applied.ts";
import { OUTPUT_FLAGS, reporter } from "../report.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import { type ApiObject, FILE_FLAGS } from "../objects/resources.ts";

const setLastApplied: CommandSpec = {
  usage: "-f FILENAME",
  long: "Set the latest last-applied-configuration annotations by setting it to match the contents of a file, without changing anything else of the object.",
  examples:
    "# Remember what the file says as what was applied last\nkubectl apply set-last-applied -f deploy.yaml\n\n# Also when nothing is remembered yet\nkubectl apply set-last-applied -f deploy.yaml --create-annotation=true",
  flags: [
    ...FILE_FLAGS.filter(({ name }) => name !== "kustomize" && name !== "recursive"),
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    {
      name: "create-annotation",
      type: "bool",
      usage: "Will create 'last-applied-configuration' annotations if current objects doesn't have one",
    },
  ],
  async run(context) {
    const dryRun = dryRunOf(context.flags, context.io);
    await context.lookForNamespace();
    const report = await reporter(context, dryRun);
    const client = await context.client();
    const changes: (() => Promise<void>)[] = [];
    for (const target of await targetsOf(context, [])) {
      const path = pathOf(target.info, target.namespace, target.name);
      const wanted = rememberedText(target.manifest as ApiObject);
      const live = await client.get<ApiObject>(path).catch((error: unknown) => {
        throw isNotFound(error)
          ? error
          : addSource(`retrieving current configuration of:\n${describeTarget(target)}\nfrom server for:`, target.source, error);
      });
      const current = live.metadata.annotations?.[LAST_APPLIED];
      if (current === undefined && !context.flags.bool("create-annotation"))
        throw new Error(
          `no last-applied-configuration annotation found on resource: ${target.name}, to create the annotation, run the command with --create-annotation`,
        );
      if (current === wanted) {
        context.print(`set-last-applied ${target.name}: no changes required.`);
        continue;
      }
      changes.push(async () => {
        const body = { metadata: { annotations: { [LAST_APPLIED]: wanted } } };
        const patched =
          dryRun === "client"
            ? live
            : await client.json("PATCH", path, { query: dryRunQuery(dryRun), body, contentType: "application/merge-patch+json" });
        report(patched, target.info, "configured");
      });
    }
    for (const change of changes) await change();
  },
};

export default setLastApplied;
