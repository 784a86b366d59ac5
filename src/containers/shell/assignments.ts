import type { Assignment } from "./ast.ts";
import { expandText, expandWords } from "./expansion.ts";
import type { Shell } from "./shell.ts";
import type { Variable } from "./shell-state.ts";

/** Assignments before a command hold while it runs. Gives what puts the old values back. */
export async function assignForCommand(shell: Shell, assignments: readonly Assignment[]): Promise<() => void> {
  const before = assignments.map(
    ({ name }) => [name, shell.variables.has(name) ? { ...(shell.variables.get(name) as Variable) } : undefined] as const,
  );
  for (const assignment of assignments) {
    await assign(shell, assignment);
    const variable = shell.variables.get(assignment.name);
    if (variable) variable.exported = true;
  }
  return () => {
    for (const [name, variable] of before) {
      if (variable) shell.variables.set(name, variable);
      else shell.variables.delete(name);
    }
  };
}

export async function assign(shell: Shell, { name, index, append, value, array }: Assignment): Promise<void> {
  if (array) {
    shell.setArray(name, await expandWords(shell, array), append);
    return;
  }
  const key = index ? await expandText(shell, index) : undefined;
  const text = await expandText(shell, value);
  shell.set(name, append ? (shell.values(name, key)?.[0] ?? "") + text : text, key);
}
