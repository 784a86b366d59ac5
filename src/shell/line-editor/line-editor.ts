import { HistorySearch, HistoryWalk } from "./history-search.ts";
import { type Key, KeyDecoder } from "./keys.ts";
import { beginningOf, type Candidate, candidateRows } from "./layout.ts";
import { LineBuffer } from "./line-buffer.ts";
import { type EditorTerminal, LinePainter } from "./line-painter.ts";

export interface Completion {
  /** Where in the line the word begins that the candidates replace. */
  readonly start: number;
  readonly candidates: readonly Candidate[];
}

export interface LineEditorOptions {
  readonly terminal: EditorTerminal;
  /** What was typed before, oldest first; read anew at every line. */
  readonly history: readonly string[];
  /** Candidates for the end of a line. */
  complete(line: string): Promise<Completion>;
  /** Whether more lines belong to the command. */
  isIncomplete(text: string): boolean;
}

/** A command; undefined at the end of the input, null when Ctrl-C threw it away. */
export type TypedCommand = string | undefined | null;

const CONTINUATION = "> ";

/** Reads commands from a terminal, with the keys that bash has. */
export class LineEditor {
  readonly #options: LineEditorOptions;
  readonly #decoder = new KeyDecoder();
  readonly #buffer = new LineBuffer();
  readonly #painter: LinePainter;
  #history: HistoryWalk;
  #search: HistorySearch | undefined;
  #prompt = "";
  /** Typed, and not looked at: behind a whole command, or while a completion is on its way. */
  #waiting: Key[] = [];
  #completing = false;
  #finish: ((command: TypedCommand) => void) | undefined;

  constructor(options: LineEditorOptions) {
    this.#options = options;
    this.#painter = new LinePainter(options.terminal);
    this.#history = new HistoryWalk(options.history);
  }

  read(prompt: string): Promise<TypedCommand> {
    this.#prompt = prompt;
    this.#buffer.reset();
    this.#history = new HistoryWalk(this.#options.history);
    return new Promise((resolve) => {
      const stop = this.#options.terminal.listen({
        typed: (bytes) => this.#typed(this.#decoder.decode(bytes)),
        resized: () => this.#painter.resized(this.#shown()),
        ended: () => this.#finish?.(undefined),
      });
      this.#finish = (command) => {
        this.#finish = undefined;
        this.#search = undefined;
        this.#completing = false;
        this.#painter.end();
        stop();
        resolve(command);
      };
      this.#painter.begin();
      this.#typed([]);
    });
  }

  #typed(keys: readonly Key[]): void {
    this.#waiting.push(...keys);
    while (this.#finish && !(this.#completing && !this.#waiting.some(isInterrupt))) {
      const key = this.#waiting.shift();
      if (!key) break;
      // Ctrl-C does not wait for a completion; what was typed before it is thrown away with the line.
      if (this.#completing && !isInterrupt(key)) continue;
      if (this.#search) this.#searching(this.#search, key);
      else this.#key(key);
    }
    if (this.#finish) this.#painter.paint(this.#shown());
  }

  #shown() {
    const search = this.#search;
    const prompt = search?.prompt ?? this.#prompt;
    const text = search?.found ?? this.#buffer.text;
    return { prompt, continuation: CONTINUATION, text, cursor: search ? text.length : this.#buffer.cursor };
  }

  #key(key: Key): void {
    if (key.kind === "text") return this.#buffer.insert(key.text, true);
    if (key.kind === "paste") return this.#buffer.insert(key.text.replace(/\n$/, ""));
    switch (key.name) {
      case "enter":
        return this.#enter();
      case "tab":
        return this.#complete();
      case "ctrl-c":
        return this.#leave(null, "^C");
      case "ctrl-d":
        return this.#buffer.text === "" ? this.#leave(undefined) : this.#buffer.deleteTo(this.#buffer.nextLetter());
      case "ctrl-l":
        return this.#painter.clearScreen();
      case "ctrl-r":
        this.#search = new HistorySearch(this.#options.history, this.#buffer.text);
        return undefined;
      case "up":
      case "ctrl-p":
        return this.#vertical(-1);
      case "down":
      case "ctrl-n":
        return this.#vertical(1);
      case "alt-.":
        return this.#buffer.insert(/\S+$/.exec(this.#options.history.at(-1) ?? "")?.[0] ?? "");
      default:
        EDITING[key.name]?.(this.#buffer);
    }
  }

  #enter(): void {
    const { text } = this.#buffer;
    if (text.trim() !== "" && this.#options.isIncomplete(`${text}\n`)) {
      this.#buffer.moveTo(text.length);
      this.#buffer.insert("\n");
    } else this.#leave(text);
  }

  #leave(command: TypedCommand, shown = ""): void {
    this.#buffer.moveTo(this.#buffer.text.length);
    this.#painter.paint(this.#shown());
    this.#options.terminal.write(`${shown}\r\n`);
    this.#finish?.(command);
  }

  #vertical(direction: -1 | 1): void {
    const cursor = this.#buffer.vertical(direction);
    if (cursor !== undefined) return this.#buffer.moveTo(cursor);
    const entry = direction < 0 ? this.#history.older(this.#buffer.text) : this.#history.newer();
    if (entry !== undefined) this.#buffer.reset(entry);
  }

  #searching(search: HistorySearch, key: Key): void {
    if (key.kind !== "key") return search.type(key.text);
    switch (key.name) {
      case "ctrl-r":
        return search.older();
      case "backspace":
        return search.erase();
      case "ctrl-g":
      case "ctrl-c":
        this.#search = undefined;
        return this.#buffer.reset(search.original);
      default:
        this.#search = undefined;
        this.#buffer.reset(search.found);
        if (key.name !== "escape") this.#key(key);
    }
  }

  #complete(): void {
    const line = this.#buffer.text.slice(0, this.#buffer.cursor);
    const asked = this.#finish;
    this.#completing = true;
    const answered = (completion: Completion | undefined) => {
      // The line that asked may be gone.
      if (this.#finish !== asked || !this.#completing) return;
      this.#completing = false;
      if (completion) this.#offer(completion);
      this.#typed([]);
    };
    this.#options.complete(line).then(answered, () => answered(undefined));
  }

  #offer({ start, candidates }: Completion): void {
    const buffer = this.#buffer;
    const typed = buffer.text.slice(start, buffer.cursor);
    const [only] = candidates;
    if (!only) return this.#options.terminal.write("\u0007");
    if (candidates.length === 1) {
      const blankThere = only.end === " " && buffer.text[buffer.cursor] === " ";
      buffer.replaceFrom(start, only.text + (blankThere ? "" : only.end));
      return blankThere ? buffer.moveTo(buffer.cursor + 1) : undefined;
    }
    const beginning = beginningOf(candidates.map(({ text }) => text));
    if (beginning.length > typed.length) return buffer.replaceFrom(start, beginning);
    const { columns, rows } = this.#options.terminal;
    const labels = candidates.map(({ label }) => label);
    this.#painter.printBelow(candidateRows(labels, columns, Math.max(2, rows - 2)));
  }
}

