/** The command that stands at the end of a line of the shell, and its last word. */
export interface LastCommand {
  /** The words before the last, without quotes. */
  readonly words: readonly string[];
  /** The last word so far, without quotes. */
  readonly typed: string;
  /** Where in the line each letter of `typed` is written, and where it ends. */
  readonly places: readonly number[];
  /** The quote that is open at the end. */
  readonly quote: string;
  /** Where that quote stands. */
  readonly quoteAt: number;
  /** The last word is the file of a redirection. */
  readonly isRedirection: boolean;
  /** In a comment or a here-document there is nothing to complete. */
  readonly isText: boolean;
}

const RESERVED = new Set(["if", "then", "elif", "else", "while", "until", "do", "{", "!", "time"]);
const ASSIGNMENT = /^[A-Za-z_]\w*=/;

export function lastCommandOf(line: string): LastCommand {
  return new LineScanner(line).scan();
}

interface Frame {
  readonly words: string[];
  /** What closes it: `)` of `$(`, a backquote. */
  readonly end: string;
  /** The quote around it. */
  readonly quote: string;
}

/** Reads as much of the shell's grammar as tells where a command begins; what is open at the end is looked into. */
class LineScanner {
  readonly #line: string;
  #at = 0;
  #frames: Frame[] = [];
  #words: string[] = [];
  #word: string | undefined;
  #places: number[] = [];
  #quote = "";
  #quoteAt = 0;
  #redirection = false;
  #hereDocuments: string[] = [];
  #delimiterNext = false;
  #isText = false;

  constructor(line: string) {
    this.#line = line;
  }

  scan(): LastCommand {
    while (this.#at < this.#line.length && !this.#isText) this.#step(this.#line[this.#at] ?? "");
    const words = [...this.#words];
    while (words[0] !== undefined && (RESERVED.has(words[0]) || ASSIGNMENT.test(words[0]))) words.shift();
    return {
      words,
      typed: this.#word ?? "",
      places: [...this.#places, this.#line.length],
      quote: this.#quote,
      quoteAt: this.#quoteAt,
      isRedirection: this.#redirection,
      isText: this.#isText || this.#delimiterNext,
    };
  }

  #step(char: string): void {
    if (this.#quote === "'") {
      if (char === "'") this.#unquote();
      else this.#add(char);
    } else if (char === "\\") {
      this.#escaped();
    } else if (char === "`" || this.#line.startsWith("$(", this.#at)) {
      if (char === "`" && this.#frames.at(-1)?.end === "`") this.#leave();
      else this.#enter(char === "`" ? "`" : ")");
    } else if (this.#quote === '"') {
      if (char === '"') this.#unquote();
      else this.#add(char);
    } else this.#unquoted(char);
  }

  #unquoted(char: string): void {
    if (char === "'" || char === '"') {
      this.#quote = char;
      this.#quoteAt = this.#at;
      this.#word ??= "";
      this.#at++;
    } else if (/[ \t]/.test(char)) {
      this.#endWord();
      this.#at++;
    } else if (char === "<" || char === ">") this.#redirect();
    else if (char === ")" && this.#frames.at(-1)?.end === ")") this.#leave();
    else if (/[|;&()\n]/.test(char)) this.#endCommand(char);
    else if (char === "#" && this.#word === undefined) this.#comment();
    else this.#add(char);
  }

  #add(char: string): void {
    this.#word = (this.#word ?? "") + char;
    this.#places.push(this.#at++);
  }

  #escaped(): void {
    const next = this.#line[this.#at + 1];
    const literal = this.#quote === '"' && next !== undefined && !/["\\$`]/.test(next);
    if (literal) this.#add("\\");
    else if (next === "\n" || next === undefined) this.#at += 2;
    else {
      this.#word = (this.#word ?? "") + next;
      this.#places.push(this.#at);
      this.#at += 2;
    }
  }

  #unquote(): void {
    this.#quote = "";
    this.#at++;
  }

  #enter(end: string): void {
    this.#frames.push({ words: [...this.#words, this.#word ?? ""], end, quote: this.#quote });
    this.#at += end === ")" ? 2 : 1;
    this.#reset();
  }

  /** What a substitution brings is not known; it is a word, or part of one. */
  #leave(): void {
    const frame = this.#frames.pop();
    this.#at++;
    this.#reset();
    this.#words = frame?.words.slice(0, -1) ?? [];
    this.#quote = frame?.quote ?? "";
    this.#word = frame?.words.at(-1) ?? "";
    this.#places = Array.from(this.#word, () => this.#at);
  }

  #reset(): void {
    this.#words = [];
    this.#word = undefined;
    this.#places = [];
    this.#quote = "";
    this.#redirection = false;
  }

  #endWord(): void {
    if (this.#word === undefined) return;
    if (this.#delimiterNext) this.#hereDocuments.push(this.#word);
    else if (!this.#redirection) this.#words.push(this.#word);
    this.#delimiterNext = false;
    this.#redirection = false;
    this.#word = undefined;
    this.#places = [];
  }

  #redirect(): void {
    // `2>`: the digit belongs to it.
    if (this.#word !== undefined && !/^\d$/.test(this.#word)) this.#endWord();
    this.#word = undefined;
    this.#places = [];
    const operator = /^(?:<<<|<<-?|<>|[<>]&|>>|>\||<|>)/.exec(this.#line.slice(this.#at))?.[0] ?? "<";
    this.#at += operator.length;
    this.#delimiterNext = operator === "<<" || operator === "<<-";
    this.#redirection = true;
  }

  #endCommand(char: string): void {
    this.#endWord();
    this.#reset();
    this.#at++;
    if (char === "\n") for (const delimiter of this.#hereDocuments.splice(0)) this.#skipHereDocument(delimiter);
  }

  #skipHereDocument(delimiter: string): void {
    while (this.#at < this.#line.length) {
      const newline = this.#line.indexOf("\n", this.#at);
      if (newline < 0) break;
      const text = this.#line.slice(this.#at, newline).replace(/^\t+/, "");
      this.#at = newline + 1;
      if (text === delimiter) return;
    }
    this.#isText = true;
  }

  #comment(): void {
    const newline = this.#line.indexOf("\n", this.#at);
    if (newline < 0) this.#isText = true;
    else this.#at = newline;
  }
}

/** Text as a shell reads it back, inside of `quote` or bare. */
export function quoted(text: string, quote: string): string {
  if (quote === "'") return text.replaceAll("'", "'\\''");
  if (quote === '"') return text.replace(/["\\$`]/g, "\\$&");
  return text.replace(/[\s'"\\$`&|;<>()*?[\]{}!#]/g, "\\$&");
}
