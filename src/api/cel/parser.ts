import { RESERVED_WORDS } from "./reserved-words.ts";
import { type CelIssue, CelCompileError } from "./errors.ts";
import { SyntaxIssue, type Token, tokenize } from "./lexer.ts";
import { expandMacro } from "./macros.ts";
import type { Expr, Ident } from "./syntax.ts";

const PRIMARY_EXPECTED = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const BINARY: readonly (readonly string[])[] = [["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">=", "in"], ["+", "-"], ["*", "/", "%"]];
// || and &&
const LOGICAL_LEVELS = 2;
// Upstream: cel-go's default maxRecursionDepth, and Kubernetes' limit of what a field of CEL may hold.
const DEPTH_MAX = 250;
const SOURCE_MAX = 100_000;
const INT_MAX = 9_223_372_036_854_775_807n;
const UINT_MAX = 18_446_744_073_709_551_615n;

/** Throws CelCompileError. Macros are expanded on the way, as the specification has it. */
export function parseExpression(source: string): Expr {
  if (source.length > SOURCE_MAX) {
    throw new CelCompileError("", [
      { at: 0, message: `expression code point size exceeds limit: size: ${source.length}, limit ${SOURCE_MAX}` },
    ]);
  }
  try {
    return new Parser(tokenize(source)).parse();
  } catch (error) {
    if (error instanceof SyntaxIssue) throw new CelCompileError(source, [error.issue]);
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expr {
    const expr = this.#expression();
    if (this.#peek().type !== "end") {
      const next = this.#tokens[this.#position + 1];
      this.#fail(`${next?.type === "end" ? "extraneous" : "mismatched"} input '${this.#peek().text}' expecting <EOF>`);
    }
    return expr;
  }

  #peek(): Token {
    return this.#tokens[this.#position] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.type !== "end") this.#position++;
    return token;
  }

  #isNext(text: string): boolean {
    const token = this.#peek();
    return token.text === text && (token.type === "operator" || text === "in");
  }

  #accept(text: string): Token | undefined {
    return this.#isNext(text) ? this.#next() : undefined;
  }

  #expect(...texts: string[]): Token {
    for (const text of texts) {
      const token = this.#accept(text);
      if (token) return token;
    }
    const expected = texts.map((text) => `'${text}'`).join(", ");
    return this.#fail(`mismatched input '${this.#peek().text}' expecting ${texts.length > 1 ? `{${expected}}` : expected}`);
  }

  #fail(message: string, at = this.#peek().at): never {
    throw new SyntaxIssue(at, `Syntax error: ${message}`);
  }

  #expression(): Expr {
    if (++this.#depth > DEPTH_MAX) this.#tooDeep();
    const condition = this.#binary(0);
    const question = this.#accept("?");
    let result = condition;
    if (question) {
      const whenTrue = this.#binary(0);
      this.#expect(":");
      result = { kind: "call", at: question.at, name: "_?_:_", target: undefined, args: [condition, whenTrue, this.#expression()] };
    }
    this.#depth--;
    return result;
  }

  #binary(level: number): Expr {
    const operators = BINARY[level];
    if (!operators) return this.#unary();
    const operands = [this.#binary(level + 1)];
    const signs: Token[] = [];
    for (;;) {
      if (!operators.some((text) => this.#isNext(text))) break;
      signs.push(this.#next());
      operands.push(this.#binary(level + 1));
    }
    return level < LOGICAL_LEVELS ? balanced(operands, signs) : this.#leftToRight(operands, signs);
  }

  #leftToRight([first, ...others]: readonly Expr[], signs: readonly Token[]): Expr {
    if (others.length > DEPTH_MAX) this.#tooDeep();
    return others.reduce((left, right, index) => combine(left, right, signs[index] as Token), first as Expr);
  }

  #tooDeep(): never {
    throw new SyntaxIssue(-1, `expression recursion limit exceeded: ${DEPTH_MAX}`);
  }

  #unary(): Expr {
    const start = this.#peek();
    if (this.#isNext("!")) {
      let count = 0;
      while (this.#accept("!")) count++;
      const operand = this.#member();
      return count % 2 === 0 ? operand : { kind: "call", at: start.at, name: "!_", target: undefined, args: [operand] };
    }
    if (!this.#isNext("-")) return this.#member();
    let count = 0;
    while (this.#accept("-")) count++;
    const token = this.#peek();
    // The smallest integer has no positive counterpart: the sign belongs to the literal.
    if (count === 1 && (token.type === "int" || token.type === "double")) return this.#member(start);
    const operand = this.#member();
    return count % 2 === 0 ? operand : { kind: "call", at: start.at, name: "-_", target: undefined, args: [operand] };
  }

  #member(minus?: Token): Expr {
    let expr = this.#primary(minus);
    for (let links = 0; ; links++) {
      if (links > DEPTH_MAX) this.#tooDeep();
      const dot = this.#accept(".");
      if (dot) {
        expr = this.#afterDot(expr, dot.at);
        continue;
      }
      const bracket = this.#accept("[");
      if (!bracket) return expr;
      const optional = this.#accept("?");
      const index = this.#expression();
      this.#expect("]");
      expr = { kind: "call", at: bracket.at, name: optional ? "_[?_]" : "_[_]", target: undefined, args: [expr, index] };
    }
  }

  #afterDot(operand: Expr, at: number): Expr {
    const optional = this.#accept("?");
    const token = this.#next();
    if (token.type === "quoted-identifier")
      return { kind: "select", at, operand, field: token.text.slice(1, -1), mode: optional ? "optional" : "plain" };
    if (token.type !== "identifier" || ["true", "false", "null", "in"].includes(token.text)) {
      this.#fail(`no viable alternative at input '.${token.text === "<EOF>" ? "" : token.text}'`, token.at);
    }
    const open = optional ? undefined : this.#accept("(");
    if (!open) return { kind: "select", at, operand, field: token.text, mode: optional ? "optional" : "plain" };
    const args = this.#list(")");
    return expandMacro(token.text, operand, args, open.at) ?? { kind: "call", at: open.at, name: token.text, target: operand, args };
  }

  #list(close: string): Expr[] {
    const items: Expr[] = [];
    if (this.#accept(close)) return items;
    for (;;) {
      items.push(this.#expression());
      if (this.#expect(close, ",").text === close) return items;
    }
  }

  #primary(minus?: Token): Expr {
    const token = this.#peek();
    switch (token.type) {
      case "int":
      case "uint":
      case "double":
      case "string":
      case "bytes":
        this.#next();
        return literal(token, minus);
      case "identifier":
        return this.#identifier();
      case "operator":
        if (token.text === ".") return this.#identifier();
        if (token.text === "(") {
          this.#next();
          const inner = this.#expression();
          this.#expect(")");
          return inner;
        }
        if (token.text === "[") return this.#listLiteral();
        if (token.text === "{") return this.#mapLiteral();
    }
    return this.#fail(`mismatched input '${token.text}' expecting ${PRIMARY_EXPECTED}`);
  }

  #identifier(): Expr {
    const dot = this.#accept(".");
    const token = this.#next();
    if (token.type !== "identifier") return this.#fail(`mismatched input '${token.text}' expecting IDENTIFIER`, token.at);
    const { at, text } = token;
    if (text === "true" || text === "false") return { kind: "literal", at, type: "bool", value: text === "true" };
    if (text === "null") return { kind: "literal", at, type: "null", value: null };
    if (RESERVED_WORDS.has(text))
      throw new SyntaxIssue(
        at,
        text === "in" ? `Syntax error: mismatched input 'in' expecting ${PRIMARY_EXPECTED}` : `reserved identifier: ${text}`,
      );
    const name = (dot ? "." : "") + text;
    const struct = this.#structLiteral(name, at);
    if (struct) return struct;
    const open = this.#accept("(");
    if (!open) return { kind: "ident", at, name };
    const args = this.#list(")");
    return expandMacro(name, undefined, args, open.at) ?? { kind: "call", at: open.at, name, target: undefined, args };
  }

  /** `a.b.C{field: value}`: told from a map after an operand by looking ahead over the dotted name. */
  #structLiteral(first: string, _at: number): Expr | undefined {
    let ahead = this.#position;
    let name = first;
    while (this.#tokens[ahead]?.text === "." && this.#tokens[ahead + 1]?.type === "identifier") {
      name += `.${this.#tokens[ahead + 1]?.text}`;
      ahead += 2;
    }
    const brace = this.#tokens[ahead];
    if (brace?.type !== "operator" || brace.text !== "{") return undefined;
    this.#position = ahead + 1;
    const fields: { at: number; name: string; value: Expr; optional: boolean }[] = [];
    while (!this.#accept("}")) {
      const optional = this.#accept("?") !== undefined;
      const field = this.#next();
      if (field.type !== "identifier" && field.type !== "quoted-identifier")
        this.#fail(`mismatched input '${field.text}' expecting IDENTIFIER`, field.at);
      const colon = this.#expect(":");
      const value = this.#expression();
      fields.push({ at: colon.at, name: field.text.replaceAll("`", ""), value, optional });
      if (!this.#isNext("}")) this.#expect(",", "}");
    }
    return { kind: "struct", at: brace.at, name, fields };
  }

  #listLiteral(): Expr {
    const { at } = this.#expect("[");
    const elements: { value: Expr; optional: boolean }[] = [];
    while (!this.#accept("]")) {
      const optional = this.#accept("?") !== undefined;
      elements.push({ value: this.#expression(), optional });
      if (!this.#isNext("]")) this.#expect(",", "]");
    }
    return { kind: "list", at, elements };
  }

  #mapLiteral(): Expr {
    const { at } = this.#expect("{");
    const entries: { key: Expr; value: Expr; optional: boolean }[] = [];
    while (!this.#accept("}")) {
      const optional = this.#accept("?") !== undefined;
      const key = this.#expression();
      this.#expect(":");
      entries.push({ key, value: this.#expression(), optional });
      if (!this.#isNext("}")) this.#expect(",", "}");
    }
    return { kind: "map", at, entries };
  }
}

function combine(left: Expr, right: Expr, { text, at }: Token): Expr {
  return { kind: "call", at, name: text === "in" ? "@in" : `_${text}_`, target: undefined, args: [left, right] };
}

/** Long chains of && and || must not become deep ones. Upstream: cel-go parser/helper.go logicManager */
function balanced(operands: readonly Expr[], signs: readonly Token[]): Expr {
  if (operands.length === 1) return operands[0] as Expr;
  const middle = Math.ceil(operands.length / 2);
  const sign = signs[middle - 1] as Token;
  return combine(
    balanced(operands.slice(0, middle), signs.slice(0, middle - 1)),
    balanced(operands.slice(middle), signs.slice(middle)),
    sign,
  );
}

function literal(token: Token, minus: Token | undefined): Expr {
  const at = minus?.at ?? token.at;
  const { type, value } = token;
  if (type === "int" && typeof value === "bigint") {
    const signed = minus ? -value : value;
    if (signed > INT_MAX || signed < -INT_MAX - 1n) throw new SyntaxIssue(at, "invalid int literal");
    return { kind: "literal", at, type, value: signed };
  }
  if (type === "uint" && typeof value === "bigint") {
    if (value > UINT_MAX) throw new SyntaxIssue(at, "invalid uint literal");
    return { kind: "literal", at, type, value };
  }
  if (type === "double" && typeof value === "number") return { kind: "literal", at, type, value: minus ? -value : value };
  return { kind: "literal", at, type: type === "bytes" ? "bytes" : "string", value: value ?? "" };
}

/** The plain dotted name that an expression spells, if it spells one. */
export function dottedName(expr: Expr): string | undefined {
  if (expr.kind === "ident") return (expr satisfies Ident).name;
  if (expr.kind !== "select" || expr.mode !== "plain") return undefined;
  const prefix = dottedName(expr.operand);
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`;
}

export type { CelIssue };
