import type { CommandContext, CommandSpec } from "../command.ts";
import { LAST_APPLIED } from "../apply/last-applied.ts";
import { renderJson } from "../printers/output.ts";
import { targetsOf } from "../objects/resource-arguments.ts";
import { fetchObjects, FILE_FLAGS, SELECTOR_FLAG } from "../objects/resources.ts";

const viewLastApplied: CommandSpec = {
  usage: "(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)",
  flags: [
    ...FILE_FLAGS,
    SELECTOR_FLAG,
    { name: "all", type: "bool", usage: "Select all resources of the type" },
    {
      name: "output",
      shorthand: "o",
      type: "string",
      default: "yaml",
      usage: "Output format. Must be one of (yaml, json)",
    },
  ],
  async run(context) {
    const output = context.flags.text("output");
    await context.lookForNamespace();
    for (const text of await rememberedTexts(context)) {
      if (output !== "yaml" && output !== "json")
        throw context.usage(`Unexpected -o output mode: ${output}, the flag 'output' must be one of yaml|json`);
      if (context.flags.text("output") === "json") context.print(renderJson(JSON.parse(text), 2));
      else {
        const { renderYaml } = await import("../../api/yaml.ts");
        context.io.out(renderYaml(JSON.parse(text)));
      }
    }
  },
};

export default viewLastApplied;

async function rememberedTexts(context: CommandContext): Promise<string[]> {
  const texts: string[] = [];
  const selector = context.flags.text("selector");
  const both = selector !== "" && context.flags.bool("all");
  const faults = both ? [`found non-empty label selector ${JSON.stringify(selector)} with previously set 'all' parameter. `] : [];
  for (const target of await targetsOf(context, context.args, { faults, needsNames: true, allSelects: true }))
    for (const { name, object } of await fetchObjects(context, [target], { selector })) {
      const text = object.metadata.annotations?.[LAST_APPLIED];
      if (text !== undefined) texts.push(text);
      // One of the server's that was never applied is passed over without a word: kubectl wraps an error that is none.
      else if (target.source !== undefined)
        throw new Error(
          `error when no last-applied-configuration annotation found on resource: ${name}\n ${JSON.stringify(target.source)}: <nil>`,
        );
    }
  return texts;
}
