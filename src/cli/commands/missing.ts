import type { CommandSpec } from "../command.ts";

/** A command of kubectl's that kubesim does not have: said plainly, whatever the flags. */
export function missingCommand(name: string): CommandSpec {
  return {
    stopAtFirstArgument: true,
    run: async () => {
      throw new Error(`kubesim does not have "kubectl ${name}" yet`);
    },
  };
}
