import type { CommandSpec } from "../command.ts";

const cp: CommandSpec = {
  usage: "<file-spec-src> <file-spec-dest>",
  long: "Copy files and directories to and from containers.",
  flags: [
    { name: "container", shorthand: "c", type: "string", usage: "Container name." },
    {
      name: "no-preserve",
      type: "bool",
      usage:
        "The copied file/directory's ownership and permissions will not be preserved in the container",
    },
    { name: "retries", type: "int", default: 0, usage: "Accepted for compatibility" },
  ],
  async run(context) {
    if (context.args.length !== 2) throw context.usage("source and destination are required");
    throw new Error('kubesim does not have "kubectl cp" yet');
  },
};

export default cp;
