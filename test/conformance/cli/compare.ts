import type { Outcome } from "./run-client.ts";

export type Comparison = "exact" | "layout" | "layout-of-help" | "any-order" | "status";

/** The differences between what kubectl and kubesim said, or "" when they agree. */
export function compareOutcomes(theirs: Outcome, ours: Outcome, how: Comparison): string {
  const parts: string[] = [];
  if (how !== "status") {
    const helps = [theirs, ours].every(({ stdout }) => stdout.includes("\nUsage:\n"));
    const view =
      how === "layout" || (how === "layout-of-help" && helps) ? layoutOf : how === "any-order" ? sortedLines : (text: string) => text;
    parts.push(difference("stdout", view(theirs.stdout), view(ours.stdout)), difference("stderr", view(theirs.stderr), view(ours.stderr)));
  }
  if (theirs.status !== ours.status) parts.push(`  exit code: kubectl ${theirs.status}, kubesim ${ours.status}`);
  return parts.filter((part) => part !== "").join("\n");
}

/** What stands where, without the prose: headings, usage, the flags with their defaults, the names of commands. */
function layoutOf(text: string): string {
  const kept: string[] = [];
  let section = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("error: ")) kept.push(line);
    if (/^\S.*:$/.test(line)) section = line;
    if (/^\S.*:$/.test(line) && /^(Aliases|Examples|Options|Usage|Available Commands|.*Commands( \(.*\))?):$/.test(line)) kept.push(line);
    else if (/^ {4}(-\w, )?--[\w-]+=.*:$/.test(line)) kept.push(line);
    else if (section === "Aliases:" && line !== "" && line !== section) kept.push(line);
    else if (section === "Usage:" && line.startsWith("  ")) kept.push(line);
    else if (section.includes("Commands") && /^ {2}\S/.test(line)) kept.push(line.replace(/^( {2}\S+ +).*$/, "$1"));
    else if (line.startsWith('Use "')) kept.push(line);
  }
  return kept.join("\n");
}

const sortedLines = (text: string) => text.split("\n").sort().join("\n");

/** A line diff: `-` is kubectl's, `+` ours. */
export function difference(title: string, theirs: string, ours: string): string {
  if (theirs === ours) return "";
  const a = theirs.split("\n");
  const b = ours.split("\n");
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const lines = lineDiff(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const shown = lines.length > 60 ? [...lines.slice(0, 60), `… ${lines.length - 60} more`] : lines;
  return [`  ${title}, from line ${start + 1}:`, ...shown.map((line) => `    ${line}`)].join("\n");
}

/** By the longest common subsequence; long texts are simply shown one after the other. */
function lineDiff(a: readonly string[], b: readonly string[]): string[] {
  if (a.length * b.length > 4_000_000) return [...a.map((line) => `- ${line}`), ...b.map((line) => `+ ${line}`)];
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const out: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) out.push(`- ${visible(a[i++] ?? "")}`);
    else out.push(`+ ${visible(b[j++] ?? "")}`);
  }
  return out;
}

/** Blanks at the end of a line and tabs are shown: they count. */
const visible = (line: string) => line.replace(/\t/g, "→").replace(/ +$/, (blanks) => "·".repeat(blanks.length));
