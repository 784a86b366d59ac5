import type { CommandEntry } from "./command.ts";
import type { Io } from "./io.ts";

/** A bare `kubesim` on a terminal opens the shell. */
export function isBareShell(io: Io): boolean {
  return io.isTerminal("in") && io.isTerminal("out");
}

// What people type for a command that is called otherwise.
const SUGGESTED_FOR: Readonly<Record<string, readonly string[]>> = {
  "cluster-info": ["dump"],
  delete: ["rm"],
  describe: ["inspect"],
  get: ["list", "ps"],
  logs: [],
};

/** Upstream: cobra legacyArgs and SuggestionsFor */
export function unknownCommand(word: string, commands: readonly CommandEntry[]): string {
  const close = closeCommands(word, commands);
  const suggestions = close.length === 0 ? "" : `\n\nDid you mean this?\n${close.map((name) => `\t${name}\n`).join("")}`;
  return `error: unknown command ${JSON.stringify(word)} for "kubectl"${suggestions}`;
}

/** Commands that a word may have meant. */
export function closeCommands(word: string, commands: readonly CommandEntry[]): string[] {
  const lower = word.toLowerCase();
  return commands
    .filter(
      ({ name, hidden }) =>
        !hidden &&
        (distance(lower, name.toLowerCase()) <= 2 || name.toLowerCase().startsWith(lower) || SUGGESTED_FOR[name]?.includes(lower)),
    )
    .map(({ name }) => name);
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
