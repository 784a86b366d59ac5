export class AwkSyntaxError extends Error {
  override readonly name = "AwkSyntaxError";
}

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "regexp"; readonly source: string }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "field"; readonly index: Expression }
  | { readonly kind: "element"; readonly name: string; readonly index: readonly Expression[] }
  | { readonly kind: "assign"; readonly operator: string; readonly target: Expression; readonly value: Expression }
  | { readonly kind: "step"; readonly target: Expression; readonly by: 1 | -1; readonly before: boolean }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "ternary"; readonly condition: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: "in"; readonly index: Expression; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] };

export type Statement =
  | { readonly kind: "expression"; readonly value: Expression }
  | { readonly kind: "print"; readonly args: readonly Expression[]; readonly format: boolean }
  | { readonly kind: "if"; readonly condition: Expression; readonly yes: Statement; readonly no: Statement | undefined }
  | { readonly kind: "while"; readonly condition: Expression; readonly body: Statement; readonly first: boolean }
  | {
      readonly kind: "for";
      readonly start: Statement | undefined;
      readonly condition: Expression | undefined;
      readonly step: Statement | undefined;
      readonly body: Statement;
    }
  | { readonly kind: "each"; readonly variable: string; readonly name: string; readonly body: Statement }
  | { readonly kind: "block"; readonly body: readonly Statement[] }
  | { readonly kind: "delete"; readonly name: string; readonly index: readonly Expression[] | undefined }
  | { readonly kind: "next" | "break" | "continue" }
  | { readonly kind: "exit"; readonly code: Expression | undefined };

export interface Rule {
  readonly when: "BEGIN" | "END" | "line";
  readonly pattern: Expression | undefined;
  readonly until: Expression | undefined;
  /** Undefined: print the line. */
  readonly body: Statement | undefined;
}

type Token = {
  readonly kind: "number" | "string" | "regexp" | "name" | "operator" | "newline" | "end";
  readonly text: string;
  readonly spaced: boolean;
};

const OPERATORS = /&&|\|\||\+\+|--|[-+*/%^]=|[=!<>]=|!~|[-+*/%^<>=!~?:;,{}()[\]$]/y;
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["~", "!~"],
  ["<", "<=", ">", ">=", "==", "!="],
  ["concatenate"],
  ["+", "-"],
  ["*", "/", "%"],
];

