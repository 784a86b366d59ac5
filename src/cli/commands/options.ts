import type { CommandSpec } from "../command.ts";
import { GLOBAL_FLAGS } from "../global-flags.ts";
import { renderFlags } from "../help.ts";

const list = () => `The following options can be passed to any command:\n\n${renderFlags(GLOBAL_FLAGS)}\n\n`;

const options: CommandSpec = {
  // Upstream has no template for it.
  help: () => Promise.resolve("\n"),
  run: (context) => Promise.resolve(context.io.out(list())),
};

export default options;
