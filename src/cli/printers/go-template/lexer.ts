import { goQuote, goUnicode, isPrintable } from "../../../util/go-quote.ts";

export type TokenKind =
  | "error"
  | "EOF"
  | "text"
  | "left"
  | "right"
  | "space"
  | "("
  | ")"
  | "|"
  | "="
  | ":="
  | "char"
  | "rune"
  | "complex"
  | "number"
  | "string"
  | "raw"
  | "field"
  | "variable"
  | "identifier"
  | "bool"
  | "dot"
  | "nil"
  | Keyword;

type Keyword = "block" | "break" | "continue" | "define" | "else" | "end" | "if" | "range" | "template" | "with";

export interface Token {
  readonly kind: TokenKind;
  readonly at: number;
  readonly text: string;
  readonly line: number;
}

const KEYWORDS: ReadonlySet<string> = new Set<Keyword | "nil">([
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "nil",
  "range",
  "template",
  "with",
]);

/** A token as messages show it: long ones are cut. */
export function tokenText({ kind, text }: Token): string {
  if (kind === "EOF") return "EOF";
  if (kind === "error") return text;
  if (KEYWORDS.has(kind) || kind === "dot") return `<${text}>`;
  return Buffer.byteLength(text) > 10 ? `${goQuote([...text].slice(0, 10).join(""))}...` : goQuote(text);
}

const isSpace = (char: string | undefined) => char === " " || char === "\t" || char === "\r" || char === "\n";
const isAlphanumeric = (char: string) => /^[_\p{L}\p{Nd}]$/u.test(char);
const leadingSpaces = (text: string) => /^[ \t\r\n]*/.exec(text)?.[0].length ?? 0;
const withoutTrailingSpaces = (text: string) => text.replace(/[ \t\r\n]+$/, "");

/** Tokens of a template, one after the other. Upstream: text/template/parse/lex.go */
export class Lexer {
  readonly #input: string;
  #at = 0;
  #line = 1;
  #inAction = false;
  #depth = 0;
  #failed = false;

  constructor(input: string) {
    this.#input = input;
  }

  next(): Token {
    if (this.#failed) return this.#token("EOF", this.#at);
    return this.#inAction ? this.#insideAction() : this.#outside();
  }

  #token(kind: TokenKind, end: number): Token {
    const token = { kind, at: this.#at, text: kind === "EOF" ? "EOF" : this.#input.slice(this.#at, end), line: this.#line };
    this.#skipTo(end);
    return token;
  }

  #skipTo(end: number): void {
    for (let i = this.#at; i < end; i++) if (this.#input[i] === "\n") this.#line++;
    this.#at = end;
  }

  /** @param end how far was read. */
  #error(text: string): Token {
    this.#failed = true;
    return { kind: "error", at: this.#at, text, line: this.#line };
  }

  #outside(): Token {
    const open = this.#input.indexOf("{{", this.#at);
    if (open < 0) return this.#at < this.#input.length ? this.#token("text", this.#input.length) : this.#token("EOF", this.#at);
    if (open > this.#at) {
      const trims = this.#input[open + 2] === "-" && isSpace(this.#input[open + 3]);
      const text = this.#input.slice(this.#at, open);
      const token = this.#token("text", this.#at + (trims ? withoutTrailingSpaces(text).length : text.length));
      this.#skipTo(open);
      if (token.text !== "") return token;
    }
    return this.#leftDelimiter();
  }

