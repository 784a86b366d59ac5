import type { CommandContext } from "../command.ts";
import { throwVisited } from "../errors.ts";
import { hasFiles } from "./resource-arguments.ts";
import { fetchObjects, isSingle, type FetchOptions, type Found, type Target } from "./resources.ts";

export interface Visited extends Omit<FetchOptions, "errors"> {
  readonly targets: readonly Target[];
  /** What was wrong with the targets already. */
  readonly unread: unknown[];
}

/** Objects that the command line names are read one by one; those of files and lists all at once. */
export const areNamed = (context: CommandContext, targets: readonly Target[]): boolean => !hasFiles(context) && targets.every(isSingle);

/** Acts on one object after the other, tells at the end what failed, and returns how many there were. Upstream: ContinueOnErrorVisitor */
export async function visitObjects(context: CommandContext, visited: Visited, act: (found: Found) => Promise<void>): Promise<number> {
  const { targets, unread, ...options } = visited;
  const failed: unknown[] = [];
  let count = 0;
  const visit = async (some: readonly Target[], errors: unknown[]) => {
    for (const found of await fetchObjects(context, some, { ...options, errors })) {
      count++;
      await act(found).catch((error: unknown) => failed.push(error));
    }
  };
  if (areNamed(context, targets)) for (const target of targets) await visit([target], failed);
  else await visit(targets, unread);
  throwVisited(failed, unread);
  return count;
}
