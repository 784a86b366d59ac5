export interface TabWriterOptions {
  readonly minWidth: number;
  readonly padding: number;
  /** Columns never become narrower again: for tables that go on (watch). */
  readonly rememberWidths?: boolean;
}

/** Aligns cells that are ended by tabs; the last cell of a line stands free. Upstream: text/tabwriter */
export class TabWriter {
  readonly #options: TabWriterOptions;
  #remembered: number[] = [];

  constructor(options: TabWriterOptions) {
    this.#options = options;
  }

  forgetWidths(): void {
    this.#remembered = [];
  }

  /** The aligned text of lines. */
  render(text: string): string {
    const endsWithBreak = text.endsWith("\n");
    const lines = (endsWithBreak ? text.slice(0, -1) : text).split("\n").map((line) => line.split("\t"));
    const out: string[] = [];
    this.#format(lines, 0, lines.length, [], out);
    return out.join("\n") + (endsWithBreak ? "\n" : "");
  }

  #format(lines: readonly string[][], from: number, to: number, widths: number[], out: string[]): void {
    const column = widths.length;
    let start = from;
    for (let at = from; at < to; at++) {
      if (column >= (lines[at]?.length ?? 0) - 1) continue;
      writeLines(lines, start, at, widths, out);
      start = at;
      let width = this.#options.minWidth;
      while (at < to && column < (lines[at]?.length ?? 0) - 1) {
        width = Math.max(width, widthOf(lines[at]?.[column] ?? "") + this.#options.padding);
        at++;
      }
      if (this.#options.rememberWidths) {
        width = Math.max(width, this.#remembered[column] ?? 0);
        this.#remembered[column] = width;
      }
      widths.push(width);
      this.#format(lines, start, at, widths, out);
      widths.pop();
      start = at;
    }
    writeLines(lines, start, to, widths, out);
  }
}

function writeLines(lines: readonly string[][], from: number, to: number, widths: readonly number[], out: string[]): void {
  for (let at = from; at < to; at++) {
    const cells = lines[at] ?? [];
    out.push(
      cells
        .map((cell, index) =>
          index < cells.length - 1 || index < widths.length ? cell + " ".repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell))) : cell,
        )
        .join(""),
    );
  }
}

function widthOf(text: string): number {
  let width = 0;
  for (const _ of text) width++;
  return width;
}

/** The table of `kubectl get`. */
export const tableWriter = (rememberWidths = false): TabWriter => new TabWriter({ minWidth: 6, padding: 3, rememberWidths });
