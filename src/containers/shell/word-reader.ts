import type { Word, WordPart } from "./ast.ts";
import { ShellSyntaxError } from "./syntax-error.ts";

const SPECIAL = "@*#?-$!0123456789";

/** Reads words, quotes and expansions character by character. */
export class WordReader {
  readonly #source: string;
  position = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get atEnd(): boolean {
    return this.position >= this.#source.length;
  }

  get line(): number {
    let count = 1;
    for (let at = this.#source.indexOf("\n"); at >= 0 && at < this.position; at = this.#source.indexOf("\n", at + 1)) count++;
    return count;
  }

  startsWith(text: string): boolean {
    return this.#source.startsWith(text, this.position);
  }

  match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.position;
    return sticky.exec(this.#source);
  }

  skip(length: number): void {
    this.position += length;
  }

  slice(start: number): string {
    return this.#source.slice(start, this.position);
  }

  /** Blanks, continued lines and a comment. */
  skipBlanks(): void {
    for (;;) {
      const char = this.#source[this.position];
      if (char === " " || char === "\t" || char === "\r") this.position++;
      else if (char === "\\" && this.#source[this.position + 1] === "\n") this.position += 2;
      else if (char === "#" && /[\s;&|()]|^$/.test(this.#source[this.position - 1] ?? "")) {
        const end = this.#source.indexOf("\n", this.position);
        this.position = end < 0 ? this.#source.length : end;
      } else return;
    }
  }

  /** The next word; undefined where an operator or the end stands. */
  word(): Word | undefined {
    const parts: WordPart[] = [];
    const start = this.position;
    let plain = "";
    const flush = () => {
      if (plain !== "") parts.push({ kind: "text", text: plain, quoted: false });
      plain = "";
    };
    while (!this.atEnd) {
      const char = this.#source[this.position] ?? "";
      if (/[\s;&|()<>]/.test(char)) break;
      if (char === "\\") {
        const next = this.#source[this.position + 1];
        this.position += 2;
        if (next === "\n") continue;
        flush();
        parts.push({ kind: "text", text: next ?? "\\", quoted: true });
      } else if (char === "'" || char === '"' || char === "$" || char === "`") {
        flush();
        this.#special(char, parts, false);
      } else {
        plain += char;
        this.position++;
      }
    }
    flush();
    return this.position === start ? undefined : parts;
  }

  /** Right side of =~: parentheses and bars belong to it. */
  regularExpression(): Word {
    this.skipBlanks();
    const parts: WordPart[] = [];
    let depth = 0;
    while (!this.atEnd) {
      const char = this.#source[this.position] ?? "";
      if (/\s/.test(char) && depth === 0) break;
      if (char === "(") depth++;
      if (char === ")") depth--;
      if (char === "'" || char === '"' || char === "$") {
        if (char === "$" && !/[\w{(@*#?!-]/.test(this.#source[this.position + 1] ?? "")) {
          parts.push({ kind: "text", text: "$", quoted: false });
          this.position++;
        } else this.#special(char, parts, false);
      } else {
        parts.push({ kind: "text", text: char === "\\" ? char + (this.#source[++this.position] ?? "") : char, quoted: false });
        this.position++;
      }
    }
    return parts;
  }

  /** Text in which only `$`, backquotes and backslashes matter, up to `end`. */
  quotedText(end: string | undefined): WordPart[] {
    const parts: WordPart[] = [];
    let plain = "";
    const flush = () => {
      if (plain !== "") parts.push({ kind: "text", text: plain, quoted: true });
      plain = "";
    };
    for (;;) {
      if (this.atEnd) {
        if (end !== undefined) throw new ShellSyntaxError("unterminated quoted string", true);
        break;
      }
      const char = this.#source[this.position] ?? "";
      if (char === end) {
        this.position++;
        break;
      }
      if (char === "\\") {
        const next = this.#source[this.position + 1] ?? "";
        this.position += 2;
        if (next === "\n") continue;
        plain += "$`\\".includes(next) || (end !== undefined && next === end) ? next : `\\${next}`;
      } else if (char === "$" || char === "`") {
        flush();
        this.#special(char, parts, true);
      } else {
        plain += char;
        this.position++;
      }
    }
    flush();
    return parts;
  }

  /** `[…]` after a name. */
  subscript(): Word | undefined {
    const start = this.position;
    let depth = 1;
    while (!this.atEnd && depth > 0) {
      const char = this.#source[this.position++];
      if (char === "[") depth++;
      if (char === "]") depth--;
    }
    return depth > 0 ? undefined : new WordReader(this.#source.slice(start, this.position - 1)).quotedText(undefined);
  }

  /** `(( … ))` as a command; undefined when it is two subshells after all. */
  arithmeticCommand(): Word | undefined {
    const start = this.position;
    const inner = this.#balanced(2);
    if (inner === undefined || !this.startsWith("))")) {
      this.position = start;
      return undefined;
    }
    this.position += 2;
    return new WordReader(inner).quotedText(undefined);
  }

  /** `((a; b; c))` of a for loop. */
  arithmeticParts(): [Word, Word, Word] {
    const inner = this.#balanced(2);
    if (inner === undefined) throw new ShellSyntaxError('unexpected end of file (expecting "))")', true);
    this.position += 2;
    const [first = "", second = "", third = ""] = inner.split(";");
    const word = (text: string) => new WordReader(text).quotedText(undefined);
    return [word(first), word(second), word(third)];
  }

  /** The text up to the delimiter; `ended`: it was there. */
  hereDocument(delimiter: string, stripTabs: boolean): { readonly text: string; readonly ended: boolean } {
    let text = "";
    for (;;) {
      if (this.atEnd) return { text, ended: false };
      const newline = this.#source.indexOf("\n", this.position);
      const end = newline < 0 ? this.#source.length : newline;
      let line = this.#source.slice(this.position, end);
      this.position = Math.min(this.#source.length, end + 1);
      if (stripTabs) line = line.replace(/^\t+/, "");
      if (line === delimiter) return { text, ended: true };
      text += `${line}\n`;
    }
  }

  #special(char: string, parts: WordPart[], quoted: boolean): void {
    if (char === "'") {
      const end = this.#source.indexOf("'", this.position + 1);
      if (end < 0) throw new ShellSyntaxError("unterminated quoted string", true);
      parts.push({ kind: "text", text: this.#source.slice(this.position + 1, end), quoted: true });
      this.position = end + 1;
    } else if (char === '"') {
      this.position++;
      const inner = this.quotedText('"');
      // "" is a word too.
      parts.push({ kind: "text", text: "", quoted: true }, ...inner);
    } else if (char === "`") {
      parts.push({ kind: "command", source: this.#backquoted(), quoted });
    } else {
      this.#dollar(parts, quoted);
    }
  }

  #backquoted(): string {
    let text = "";
    for (this.position++; !this.startsWith("`"); this.position++) {
      if (this.atEnd) throw new ShellSyntaxError("EOF in backquote substitution", true);
      if (this.startsWith("\\") && /[$`\\]/.test(this.#source[this.position + 1] ?? "")) this.position++;
      text += this.#source[this.position] ?? "";
    }
    this.position++;
    return text;
  }

  #dollar(parts: WordPart[], quoted: boolean): void {
    const next = this.#source[this.position + 1] ?? "";
    if (next === "'" && !quoted) {
      const literal = /\$'((?:[^'\\]|\\[^])*)'/y;
      const match = this.match(literal);
      if (!match) throw new ShellSyntaxError("unterminated quoted string", true);
      this.position += match[0].length;
      const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", e: "\x1b", a: "\x07", b: "\b", f: "\f", v: "\v" };
      parts.push({
        kind: "text",
        quoted: true,
        text: (match[1] ?? "").replace(/\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[^])/g, (_all, code: string) =>
          /^x./.test(code)
            ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
            : /^[0-7]/.test(code)
              ? String.fromCharCode(Number.parseInt(code, 8))
              : (escapes[code] ?? code),
        ),
      });
    } else if (this.#source.startsWith("((", this.position + 1) && this.#arithmetic(parts, quoted)) {
      return;
    } else if (next === "(") {
      const inner = this.#commandSource();
      parts.push({ kind: "command", source: inner, quoted });
    } else if (next === "{") {
      this.position += 2;
      parts.push(this.#braced(quoted));
    } else if (/[A-Za-z_]/.test(next)) {
      this.position++;
      const name = this.match(/[A-Za-z_]\w*/y)?.[0] ?? "";
      this.position += name.length;
      parts.push({ kind: "parameter", name, length: false, indirect: false, quoted });
    } else if (next !== "" && SPECIAL.includes(next)) {
      this.position += 2;
      parts.push({ kind: "parameter", name: next, length: false, indirect: false, quoted });
    } else {
      this.position++;
      parts.push({ kind: "text", text: "$", quoted });
    }
  }

  #arithmetic(parts: WordPart[], quoted: boolean): boolean {
    const start = this.position;
    this.position++;
    const inner = this.#balanced(2);
    if (inner === undefined || !this.startsWith("))")) {
      this.position = start;
      return false;
    }
    this.position += 2;
    parts.push({ kind: "arithmetic", expression: new WordReader(inner).quotedText(undefined), quoted });
    return true;
  }

  /** The text between `opening` parentheses and their closing; stands on the closing ones then. */
  #balanced(opening: number): string | undefined {
    const start = this.position + opening;
    let depth = 0;
    for (let at = start; at < this.#source.length; at++) {
      const char = this.#source[at];
      if (char === "(") depth++;
      else if (char === ")") {
        if (depth === 0) {
          this.position = at;
          return this.#source.slice(start, at);
        }
        depth--;
      }
    }
    return undefined;
  }

  /** The script in `$( … )`: quotes, comments and case patterns may hold parentheses. */
  #commandSource(): string {
    this.position += 2;
    const start = this.position;
    let depth = 1;
    let cases = 0;
    while (!this.atEnd) {
      const char = this.#source[this.position] ?? "";
      const wordStart = /[\s;&|(]|^$/.test(this.#source[this.position - 1] ?? "");
      if (char === "\\") this.position++;
      else if (char === "'" || char === '"' || char === "`") {
        const ignored: WordPart[] = [];
        this.#special(char, ignored, false);
        continue;
      } else if (char === "#" && wordStart) {
        const newline = this.#source.indexOf("\n", this.position);
        this.position = newline < 0 ? this.#source.length : newline;
        continue;
      } else if (wordStart && this.match(/case\s/y)) cases++;
      else if (wordStart && cases > 0 && this.match(/esac\b/y)) cases--;
      else if (char === "(") depth++;
      else if (char === ")" && !(cases > 0 && depth === 1)) {
        depth--;
        if (depth === 0) return this.#source.slice(start, this.position++);
      } else if (char === ")" && cases > 0 && depth > 1) depth--;
      this.position++;
    }
    throw new ShellSyntaxError('unexpected end of file (expecting ")")', true);
  }

  /** After `${`. */
  #braced(quoted: boolean): WordPart {
    const start = this.position;
    const length = this.startsWith("#") && !/[}:%/#-]/.test(this.#source[this.position + 1] ?? "");
    if (length) this.position++;
    const indirect = this.startsWith("!");
    if (indirect) this.position++;
    const name = this.match(/[A-Za-z_]\w*|\d+|[@*#?$!-]/y)?.[0] ?? "";
    this.position += name.length;
    let index: Word | undefined;
    if (this.startsWith("[")) {
      this.position++;
      index = this.subscript();
    }
    const base = { kind: "parameter" as const, name, length, indirect, quoted, ...(index ? { index } : {}) };
    if (this.startsWith("}")) {
      this.position++;
      return base;
    }
    const operator = this.match(/:[-=?+]|##|%%|\/\/|\/#|\/%|\^\^|,,|[-=?+#%/:^,@]/y)?.[0];
    if (name === "" || operator === undefined) {
      const end = this.#source.indexOf("}", start);
      throw new ShellSyntaxError(end < 0 ? "unterminated quoted string" : "bad substitution", end < 0);
    }
    this.position += operator.length;
    return { ...base, operator, argument: this.#bracedArgument(quoted) };
  }

  #bracedArgument(quoted: boolean): Word {
    const parts: WordPart[] = [];
    for (;;) {
      if (this.atEnd) throw new ShellSyntaxError("unterminated quoted string", true);
      const char = this.#source[this.position] ?? "";
      if (char === "}") {
        this.position++;
        return parts;
      }
      if (char === "\\") {
        parts.push({ kind: "text", text: this.#source[this.position + 1] ?? "", quoted: true });
        this.position += 2;
      } else if (char === '"' || char === "$" || char === "`" || (char === "'" && !quoted)) {
        this.#special(char, parts, quoted);
      } else {
        parts.push({ kind: "text", text: char, quoted: false });
        this.position++;
      }
    }
  }
}
