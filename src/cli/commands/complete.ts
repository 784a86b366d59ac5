import { printCompletions } from "../completion/cobra-completion.ts";
import type { CommandSpec } from "../command.ts";

/** What the shells' scripts ask, with the words so far; the last is being typed. */
export const complete = (withDescriptions: boolean): CommandSpec => ({
  takesAnything: true,
  async run({ args, io }) {
    if (args.length === 0) throw new Error("requires at least 1 arg(s), only received 0");
    await printCompletions(args, io, withDescriptions);
  },
});
