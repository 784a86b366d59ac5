import { lettersOf, textWidth } from "./text-width.ts";

export interface Shown {
  readonly rows: readonly string[];
  readonly cursorRow: number;
  readonly cursorColumn: number;
}

export interface Typed {
  readonly prompt: string;
  /** In front of the lines after the first. */
  readonly continuation: string;
  readonly text: string;
  readonly cursor: number;
}

const TAB = "    ";

/** Breaks a prompt and what is typed behind it into the rows of a terminal. */
export function layOut({ prompt, continuation, text, cursor }: Typed, columns: number): Shown {
  const width = Math.max(columns, 2);
  const promptLines = prompt.split("\n");
  const rows = promptLines.slice(0, -1);
  let row = promptLines.at(-1) ?? "";
  let column = textWidth(row);
  let cursorRow = 0;
  let cursorColumn = 0;
  let offset = 0;
  const next = (beginning: string) => {
    rows.push(row);
    row = beginning;
    column = textWidth(beginning);
  };
  const mark = () => {
    if (offset !== cursor) return;
    // Behind the last column there is no place for a cursor.
    if (column >= width) next("");
    cursorRow = rows.length;
    cursorColumn = column;
  };
  for (const letter of lettersOf(text)) {
    mark();
    if (letter === "\n") next(continuation);
    else {
      const shown = visible(letter);
      const taken = textWidth(shown);
      if (column + taken > width) next("");
      row += shown;
      column += taken;
    }
    offset += letter.length;
  }
  mark();
  rows.push(row);
  return { rows, cursorRow, cursorColumn };
}

/** As many rows as there is room for, those around the cursor. */
export function clip(shown: Shown, height: number): Shown {
  if (shown.rows.length <= height) return shown;
  const first = Math.max(0, Math.min(shown.cursorRow - height + 1, shown.rows.length - height));
  return { ...shown, rows: shown.rows.slice(first, first + height), cursorRow: shown.cursorRow - first };
}

function visible(letter: string): string {
  if (letter === "\t") return TAB;
  const code = letter.charCodeAt(0);
  return code < 0x20 || code === 0x7f ? `^${String.fromCharCode(code ^ 0x40)}` : letter;
}

/** How far down the cursor is once the terminal has broken the rows anew at another width. */
export function rowAfterResize({ rows, cursorRow, cursorColumn }: Shown, columns: number): number {
  const above = rows.slice(0, cursorRow).reduce((sum, row) => sum + Math.max(1, Math.ceil(textWidth(row) / columns)), 0);
  return above + Math.floor(cursorColumn / columns);
}

export interface Candidate {
  /** What stands in the line. */
  readonly text: string;
  /** What the list shows. */
  readonly label: string;
  /** Follows the text when it is the only one: a blank, a quote. */
  readonly end: string;
}

const GAP = 2;

/** Candidates in columns that fit, downwards as `ls` has them; what there is no room for is counted. */
export function candidateRows(labels: readonly string[], columns: number, height: number): string[] {
  const widest = Math.max(...labels.map(textWidth));
  const across = Math.max(1, Math.floor((columns + GAP) / (widest + GAP)));
  const down = Math.ceil(labels.length / across);
  const rows = Array.from({ length: down }, (_, row) =>
    Array.from({ length: across }, (__, column) => labels[column * down + row])
      .filter((label) => label !== undefined)
      .map((label) => label + " ".repeat(widest + GAP - textWidth(label)))
      .join("")
      .trimEnd(),
  );
  if (rows.length <= height) return rows;
  const shown = Array.from({ length: height - 1 }, (_, row) => row);
  const lines = shown.map((row) =>
    Array.from({ length: across }, (_, column) => labels[row * across + column] ?? "")
      .map((label) => label + " ".repeat(widest + GAP - textWidth(label)))
      .join("")
      .trimEnd(),
  );
  return [...lines, `... ${labels.length - shown.length * across} more`];
}

/** What all begin with. */
export function beginningOf(texts: readonly string[]): string {
  const [first = "", ...others] = texts;
  let length = first.length;
  for (const other of others) {
    let same = 0;
    while (same < length && first[same] === other[same]) same++;
    length = same;
  }
  // Half a letter is none.
  return /[\ud800-\udbff]$/.test(first.slice(0, length)) ? first.slice(0, length - 1) : first.slice(0, length);
}
