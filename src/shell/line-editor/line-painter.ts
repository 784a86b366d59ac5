import { clip, layOut, rowAfterResize, type Shown, type Typed } from "./layout.ts";
import { textWidth } from "./text-width.ts";

/** The terminal that lines are edited on. */
export interface EditorTerminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Tells of what is typed, character by character and without echo, until the returned function is called. */
  listen(listeners: TerminalListeners): () => void;
}

export interface TerminalListeners {
  typed(bytes: Uint8Array): void;
  resized(): void;
  ended(): void;
}

const NOTHING: Shown = { rows: [""], cursorRow: 0, cursorColumn: 0 };
const BRACKETED_PASTE_ON = "\u001b[?2004h";
const BRACKETED_PASTE_OFF = "\u001b[?2004l";
const CLEAR_BELOW = "\r\u001b[J";

/** Keeps what a terminal shows of a line in step with the line. */
export class LinePainter {
  readonly #terminal: EditorTerminal;
  #shown = NOTHING;

  constructor(terminal: EditorTerminal) {
    this.#terminal = terminal;
  }

  /** The prompt begins a row of its own, also behind output without a newline: blanks that fill a row wrap there only. */
  begin(): void {
    this.#shown = NOTHING;
    this.#terminal.write(`${" ".repeat(Math.max(0, this.#terminal.columns - 1))}\r${BRACKETED_PASTE_ON}`);
  }

  end(): void {
    this.#terminal.write(BRACKETED_PASTE_OFF);
  }

  paint(typed: Typed): void {
    const { columns, rows } = this.#terminal;
    const before = this.#shown;
    const after = clip(layOut(typed, columns), rows);
    this.#shown = after;
    const added = onlyAdded(before, after);
    if (added !== undefined) return added === "" ? undefined : this.#terminal.write(added);
    const last = after.rows.length - 1;
    this.#terminal.write(
      up(before.cursorRow) +
        CLEAR_BELOW +
        after.rows.join("\r\n") +
        up(last - after.cursorRow) +
        `\r${after.cursorColumn > 0 ? `\u001b[${after.cursorColumn}C` : ""}`,
    );
  }

  /** Rows between the line and itself, painted anew below. */
  printBelow(rows: readonly string[]): void {
    const below = this.#shown.rows.length - 1 - this.#shown.cursorRow;
    this.#terminal.write(`${below > 0 ? `\u001b[${below}B` : ""}\r\n\u001b[J${rows.map((row) => `${row}\r\n`).join("")}`);
    this.#shown = NOTHING;
  }

  clearScreen(): void {
    this.#terminal.write("\u001b[H\u001b[2J");
    this.#shown = NOTHING;
  }

  /** The terminal has broken the rows anew. */
  resized(typed: Typed): void {
    this.#terminal.write(up(rowAfterResize(this.#shown, this.#terminal.columns)) + CLEAR_BELOW);
    this.#shown = NOTHING;
    this.paint(typed);
  }
}

const up = (rows: number) => (rows > 0 ? `\u001b[${rows}A` : "");

/** What was typed at the end of the last row, when that is all that has changed. */
function onlyAdded(before: Shown, after: Shown): string | undefined {
  const last = after.rows.length - 1;
  if (before.rows.length !== after.rows.length || before.cursorRow !== last || after.cursorRow !== last) return undefined;
  if (before.rows.some((row, index) => index < last && row !== after.rows[index])) return undefined;
  const [old = "", now = ""] = [before.rows[last], after.rows[last]];
  const isAtEnd = textWidth(old) === before.cursorColumn && textWidth(now) === after.cursorColumn;
  return isAtEnd && old !== "" && now.startsWith(old) ? now.slice(old.length) : undefined;
}
