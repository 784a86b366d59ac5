import type { CommandSpec } from "../command.ts";
import { completions } from "../completions.ts";

/** What shells ask with the words so far; the last is being typed. */
const complete: CommandSpec = {
  stopAtFirstArgument: true,
  async run(context) {
    const words = context.args[0] === "--" ? context.args.slice(1) : context.args;
    for (const candidate of await completions(context.onlyLooking(), words)) context.print(candidate);
  },
};

export default complete;
