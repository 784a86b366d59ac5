import type { CommandSpec } from "../command.ts";
import { LAST_APPLIED } from "../last-applied.ts";
import { renderJson } from "../printers/output.ts";
import { hasFiles, targetsOf } from "../resource-arguments.ts";
import { fetchObjects, FILE_FLAGS, SELECTOR_FLAG } from "../resources.ts";

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
    if (context.args.length === 0 && !hasFiles(context))
      throw new Error(
        "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
      );
    const found = await fetchObjects(context, await targetsOf(context, context.args, { needsNames: true, allSelects: true }), {
      selector: context.flags.text("selector"),
    });
    for (const { object } of found) {
      const text = object.metadata.annotations?.[LAST_APPLIED];
      // One that was never applied is passed over without a word.
      if (text === undefined) continue;
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