export function parseAwk(source: string): readonly Rule[] {
  return new Parser(tokenize(source)).rules();
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let spaced = false;
  const add = (kind: Token["kind"], text: string) => {
    tokens.push({ kind, text, spaced });
    spaced = false;
  };
  const match = (sticky: RegExp) => {
    sticky.lastIndex = at;
    const found = sticky.exec(source);
    if (found) at += found[0].length;
    return found;
  };
  while (at < source.length) {
    if (match(/(?:[ \t\r]|\\\n|#[^\n]*)+/y)) {
      spaced = true;
      continue;
    }
    if (match(/\n/y)) {
      add("newline", "\n");
      continue;
    }
    const text = match(/"((?:[^"\\]|\\[^])*)"/y);
    if (text) {
      const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", a: "\x07", "0": "\0" };
      add(
        "string",
        (text[1] ?? "").replace(
          /\\([^])/g,
          (whole, code: string) => escapes[code] ?? (code === '"' || code === "\\" || code === "/" ? code : whole),
        ),
      );
      continue;
    }
    const last = tokens.at(-1);
    const operandBefore =
      last !== undefined &&
      (last.kind === "number" ||
        last.kind === "string" ||
        last.kind === "name" ||
        last.text === ")" ||
        last.text === "]" ||
        last.text === "$");
    const regexp = operandBefore ? null : match(/\/((?:[^/\\\n]|\\.)*)\//y);
    if (regexp) {
      add("regexp", (regexp[1] ?? "").replace(/\\\//g, "/"));
      continue;
    }
    const number = match(/0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y);
    if (number) {
      add("number", number[0]);
      continue;
    }
    const name = match(/[A-Za-z_]\w*/y);
    if (name) {
      add("name", name[0]);
      continue;
    }
    const operator = match(OPERATORS);
    if (!operator) throw new AwkSyntaxError("Unexpected token");
    add("operator", operator[0]);
  }
  add("end", "");
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** In a print list `>` would be a redirection. */
  #noGreater = false;
  #noIn = false;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  rules(): Rule[] {
    const rules: Rule[] = [];
    for (this.#separators(); this.#peek().kind !== "end"; this.#separators()) {
      const { text } = this.#peek();
      const when = text === "BEGIN" || text === "END" ? text : "line";
      if (when !== "line") this.#at++;
      const pattern = when === "line" && text !== "{" ? this.#expression() : undefined;
      const until = pattern && this.#accept(",") ? this.#expression() : undefined;
      rules.push({
        when,
        pattern,
        until,
        body: this.#peek().text === "{" && this.#peek().kind === "operator" ? this.#statement() : undefined,
      });
    }
    return rules;
  }

  #statement(): Statement {
    const token = this.#peek();
    if (token.kind === "operator" && token.text === "{") {
      this.#at++;
      const body: Statement[] = [];
      for (this.#separators(); !this.#accept("}"); this.#separators()) {
        if (this.#peek().kind === "end") throw new AwkSyntaxError("Unexpected end of string");
        body.push(this.#statement());
      }
      return { kind: "block", body };
    }
    if (token.kind !== "name") return { kind: "expression", value: this.#expression() };
    switch (token.text) {
      case "if": {
        this.#at++;
        const condition = this.#parenthesized();
        const yes = this.#body();
        const before = this.#at;
        this.#separators();
        if (this.#peek().text !== "else") {
          this.#at = before;
          return { kind: "if", condition, yes, no: undefined };
        }
        this.#at++;
        return { kind: "if", condition, yes, no: this.#body() };
      }
      case "while":
        this.#at++;
        return { kind: "while", condition: this.#parenthesized(), body: this.#body(), first: false };
      case "do": {
        this.#at++;
        const body = this.#body();
        this.#separators();
        this.#at++;
        return { kind: "while", condition: this.#parenthesized(), body, first: true };
      }
      case "for":
        return this.#for();
      case "next":
      case "break":
      case "continue":
        this.#at++;
        return { kind: token.text };
      case "exit":
        this.#at++;
        return { kind: "exit", code: this.#atStatementEnd() ? undefined : this.#expression() };
      case "delete": {
        this.#at++;
        const name = this.#take().text;
        return { kind: "delete", name, index: this.#accept("[") ? this.#list("]") : undefined };
      }
      default:
        return this.#simple();
    }
  }

  #simple(): Statement {
    const { text } = this.#peek();
    if (text !== "print" && text !== "printf") return { kind: "expression", value: this.#expression() };
    this.#at++;
    this.#noGreater = true;
    const args: Expression[] = [];
    if (!this.#atStatementEnd()) {
      do args.push(this.#expression());
      while (this.#accept(","));
    }
    this.#noGreater = false;
    if (this.#accept(">")) this.#expression();
    const [only] = args;
    // print (a, b): the parser has read a list in parentheses.
    return { kind: "print", args: only?.kind === "call" && only.name === "" ? only.args : args, format: text === "printf" };
  }

  #for(): Statement {
    this.#at++;
    this.#expect("(");
    const [variable, keyword, name, close] = [0, 1, 2, 3].map((ahead) => this.#tokens[this.#at + ahead]);
    if (variable?.kind === "name" && keyword?.text === "in" && name?.kind === "name" && close?.text === ")") {
      this.#at += 4;
      return { kind: "each", variable: variable.text, name: name.text, body: this.#body() };
    }
    const start = this.#peek().text === ";" ? undefined : this.#simple();
    this.#expect(";");
    const condition = this.#peek().text === ";" ? undefined : this.#expression();
    this.#expect(";");
    const step = this.#peek().text === ")" ? undefined : this.#simple();
    this.#expect(")");
    return { kind: "for", start, condition, step, body: this.#body() };
  }

  #body(): Statement {
    while (this.#peek().kind === "newline") this.#at++;
    if (this.#accept(";")) return { kind: "block", body: [] };
    return this.#statement();
  }

  #parenthesized(): Expression {
    this.#expect("(");
    const value = this.#expression();
    this.#expect(")");
    return value;
  }

  #expression(): Expression {
    const target = this.#ternary();
    const { text, kind } = this.#peek();
    if (kind !== "operator" || !/^[-+*/%^]?=$/.test(text) || !["variable", "field", "element"].includes(target.kind)) return target;
    this.#at++;
    return { kind: "assign", operator: text.slice(0, -1), target, value: this.#expression() };
  }

  #ternary(): Expression {
    const condition = this.#binary(0);
    if (!this.#accept("?")) return condition;
    const yes = this.#expression();
    this.#expect(":");
    return { kind: "ternary", condition, yes, no: this.#expression() };
  }

  #binary(level: number): Expression {
    const operators = LEVELS[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const { text, kind } = this.#peek();
      if (operators[0] === "concatenate") {
        if (!this.#startsOperand()) return left;
        left = { kind: "binary", operator: "concatenate", left, right: this.#binary(level + 1) };
      } else if (operators[0] === "~" && kind === "name" && text === "in" && !this.#noIn) {
        this.#at++;
        left = { kind: "in", index: left, name: this.#take().text };
      } else if (kind === "operator" && operators.includes(text) && !(text === ">" && this.#noGreater)) {
        this.#at++;
        while ((text === "&&" || text === "||") && this.#peek().kind === "newline") this.#at++;
        left = { kind: "binary", operator: text, left, right: this.#binary(level + 1) };
      } else return left;
    }
  }

  #startsOperand(): boolean {
    const { kind, text } = this.#peek();
    if (kind === "name") return text !== "in";
    return (
      kind === "number" ||
      kind === "string" ||
      (kind === "operator" && ["$", "(", "!", "-", "++", "--"].includes(text) && text !== "!" && !(text === "-" || (text === "(" && false)))
    );
  }

  #unary(): Expression {
    for (const operator of ["!", "-", "+"]) if (this.#accept(operator)) return { kind: "unary", operator, operand: this.#unary() };
    return this.#power();
  }

  #power(): Expression {
    const base = this.#postfix();
    return this.#accept("^") ? { kind: "binary", operator: "^", left: base, right: this.#unary() } : base;
  }

  #postfix(): Expression {
    for (const [operator, by] of [
      ["++", 1],
      ["--", -1],
    ] as const)
      if (this.#accept(operator)) return { kind: "step", target: this.#primary(), by, before: true };
    const value = this.#primary();
    if (!["variable", "field", "element"].includes(value.kind)) return value;
    for (const [operator, by] of [
      ["++", 1],
      ["--", -1],
    ] as const)
      if (this.#accept(operator)) return { kind: "step", target: value, by, before: false };
    return value;
  }

  #primary(): Expression {
    const token = this.#take();
    if (token.kind === "number") return { kind: "number", value: Number(token.text) };
    if (token.kind === "string") return { kind: "string", value: token.text };
    if (token.kind === "regexp") return { kind: "regexp", source: token.text };
    if (token.text === "$" && token.kind === "operator") return { kind: "field", index: this.#postfixOfField() };
    if (token.text === "(" && token.kind === "operator") {
      const greater = this.#noGreater;
      this.#noGreater = false;
      const items = this.#list(")");
      this.#noGreater = greater;
      const [only] = items;
      return items.length === 1 && only ? only : { kind: "call", name: "", args: items };
    }
    if (token.kind !== "name") throw new AwkSyntaxError("Unexpected token");
    const next = this.#peek();
    if (next.text === "(" && next.kind === "operator" && !next.spaced) {
      this.#at++;
      return { kind: "call", name: token.text, args: this.#list(")") };
    }
    if (this.#accept("[")) return { kind: "element", name: token.text, index: this.#list("]") };
    if (token.text === "length") return { kind: "call", name: "length", args: [] };
    return { kind: "variable", name: token.text };
  }

  /** $NF-1 is ($NF)-1, $i++ is ($i)++. */
  #postfixOfField(): Expression {
    for (const [operator, by] of [
      ["++", 1],
      ["--", -1],
    ] as const)
      if (this.#accept(operator)) return { kind: "step", target: this.#primary(), by, before: true };
    if (this.#accept("-")) return { kind: "unary", operator: "-", operand: this.#primary() };
    return this.#primary();
  }

  #list(close: string): Expression[] {
    const items: Expression[] = [];
    if (this.#accept(close)) return items;
    do {
      while (this.#peek().kind === "newline") this.#at++;
      items.push(this.#expression());
    } while (this.#accept(","));
    this.#expect(close);
    return items;
  }

  #atStatementEnd(): boolean {
    const { kind, text } = this.#peek();
    return kind === "newline" || kind === "end" || (kind === "operator" && (text === ";" || text === "}" || text === ">"));
  }

  #separators(): void {
    while (this.#peek().kind === "newline" || (this.#peek().kind === "operator" && this.#peek().text === ";")) this.#at++;
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "", spaced: false };
  }

  #take(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #accept(operator: string): boolean {
    const token = this.#peek();
    if (token.kind !== "operator" || token.text !== operator) return false;
    this.#at++;
    return true;
  }

  #expect(operator: string): void {
    if (!this.#accept(operator)) throw new AwkSyntaxError(this.#peek().kind === "end" ? "Unexpected end of string" : "Unexpected token");
  }
}
