import type { AndOr, Assignment, Command, List, Pipeline, Redirect, Word, WordPart } from "./ast.ts";
import { ShellSyntaxError } from "./syntax-error.ts";
import { WordReader } from "./word-reader.ts";

const RESERVED = /(?:if|then|elif|else|fi|do|done|case|esac|while|until|for|in|function|\{|\}|!|\[\[)(?=[\s;&|()<>]|$)/y;
const OPERATOR = /;;&?|;&|&&|&>>|&>|\|\||[;&|()\n]/y;
const REDIRECT = /(\d*)(<<<|<<-|<<|<&|<>|>>|>&|>\||<|>)|(&>>|&>)/y;
const ASSIGNMENT = /([A-Za-z_]\w*)(\[)?/y;
const FUNCTION = /([A-Za-z_][\w.-]*)[ \t]*\([ \t]*\)/y;

interface PendingHereDocument {
  readonly delimiter: string;
  readonly stripTabs: boolean;
  readonly literal: boolean;
  readonly fill: (body: Word) => void;
}

/** A recursive-descent parser that hands out one complete line at a time, as a shell reads. */
export class ShellParser {
  readonly #reader: WordReader;
  #hereDocuments: PendingHereDocument[] = [];
  #openHereDocument = false;

  constructor(source: string) {
    this.#reader = new WordReader(source);
  }

  /** The next line's commands; undefined at the end. Throws a ShellSyntaxError. */
  next(): List | undefined {
    this.#newlines();
    if (this.#reader.atEnd) return undefined;
    const list = this.#list(new Set(), true);
    if (this.#peekOperator() === "\n") this.#takeOperator();
    else if (!this.#reader.atEnd) throw this.#unexpected();
    return list;
  }

  /** The line that the parser has come to. */
  get line(): number {
    return this.#reader.line;
  }

  /** Whether the source has ended in a here-document. */
  get inHereDocument(): boolean {
    return this.#openHereDocument;
  }

  get atEnd(): boolean {
    this.#reader.skipBlanks();
    return this.#reader.atEnd;
  }

  #list(ends: ReadonlySet<string>, oneLine = false): List {
    const items: AndOr[] = [];
    for (;;) {
      if (!oneLine) this.#newlines();
      this.#reader.skipBlanks();
      const reserved = this.#peekReserved();
      if (this.#reader.atEnd || (reserved && ends.has(reserved))) break;
      const operator = this.#peekOperator();
      if (operator === ")" || operator === ";;" || operator === ";&" || operator === ";;&" || (oneLine && operator === "\n")) break;
      const start = this.#reader.position;
      const first = this.#pipeline();
      const rest: { operator: "&&" | "||"; pipeline: Pipeline }[] = [];
      for (let joiner = this.#peekOperator(); joiner === "&&" || joiner === "||"; joiner = this.#peekOperator()) {
        this.#takeOperator();
        this.#newlines();
        rest.push({ operator: joiner, pipeline: this.#pipeline() });
      }
      const source = this.#reader.slice(start).trim();
      const separator = this.#peekOperator();
      items.push({ first, rest, background: separator === "&", source });
      if (separator === ";" || separator === "&") this.#takeOperator();
      else if (separator === "\n" && !oneLine) this.#takeOperator();
      else break;
    }
    return items;
  }

  /** A list that must not be empty. */
  #body(...ends: string[]): List {
    const list = this.#list(new Set(ends));
    if (list.length === 0) throw this.#unexpected(ends[0]);
    return list;
  }

  #pipeline(): Pipeline {
    let negated = false;
    this.#reader.skipBlanks();
    while (this.#peekReserved() === "!") {
      this.#takeReserved();
      negated = !negated;
      this.#reader.skipBlanks();
    }
    const commands = [this.#command()];
    while (this.#peekOperator() === "|") {
      this.#takeOperator();
      // bash: a|&b is a 2>&1 | b.
      if (this.#reader.startsWith("&") && !this.#reader.startsWith("&&")) {
        this.#reader.skip(1);
        const left = commands.pop();
        if (left)
          commands.push({
            ...left,
            redirects: [...left.redirects, { fd: 2, operator: ">&", target: [{ kind: "text", text: "1", quoted: false }] }],
          });
      }
      this.#newlines();
      commands.push(this.#command());
    }
    return { negated, commands };
  }

  #command(): Command {
    this.#reader.skipBlanks();
    const compound = this.#compound();
    if (compound) return { ...compound, redirects: this.#redirects() };
    const named = this.#reader.match(FUNCTION);
    if (named && !this.#peekReserved()) {
      this.#reader.skip(named[0].length);
      return this.#functionBody(named[1] ?? "");
    }
    return this.#simple();
  }

  #functionBody(name: string): Command {
    this.#newlines();
    return { kind: "function", name, body: this.#command(), redirects: [] };
  }

  #compound(): Command | undefined {
    const redirects: Redirect[] = [];
    if (this.#reader.startsWith("((")) {
      const inner = this.#reader.arithmeticCommand();
      if (inner !== undefined) return { kind: "arithmetic", expression: inner, redirects };
    }
    if (this.#peekOperator() === "(") {
      this.#takeOperator();
      const body = this.#body(")");
      this.#expectOperator(")");
      return { kind: "subshell", body, redirects };
    }
    const reserved = this.#peekReserved();
    switch (reserved) {
      case "{": {
        this.#takeReserved();
        const body = this.#body("}");
        this.#expectReserved("}");
        return { kind: "group", body, redirects };
      }
      case "if":
        return this.#if();
      case "while":
      case "until": {
        this.#takeReserved();
        const condition = this.#body("do");
        return { kind: "loop", until: reserved === "until", condition, body: this.#doGroup(), redirects };
      }
      case "for":
        return this.#for();
      case "case":
        return this.#case();
      case "[[":
        return this.#condition();
      case "function": {
        this.#takeReserved();
        this.#reader.skipBlanks();
        const name = this.#reader.match(/[^\s(){}]+/y)?.[0] ?? "";
        this.#reader.skip(name.length);
        const parentheses = this.#reader.match(/[ \t]*\([ \t]*\)/y);
        if (parentheses) this.#reader.skip(parentheses[0].length);
        return this.#functionBody(name);
      }
      case undefined:
        return undefined;
      default:
        throw this.#unexpected();
    }
  }

  #if(): Command {
    const branches: { condition: List; body: List }[] = [];
    let otherwise: List | undefined;
    this.#takeReserved();
    for (;;) {
      const condition = this.#body("then");
      this.#expectReserved("then");
      branches.push({ condition, body: this.#body("elif", "else", "fi") });
      const next = this.#takeReserved();
      if (next === "elif") continue;
      if (next === "else") {
        otherwise = this.#body("fi");
        this.#expectReserved("fi");
      } else if (next !== "fi") {
        throw this.#unexpected("fi");
      }
      return { kind: "if", branches, ...(otherwise ? { otherwise } : {}), redirects: [] };
    }
  }

  #for(): Command {
    this.#takeReserved();
    this.#reader.skipBlanks();
    if (this.#reader.startsWith("((")) {
      const parts = this.#reader.arithmeticParts();
      this.#separator();
      return { kind: "count", parts, body: this.#doGroup(), redirects: [] };
    }
    const variable = this.#reader.match(/[A-Za-z_]\w*/y)?.[0];
    if (!variable) throw this.#unexpected();
    this.#reader.skip(variable.length);
    this.#newlines();
    if (this.#peekReserved() !== "in") {
      this.#separator();
      return { kind: "for", variable, body: this.#doGroup(), redirects: [] };
    }
    this.#takeReserved();
    const words: Word[] = [];
    for (let word = this.#word(); word; word = this.#word()) words.push(word);
    this.#separator();
    return { kind: "for", variable, words, body: this.#doGroup(), redirects: [] };
  }

  #separator(): void {
    if (this.#peekOperator() === ";") this.#takeOperator();
    this.#newlines();
  }

  #doGroup(): List {
    this.#expectReserved("do");
    const body = this.#body("done");
    this.#expectReserved("done");
    return body;
  }

  #case(): Command {
    this.#takeReserved();
    const word = this.#word();
    if (!word) throw this.#unexpected();
    this.#newlines();
    this.#expectReserved("in");
    const clauses: { patterns: Word[]; body: List; end: string }[] = [];
    for (;;) {
      this.#newlines();
      if (this.#peekReserved() === "esac") break;
      if (this.#peekOperator() === "(") this.#takeOperator();
      const patterns: Word[] = [];
      do {
        const pattern = this.#word();
        if (!pattern) throw this.#unexpected();
        patterns.push(pattern);
      } while (this.#peekOperator() === "|" && this.#takeOperator());
      this.#expectOperator(")");
      const body = this.#list(new Set(["esac"]));
      const end = this.#peekOperator();
      clauses.push({ patterns, body, end: end ?? ";;" });
      if (end !== ";;" && end !== ";&" && end !== ";;&") break;
      this.#takeOperator();
    }
    this.#newlines();
    this.#expectReserved("esac");
    return { kind: "case", word, clauses, redirects: [] };
  }

  /** [[ … ]]: operators are kept as words. */
  #condition(): Command {
    this.#takeReserved();
    const words: Word[] = [];
    const text = (value: string): Word => [{ kind: "text", text: value, quoted: false }];
    for (;;) {
      this.#newlines();
      if (this.#reader.atEnd) throw new ShellSyntaxError('unexpected end of file (expecting "]]")', true);
      const operator = this.#reader.match(/&&|\|\||[()<>]/y)?.[0];
      if (operator) {
        this.#reader.skip(operator.length);
        words.push(text(operator));
        continue;
      }
      const previous = words.at(-1)?.[0];
      const word = previous?.kind === "text" && previous.text === "=~" ? this.#reader.regularExpression() : this.#word();
      if (!word) throw this.#unexpected();
      const [only] = word;
      if (word.length === 1 && only?.kind === "text" && !only.quoted && only.text === "]]")
        return { kind: "condition", words, redirects: [] };
      words.push(word);
    }
  }

  #simple(): Command {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    const line = this.#reader.line;
    for (;;) {
      this.#reader.skipBlanks();
      const redirect = this.#redirect();
      if (redirect) {
        redirects.push(redirect);
        continue;
      }
      const assignment = words.length === 0 ? this.#assignment() : undefined;
      if (assignment) {
        assignments.push(assignment);
        continue;
      }
      const word = this.#word();
      if (!word) break;
      words.push(word);
    }
    if (assignments.length + words.length + redirects.length === 0) throw this.#unexpected();
    return { kind: "simple", assignments, words, redirects, line };
  }

  #assignment(): Assignment | undefined {
    const start = this.#reader.position;
    const head = this.#reader.match(ASSIGNMENT);
    if (!head) return undefined;
    this.#reader.skip(head[0].length);
    const index = head[2] ? this.#reader.subscript() : undefined;
    const equals = this.#reader.match(/\+?=/y);
    if (!equals || (head[2] && !index)) {
      this.#reader.position = start;
      return undefined;
    }
    this.#reader.skip(equals[0].length);
    const facts = { name: head[1] ?? "", append: equals[0] === "+=", ...(index ? { index } : {}) };
    if (this.#reader.startsWith("(")) {
      this.#reader.skip(1);
      const array: Word[] = [];
      for (;;) {
        this.#newlines();
        if (this.#peekOperator() === ")") break;
        const word = this.#word();
        if (!word) throw this.#unexpected();
        array.push(word);
      }
      this.#expectOperator(")");
      return { ...facts, value: [], array };
    }
    return { ...facts, value: this.#word(false) ?? [] };
  }

  #redirects(): Redirect[] {
    const all: Redirect[] = [];
    for (;;) {
      this.#reader.skipBlanks();
      const redirect = this.#redirect();
      if (!redirect) return all;
      all.push(redirect);
    }
  }

  #redirect(): Redirect | undefined {
    const head = this.#reader.match(REDIRECT);
    if (!head) return undefined;
    this.#reader.skip(head[0].length);
    const operator = head[2] ?? head[3] ?? "";
    const fd = head[1] ? Number(head[1]) : operator.startsWith("<") ? 0 : 1;
    const target = this.#word();
    if (!target) throw this.#unexpected();
    if (operator !== "<<" && operator !== "<<-") return { fd, operator, target };
    const redirect: { fd: number; operator: string; target: Word } = { fd, operator: "<<", target: [] };
    this.#hereDocuments.push({
      delimiter: target.map((part) => (part.kind === "text" ? part.text : "")).join(""),
      stripTabs: operator === "<<-",
      literal: target.some((part) => part.quoted),
      fill: (body) => {
        redirect.target = body;
      },
    });
    return redirect;
  }

  #word(skip = true): Word | undefined {
    if (skip) this.#reader.skipBlanks();
    return this.#reader.word();
  }

  #newlines(): void {
    for (;;) {
      this.#reader.skipBlanks();
      if (!this.#reader.startsWith("\n")) return;
      this.#takeOperator();
    }
  }

  #peekOperator(): string | undefined {
    this.#reader.skipBlanks();
    return this.#reader.match(OPERATOR)?.[0];
  }

  #takeOperator(): string {
    const operator = this.#peekOperator() ?? "";
    this.#reader.skip(operator.length);
    if (operator === "\n") this.#readHereDocuments();
    return operator;
  }

  #expectOperator(operator: string): void {
    if (this.#peekOperator() !== operator) throw this.#unexpected(operator);
    this.#takeOperator();
  }

  #peekReserved(): string | undefined {
    return this.#reader.match(RESERVED)?.[0];
  }

  #takeReserved(): string | undefined {
    const reserved = this.#peekReserved();
    this.#reader.skip(reserved?.length ?? 0);
    return reserved;
  }

  #expectReserved(word: string): void {
    this.#newlines();
    if (this.#peekReserved() !== word) throw this.#unexpected(word);
    this.#takeReserved();
  }

  #readHereDocuments(): void {
    const pending = this.#hereDocuments;
    this.#hereDocuments = [];
    for (const document of pending) {
      const { text, ended } = this.#reader.hereDocument(document.delimiter, document.stripTabs);
      if (!ended) this.#openHereDocument = true;
      document.fill(document.literal ? [{ kind: "text", text, quoted: true }] : quotedParts(text));
    }
  }

  #unexpected(expected?: string): ShellSyntaxError {
    this.#reader.skipBlanks();
    const expecting = expected ? ` (expecting "${expected}")` : "";
    if (this.#reader.atEnd) return new ShellSyntaxError(`unexpected end of file${expecting}`, true);
    const operator = this.#peekOperator();
    if (operator === "\n") return new ShellSyntaxError(`unexpected newline${expecting}`);
    const token = operator ?? this.#reader.match(/[^\s;&|()<>]+/y)?.[0] ?? "";
    return new ShellSyntaxError(`unexpected ${operator ? `"${token}"` : expected ? `word${expecting}` : `"${token}"`}`);
  }
}

/** The text of a here-document or of a double-quoted string, with its expansions. */
export function quotedParts(text: string): WordPart[] {
  return new WordReader(text).quotedText(undefined);
}
