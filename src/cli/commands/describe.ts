import { isNotFound } from "../../api/status.ts";
import { nowMs } from "../../host/cli-host.ts";
import type { CommandContext, CommandSpec } from "../command.ts";
import { describeObject } from "../describe/describe-object.ts";
import { pathOf } from "../connection/discovery.ts";
import { throwAll } from "../errors.ts";
import { collectedTargets, hasFiles, targetsOf } from "../objects/resource-arguments.ts";
import { ALL_NAMESPACES_FLAG, fetchObjects, FILE_FLAGS, SELECTOR_FLAG, type Found } from "../objects/resources.ts";

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
    await context.checkConfig();
    if (context.args.length === 0 && !hasFiles(context)) {
      throw new Error(
        'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.\n',
      );
    }
    const errors: unknown[] = [];
    const options = { selector: context.flags.text("selector"), chunkSize: context.flags.number("chunk-size") };
    const found = await fetchObjects(context, await collectedTargets(context, errors, { asWritten: true }), { ...options, errors });
    // Events are for one object; of many they are shown only when they are asked for.
    const showEvents =
      context.flags.bool("show-events") && (context.flags.has("show-events") || (found.length <= 1 && errors.length === 0));
    if (errors.length === 1 && isNotFound(errors[0]) && context.args.length === 2) return describeMatching(context, errors[0], showEvents);
    let first = true;
    for (const each of found) {
      try {
        context.io.out((first ? "" : "\n\n") + (await one(context, each, showEvents)));
        first = false;
      } catch (error) {
        errors.push(error);
      }
    }
    if (found.length === 0 && errors.length === 0)
      context.io.err(
        context.flags.bool("all-namespaces") ? "No resources found\n" : `No resources found in ${await context.namespace()} namespace.\n`,
      );
    throwAll(errors);
  },
};

export default describe;

/** A name that is nobody's is tried as the beginning of names. Upstream: DescribeMatchingResources */
async function describeMatching(context: CommandContext, notFound: unknown, showEvents: boolean): Promise<void> {
  const [type = "", prefix = ""] = context.args;
  if (type.includes("/")) throw notFound;
  if (type.includes(",")) throw new Error("you may only specify a single resource type");
  const found = await fetchObjects(context, await targetsOf(context, [type]), { chunkSize: context.flags.number("chunk-size") });
  const matching = found.filter(({ name }) => name.startsWith(prefix));
  if (matching.length === 0) throw notFound;
  for (const each of matching) context.io.out(`${await one(context, each, showEvents)}\n`);
}

async function one(context: CommandContext, { info, namespace, name }: Found, showEvents: boolean): Promise<string> {
  const client = await context.client();
  const object = await client.get<Found["object"]>(pathOf(info, namespace, name));
  return describeObject({ client, info, object, nowMs: client.serverNowMs ?? nowMs(), showEvents });
}
