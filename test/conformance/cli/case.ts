/** One invocation, run with both clients against the same state. A text is split into words as a shell does. */
export interface Case {
  readonly command: string | readonly string[];
  readonly stdin?: string;
  /** Files of the folder that the command runs in; they are compared afterwards too. */
  readonly files?: Readonly<Record<string, string>>;
  /** `$DIR` stands for the folder, `$KUBECONFIG` for the cluster's kubeconfig. */
  readonly env?: Readonly<Record<string, string>>;
  /** kubectl command lines that the real kubectl runs before, on both clusters. */
  readonly setup?: readonly string[];
  /** "runs": the simulated time goes on while the command runs; else it stands still. */
  readonly clock?: "runs";
  /** "timed": what is written says when it was, and when the command writes is a matter of real time. The states are not compared. */
  readonly state?: "timed";
  /** Milliseconds of simulated time that pass after the command (and after the setup), before the states are compared. */
  readonly settleMs?: number;
  /** The command does not end by itself: it is interrupted after this long. */
  readonly interruptAfterMs?: number;
  /** "layout": headings and flags only (help); "layout-of-help": where both print a help. "any-order": lines may come in any order. "status": exit code only. */
  readonly compare?: "exact" | "layout" | "layout-of-help" | "any-order" | "status";
  /** The disagreement is deliberate, with the reason. It is listed in docs/differences.md. */
  readonly differs?: string;
}

export interface CaseGroup {
  readonly name: string;
  /** "read": both clients ask one cluster. "write": each has a cluster of its own, made from the same seed; their states are compared after every case. */
  readonly mode: "read" | "write";
  /** Fixture files (without .yaml) that the group's clusters hold; all of them by default for "read", none for "write". */
  readonly fixtures?: readonly string[];
  readonly cases: readonly (Case | string)[];
}

/** Words of a command line: blanks separate, quotes group, a backslash escapes outside single quotes. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? "";
    if (quote === "" && char === " ") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === "" && (char === '"' || char === "'")) {
      quote = char;
      word ??= "";
    } else if (char === quote) quote = "";
    else if (char === "\\" && quote === "") word = (word ?? "") + (line[++i] ?? "");
    else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}
