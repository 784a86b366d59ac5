import { letterWidth, lettersOf } from "../../src/shell/line-editor/text-width.ts";
import type { EditorTerminal, TerminalListeners } from "../../src/shell/line-editor/line-painter.ts";

/** A terminal in memory: what it shows after the control sequences that the line editor writes. */
export class Screen implements EditorTerminal {
  columns: number;
  rows: number;
  bells = 0;
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #listeners: TerminalListeners | undefined;

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  listen(listeners: TerminalListeners): () => void {
    this.#listeners = listeners;
    return () => (this.#listeners = undefined);
  }

  type(text: string | Uint8Array): void {
    this.#listeners?.typed(Buffer.from(text));
  }

  resize(columns: number): void {
    // Terminals that break lines anew keep the cursor's letter.
    const whole = this.#lines.map((line) => line.join(""));
    const place = this.#column;
    this.columns = columns;
    this.#lines = [];
    let row = 0;
    for (const [index, line] of whole.entries()) {
      const pieces = line.trimEnd() === "" ? [""] : (line.trimEnd().match(new RegExp(`.{1,${columns}}`, "g")) ?? [""]);
      if (index === this.#row) row = this.#lines.length + Math.floor(place / columns);
      this.#lines.push(...pieces.map((piece) => [...piece]));
    }
    this.#row = row;
    this.#column = place % columns;
    this.#listeners?.resized();
  }

  write(text: string): void {
    for (const [, code, letters] of text.matchAll(/(\u001b\[[?0-9;]*[A-Za-z]|[\r\n\u0007])|([^\u001b\r\n\u0007]+)/g)) {
      if (letters !== undefined) for (const letter of lettersOf(letters)) this.#put(letter);
      else this.#control(code ?? "");
    }
  }

  get lines(): string[] {
    const shown = this.#lines.map((line) => line.join("").trimEnd());
    while (shown.at(-1) === "") shown.pop();
    return shown;
  }

  /** The last line with `|` where the cursor is. */
  get atCursor(): string {
    const line = this.#line().join("").padEnd(this.#column);
    return `${line.slice(0, this.#column)}|${line.slice(this.#column)}`.trimEnd();
  }

  #line(): string[] {
    while (this.#lines.length <= this.#row) this.#lines.push([]);
    return this.#lines[this.#row] ?? [];
  }

  #put(letter: string): void {
    const width = letterWidth(letter);
    if (this.#column + width > this.columns) this.#nextRow();
    const line = this.#line();
    while (line.length < this.#column) line.push(" ");
    line[this.#column] = letter;
    if (width === 2) line[this.#column + 1] = "";
    this.#column += width;
  }

  #nextRow(): void {
    this.#row++;
    this.#column = 0;
    this.#line();
  }

  #control(code: string): void {
    const count = Number(/\d+/.exec(code)?.[0] ?? 1);
    if (code === "\r") this.#column = 0;
    else if (code === "\n") this.#row++;
    else if (code === "\u0007") this.bells++;
    else if (code.endsWith("A")) this.#row = Math.max(0, this.#row - count);
    else if (code.endsWith("B")) this.#row += count;
    else if (code.endsWith("C")) this.#column = Math.min(this.columns - 1, this.#column + count);
    else if (code === "\u001b[H") [this.#row, this.#column] = [0, 0];
    else if (code === "\u001b[2J") this.#lines = [[]];
    else if (code === "\u001b[J") {
      this.#line().splice(this.#column);
      this.#lines.splice(this.#row + 1);
    }
  }
}
