import { lettersOf } from "./text-width.ts";

const UNDO_MAX = 200;

/** The text that is being typed, and the place in it where the next letter goes. */
export class LineBuffer {
  #text = "";
  #cursor = 0;
  #killed = "";
  #undo: { readonly text: string; readonly cursor: number }[] = [];
  /** Letters typed in a row are one step back. */
  #typing = false;

  get text(): string {
    return this.#text;
  }
  get cursor(): number {
    return this.#cursor;
  }

  /** Another text altogether; nothing to go back to. */
  reset(text = ""): void {
    this.#text = text;
    this.#cursor = text.length;
    this.#undo = [];
    this.#typing = false;
  }

  insert(text: string, typed = false): void {
    if (!(typed && this.#typing)) this.#remember();
    this.#typing = typed && !/\s/.test(text);
    this.#set(this.#text.slice(0, this.#cursor) + text + this.#text.slice(this.#cursor), this.#cursor + text.length);
  }

  /** Puts `text` in the place of what is between `start` and the cursor. */
  replaceFrom(start: number, text: string): void {
    this.#remember();
    this.#set(this.#text.slice(0, start) + text + this.#text.slice(this.#cursor), start + text.length);
  }

  /** The whole text, as one step that can be taken back. */
  replaceAll(text: string): void {
    this.#remember();
    this.#set(text, text.length);
  }

  moveTo(cursor: number): void {
    this.#typing = false;
    this.#cursor = Math.max(0, Math.min(cursor, this.#text.length));
  }

  /** Removes up to `end`, which may be before the cursor; `kept`: for `yank`. */
  deleteTo(end: number, kept = false): void {
    const from = Math.min(this.#cursor, end);
    const to = Math.max(this.#cursor, end);
    if (from === to) return;
    this.#remember();
    if (kept) this.#killed = this.#text.slice(from, to);
    this.#set(this.#text.slice(0, from) + this.#text.slice(to), from);
  }

  yank(): void {
    if (this.#killed !== "") this.insert(this.#killed);
  }

  undo(): void {
    const before = this.#undo.pop();
    if (before) this.#set(before.text, before.cursor);
    this.#typing = false;
  }

  /** The two letters around the cursor change places. */
  transpose(): void {
    const at = this.#cursor === this.#text.length ? this.previousLetter() : this.#cursor;
    if (at <= 0) return;
    this.moveTo(at);
    const before = this.previousLetter();
    const after = this.nextLetter();
    this.#remember();
    const swapped = this.#text.slice(at, after) + this.#text.slice(before, at);
    this.#set(this.#text.slice(0, before) + swapped + this.#text.slice(after), after);
  }

  previousLetter(): number {
    const before = lettersOf(this.#text.slice(this.lineStart(), this.#cursor)).at(-1);
    return this.#cursor - (before?.length ?? Math.min(1, this.#cursor));
  }
  nextLetter(): number {
    return this.#cursor + (lettersOf(this.#text.slice(this.#cursor))[0]?.length ?? 0);
  }

  /** Where the word before begins: letters and digits, or whatever is no blank. */
  previousWord(word: "letters" | "argument"): number {
    const before = this.#text.slice(0, this.#cursor);
    return before.replace(word === "letters" ? /[\p{L}\p{N}]*[^\p{L}\p{N}]*$/u : /\S*\s*$/, "").length;
  }
  nextWord(): number {
    const skipped = /^[^\p{L}\p{N}]*[\p{L}\p{N}]*/u.exec(this.#text.slice(this.#cursor))?.[0] ?? "";
    return this.#cursor + skipped.length;
  }

  lineStart(): number {
    return this.#text.lastIndexOf("\n", this.#cursor - 1) + 1;
  }
  lineEnd(): number {
    const end = this.#text.indexOf("\n", this.#cursor);
    return end < 0 ? this.#text.length : end;
  }

  /** The same column in the line above or below; undefined when there is none. */
  vertical(direction: -1 | 1): number | undefined {
    const start = this.lineStart();
    const column = this.#cursor - start;
    if (direction < 0) {
      if (start === 0) return undefined;
      const above = this.#text.lastIndexOf("\n", start - 2) + 1;
      return Math.min(above + column, start - 1);
    }
    const end = this.lineEnd();
    if (end === this.#text.length) return undefined;
    const below = this.#text.indexOf("\n", end + 1);
    return Math.min(end + 1 + column, below < 0 ? this.#text.length : below);
  }

  #remember(): void {
    this.#typing = false;
    this.#undo.push({ text: this.#text, cursor: this.#cursor });
    if (this.#undo.length > UNDO_MAX) this.#undo.shift();
  }

  #set(text: string, cursor: number): void {
    this.#text = text;
    this.#cursor = cursor;
  }
}
