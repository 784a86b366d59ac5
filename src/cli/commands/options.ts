import type { CommandSpec } from "../command.ts";
import { GLOBAL_FLAGS } from "../global-flags.ts";
import { renderFlags } from "../help.ts";

const options: CommandSpec = {
  async run(context) {
    context.io.out(
      `The following options can be passed to any command:\n\n${renderFlags(GLOBAL_FLAGS.filter((flag) => !flag.hidden))}\n\n`,
    );
  },
};

export default options;
