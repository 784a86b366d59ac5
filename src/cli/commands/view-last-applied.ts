import type { CommandSpec } from "../command.ts";
import { LAST_APPLIED } from "../last-applied.ts";
import { renderJson } from "../printers/output.ts";
import { fetchObjects, FILE_FLAGS, SELECTOR_FLAG, targetsOf } from "../resources.ts";

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
    const found = await fetchObjects(context, await targetsOf(context), {
      selector: context.flags.text("selector"),
    });
    for (const { name, object, info } of found) {
      const text = object.metadata.annotations?.[LAST_APPLIED];
      if (text === undefined)
        throw new Error(`no last-applied-configuration annotation found on resource: ${name}`);
      void info;
      if (context.flags.text("output") === "json") context.print(renderJson(JSON.parse(text), 2));
      else {
        const { renderYaml } = await import("../../api/yaml.ts");
        context.io.out(renderYaml(JSON.parse(text)));
      }
    }
  },
};

export default viewLastApplied;
