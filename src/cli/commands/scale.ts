import { StatusError } from "../../api/status.ts";
import type { CommandSpec } from "../command.ts";
import { pathOf } from "../discovery.ts";
import { DRY_RUN_FLAG, dryRunOf, dryRunQuery } from "../dry-run.ts";
import { throwAll } from "../errors.ts";
import { reporter, OUTPUT_FLAGS } from "../report.ts";
import { fetchObjects, FILE_FLAGS, hasFiles, SELECTOR_FLAG, targetsOf } from "../resources.ts";

const scale: CommandSpec = {
  usage: "[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)",
  long: "Set a new size for a deployment, replica set, replication controller, or stateful set.",
  examples:
    "# Three replicas\nkubectl scale --replicas=3 rs/foo\n\n# Only if there are two now\nkubectl scale --current-replicas=2 --replicas=3 deployment/mysql",
  flags: [
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    SELECTOR_FLAG,
    { name: "all", type: "bool", usage: "Select all resources of the given types" },
    {
      name: "current-replicas",
      type: "int",
      default: -1,
      usage: "Only scale when this is the current size. -1 (default) for no condition.",
    },
    {
      name: "replicas",
      type: "int",
      default: 0,
      required: true,
      usage: "The new desired number of replicas. Required.",
    },
    {
      name: "resource-version",
      type: "string",
      usage: "Only scale when this is the current version.",
    },
    {
      name: "timeout",
      type: "duration",
      default: "0s",
      usage: "How long to wait for the scale, zero means don't wait.",
    },
  ],
  async run(context) {
    const { flags } = context;
    const replicas = flags.number("replicas");
    if (replicas < 0) throw new Error("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
    if (context.args.length === 0 && !hasFiles(context))
      throw new Error(
        "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
      );
    const dryRun = dryRunOf(flags, context.io);
    const report = await reporter(context, dryRun);
    const client = await context.client();
    const errors: unknown[] = [];
    const found = await fetchObjects(context, await targetsOf(context), {
      selector: flags.text("selector"),
      errors,
    });
    for (const { info, namespace, name, object } of found) {
      try {
        const spec = object["spec"] as { replicas?: number } | undefined;
        const expected = flags.number("current-replicas");
        if (expected >= 0 && spec?.replicas !== expected)
          throw new Error(`Expected replicas to be ${expected}, was ${spec?.replicas ?? 0}`);
        const version = flags.text("resource-version");
        if (version !== "" && object.metadata.resourceVersion !== version)
          throw new Error(`Expected resource version to be ${version}, was ${object.metadata.resourceVersion}`);
        if (!info.subresources.includes("scale"))
          throw new StatusError({ code: 404, reason: "NotFound", message: "the server could not find the requested resource" });
        if (dryRun !== "client")
          await client.json("PATCH", pathOf(info, namespace, name, "scale"), {
            query: dryRunQuery(dryRun),
            body: { spec: { replicas } },
            contentType: "application/merge-patch+json",
          });
        report(flags.text("output") === "" ? object : { ...object, spec: { ...spec, replicas } }, info, "scaled");
      } catch (error) {
        errors.push(error);
      }
    }
    if (found.length === 0 && errors.length === 0) throw new Error("no objects passed to scale");
    throwAll(errors);
  },
};

export default scale;
