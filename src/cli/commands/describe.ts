import { isNotFound } from "../../api/status.ts";
import { nowMs } from "../../host/cli-host.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { describeObject } from "../describe/describe-object.ts";
import { pathOf } from "../discovery.ts";
import { throwAll } from "../errors.ts";
import {
  ALL_NAMESPACES_FLAG,
  fetchObjects,
  FILE_FLAGS,
  hasFiles,
  SELECTOR_FLAG,
  targetsOf,
  type Found,
  type Target,
} from "../resources.ts";

const describe: CommandSpec = {
  usage: "(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)",
  long: "Show details of a specific resource or group of resources.\n\n Related resources such as events are shown too. A name that does not exist is looked for as a prefix.",
  examples:
    "# A node\nkubectl describe nodes worker1\n\n# A pod\nkubectl describe pods/nginx\n\n# All pods with a label\nkubectl describe pods -l name=myLabel\n\n# All pods whose names begin so\nkubectl describe pods frontend",
  flags: [
    ...FILE_FLAGS,
    ALL_NAMESPACES_FLAG,
    SELECTOR_FLAG,
    {
      name: "chunk-size",
      type: "int64",
      default: 500,
      usage: "Ask for large lists in parts of this size. Pass 0 to disable.",
    },
    {
      name: "show-events",
      type: "bool",
      default: true,
      usage: "If true, show the events about the object.",
    },
  ],
  async run(context) {
    if (context.args.length === 0 && !hasFiles(context)) {
      throw new Error(
        'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.\n',
      );
    }
    const errors: unknown[] = [];
    let first = true;
    for (const target of await targetsOf(context)) {
      try {
        for (const found of await objectsFor(context, target)) {
          context.io.out((first ? "" : "\n\n") + (await one(context, found)));
          first = false;
        }
      } catch (error) {
        errors.push(error);
      }
    }
    if (first && errors.length === 0)
      context.io.err(
        context.flags.bool("all-namespaces")
          ? "No resources found\n"
          : `No resources found in ${await context.namespace()} namespace.\n`,
      );
    throwAll(errors);
  },
};

export default describe;

async function objectsFor(context: CommandContext, target: Target): Promise<Found[]> {
  const options = {
    selector: context.flags.text("selector"),
    chunkSize: context.flags.number("chunk-size"),
  };
  try {
    return await fetchObjects(context, [target], options);
  } catch (error) {
    if (!isNotFound(error) || target.name === undefined || hasFiles(context)) throw error;
    const all = await fetchObjects(context, [{ ...target, name: undefined }], options);
    const matching = all.filter(({ name }) => name.startsWith(target.name ?? ""));
    if (matching.length === 0) throw error;
    return matching;
  }
}

async function one(context: CommandContext, { info, namespace, name }: Found): Promise<string> {
  const client = await context.client();
  const object = await client.get<Found["object"]>(pathOf(info, namespace, name));
  return describeObject({
    client,
    info,
    object,
    nowMs: client.serverNowMs ?? nowMs(),
    showEvents: context.flags.bool("show-events"),
  });
}