const isInterrupt = (key: Key) => key.kind === "key" && key.name === "ctrl-c";

/** Keys that only change the line. */
const EDITING: Readonly<Record<string, (buffer: LineBuffer) => void>> = {
  left: (buffer) => buffer.moveTo(buffer.previousLetter()),
  "ctrl-b": (buffer) => buffer.moveTo(buffer.previousLetter()),
  right: (buffer) => buffer.moveTo(buffer.nextLetter()),
  "ctrl-f": (buffer) => buffer.moveTo(buffer.nextLetter()),
  "alt-b": (buffer) => buffer.moveTo(buffer.previousWord("letters")),
  "alt-f": (buffer) => buffer.moveTo(buffer.nextWord()),
  home: (buffer) => buffer.moveTo(buffer.lineStart()),
  "ctrl-a": (buffer) => buffer.moveTo(buffer.lineStart()),
  end: (buffer) => buffer.moveTo(buffer.lineEnd()),
  "ctrl-e": (buffer) => buffer.moveTo(buffer.lineEnd()),
  backspace: (buffer) => buffer.deleteTo(buffer.previousLetter()),
  delete: (buffer) => buffer.deleteTo(buffer.nextLetter()),
  "ctrl-k": (buffer) => buffer.deleteTo(buffer.lineEnd(), true),
  "ctrl-u": (buffer) => buffer.deleteTo(buffer.lineStart(), true),
  "ctrl-w": (buffer) => buffer.deleteTo(buffer.previousWord("argument"), true),
  "alt-backspace": (buffer) => buffer.deleteTo(buffer.previousWord("letters"), true),
  "alt-d": (buffer) => buffer.deleteTo(buffer.nextWord(), true),
  "ctrl-y": (buffer) => buffer.yank(),
  "ctrl-t": (buffer) => buffer.transpose(),
  "ctrl-_": (buffer) => buffer.undo(),
};