  #leftDelimiter(): Token {
    const after = this.#at + 2;
    const marker = this.#input[after] === "-" && isSpace(this.#input[after + 1]) ? 2 : 0;
    if (this.#input.startsWith("/*", after + marker)) {
      this.#skipTo(after + marker);
      return this.#comment();
    }
    const token = this.#token("left", after);
    this.#skipTo(after + marker);
    this.#inAction = true;
    this.#depth = 0;
    return token;
  }

  #comment(): Token {
    const close = this.#input.indexOf("*/", this.#at + 2);
    if (close < 0) return this.#error("unclosed comment");
    const end = this.#rightDelimiterAt(close + 2);
    if (end < 0) return this.#error("comment ends before closing delimiter");
    this.#skipTo(end);
    return this.#outside();
  }

  /** Where the text goes on behind a closing delimiter that stands here, or -1. */
  #rightDelimiterAt(at: number): number {
    const trims = isSpace(this.#input[at]) && this.#input[at + 1] === "-" && this.#input.startsWith("}}", at + 2);
    if (trims) return at + 4 + leadingSpaces(this.#input.slice(at + 4));
    return this.#input.startsWith("}}", at) ? at + 2 : -1;
  }

  #insideAction(): Token {
    const end = this.#rightDelimiterAt(this.#at);
    if (end >= 0) {
      if (this.#depth > 0) return this.#error("unclosed left paren");
      this.#inAction = false;
      if (isSpace(this.#input[this.#at])) this.#skipTo(this.#at + 2);
      const token = this.#token("right", this.#at + 2);
      this.#skipTo(end);
      return token;
    }
    const code = this.#input.codePointAt(this.#at);
    if (code === undefined) return this.#error("unclosed action");
    return this.#actionToken(String.fromCodePoint(code));
  }

  #actionToken(char: string): Token {
    const next = this.#input[this.#at + 1];
    if (isSpace(char)) return this.#spaces();
    switch (char) {
      case "=":
      case "|":
        return this.#token(char, this.#at + 1);
      case ":":
        return next === "=" ? this.#token(":=", this.#at + 2) : this.#error("expected :=");
      case '"':
        return this.#quoted("string", '"', "unterminated quoted string");
      case "'":
        return this.#quoted("rune", "'", "unterminated character constant");
      case "`": {
        const close = this.#input.indexOf("`", this.#at + 1);
        return close < 0 ? this.#error("unterminated raw quoted string") : this.#token("raw", close + 1);
      }
      case "$":
        return this.#name("variable");
      case "(":
        this.#depth++;
        return this.#token("(", this.#at + 1);
      case ")":
        return --this.#depth < 0 ? this.#error("unexpected right paren") : this.#token(")", this.#at + 1);
      default:
        break;
    }
    if (char === "." && next !== undefined && !/[0-9]/.test(next)) return this.#name("field");
    if (/[.+\-0-9]/.test(char)) return this.#number();
    if (isAlphanumeric(char)) return this.#identifier();
    if (char <= "\x7f" && isPrintable(char)) return this.#token("char", this.#at + 1);
    return this.#error(`unrecognized character in action: ${goUnicode(char)}`);
  }

  #spaces(): Token {
    let end = this.#at + leadingSpaces(this.#input.slice(this.#at));
    // The last one may belong to a delimiter that trims.
    if (end - this.#at > 1 && this.#input.startsWith("-}}", end)) end--;
    return this.#token("space", end);
  }

  #quoted(kind: "string" | "rune", quote: string, unterminated: string): Token {
    for (let i = this.#at + 1; ; i++) {
      let char = this.#input[i];
      if (char === "\\") {
        char = this.#input[++i];
        if (char !== undefined && char !== "\n") continue;
      }
      if (char === undefined || char === "\n") return this.#error(unterminated);
      if (char === quote) return this.#token(kind, i + 1);
    }
  }

  /** `.name` or `$name`; a sign without a name is the dot and the root. */
  #name(kind: "field" | "variable"): Token {
    const end = this.#wordEnd(this.#at + 1);
    const bad = this.#badTerminator(end);
    if (bad !== undefined) return this.#error(bad);
    return this.#token(kind === "field" && end === this.#at + 1 ? "dot" : kind, end);
  }

  #identifier(): Token {
    const end = this.#wordEnd(this.#at);
    const bad = this.#badTerminator(end);
    if (bad !== undefined) return this.#error(bad);
    const word = this.#input.slice(this.#at, end);
    if (KEYWORDS.has(word)) return this.#token(word as Keyword | "nil", end);
    return this.#token(word === "true" || word === "false" ? "bool" : "identifier", end);
  }

  #wordEnd(from: number): number {
    return from + (/^[_\p{L}\p{Nd}]*/u.exec(this.#input.slice(from))?.[0].length ?? 0);
  }

  #badTerminator(end: number): string | undefined {
    const rest = this.#input.slice(end);
    if (rest === "" || /^(?:[ \t\r\n.,|:()]|\}\})/.test(rest)) return undefined;
    return `bad character ${goUnicode(String.fromCodePoint(rest.codePointAt(0) ?? 0))}`;
  }

  #number(): Token {
    const end = this.#numberEnd(this.#at);
    if (end.good && /[+-]/.test(this.#input[end.at] ?? "")) {
      const second = this.#numberEnd(end.at);
      if (second.good && this.#input[second.at - 1] === "i") return this.#token("complex", second.at);
      return this.#error(`bad number syntax: ${goQuote(this.#input.slice(this.#at, second.at))}`);
    }
    return end.good ? this.#token("number", end.at) : this.#error(`bad number syntax: ${goQuote(this.#input.slice(this.#at, end.at))}`);
  }

  #numberEnd(from: number): { readonly at: number; readonly good: boolean } {
    const rest = this.#input.slice(from);
    const hexadecimal = /^[+-]?0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?i?/;
    const other = /^[+-]?0(?:[oO][0-7_]*(?:\.[0-7_]*)?|[bB][01_]*(?:\.[01_]*)?)i?/;
    const decimal = /^[+-]?[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?i?/;
    const [found = ""] = hexadecimal.exec(rest) ?? other.exec(rest) ?? decimal.exec(rest) ?? [];
    const code = rest.codePointAt(found.length);
    const after = code === undefined ? "" : String.fromCodePoint(code);
    // The letter behind a number is shown with it.
    return isAlphanumeric(after) ? { at: from + found.length + after.length, good: false } : { at: from + found.length, good: true };
  }
}
