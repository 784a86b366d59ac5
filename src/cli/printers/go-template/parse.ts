import { goQuote } from "../../../util/go-quote.ts";
import { isFunction } from "./functions.ts";
import { Lexer, tokenText, type Token, type TokenKind } from "./lexer.ts";
import {
  commandSource,
  isEmpty,
  pipelineSource,
  type Branch,
  type Command,
  type Operand,
  type Pipeline,
  type TemplateNode,
} from "./nodes.ts";
import { complexConstant, numberConstant } from "./numbers.ts";
import { unquote, unquoteRune } from "./unquote.ts";

/** Every template by its name; the text itself is "output". */
export function parseTemplate(text: string): Map<string, readonly TemplateNode[]> {
  const templates = new Map<string, readonly TemplateNode[]>();
  const tree = new Tree(new Lexer(text), templates, "output");
  tree.parse();
  return templates;
}

type Stop = "end" | "else";

const NO_TOKEN: Token = { kind: "EOF", at: 0, text: "", line: 0 };
const OPERANDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  "bool",
  "rune",
  "complex",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "raw",
  "string",
  "variable",
  "(",
]);
const NOT_EXECUTABLE: ReadonlySet<string> = new Set(["bool", "dot", "nil", "number", "string"]);

/** One template of the text, with its own look-ahead: messages name the line of what it read last. Upstream: text/template/parse/parse.go */
class Tree {
  readonly #lexer: Lexer;
  readonly #templates: Map<string, readonly TemplateNode[]>;
  #name: string;
  #tokens: [Token, Token, Token] = [NO_TOKEN, NO_TOKEN, NO_TOKEN];
  #peeked = 0;
  #variables = ["$"];
  #actionLine = 0;
  #rangeDepth = 0;

  constructor(lexer: Lexer, templates: Map<string, readonly TemplateNode[]>, name: string) {
    this.#lexer = lexer;
    this.#templates = templates;
    this.#name = name;
  }

  parse(): void {
    const root: TemplateNode[] = [];
    while (this.#peek().kind !== "EOF") {
      if (this.#peek().kind === "left") {
        const delimiter = this.#next();
        if (this.#nextNonSpace().kind === "define") {
          new Tree(this.#lexer, this.#templates, "").#definition();
          continue;
        }
        this.#backup(delimiter);
      }
      const node = this.#textOrAction();
      if (typeof node === "string") this.#fail(`unexpected {{${node}}}`);
      root.push(node);
    }
    this.#add(root);
  }

  #definition(): void {
    const context = "define clause";
    const name = this.#nextNonSpace();
    if (name.kind !== "string" && name.kind !== "raw") this.#unexpected(name, context);
    this.#name = this.#unquoted(name.text);
    this.#expect("right", context);
    this.#finish(context);
  }

  /** The body of a definition, with its end. */
  #finish(context: string): void {
    const { nodes, stop } = this.#list();
    if (stop !== "end") this.#fail(`unexpected {{${stop}}} in ${context}`);
    this.#add(nodes);
  }

  #add(nodes: readonly TemplateNode[]): void {
    const known = this.#templates.get(this.#name);
    if (!known || isEmpty(known)) this.#templates.set(this.#name, nodes);
    else if (!isEmpty(nodes)) this.#fail(`template: multiple definition of template ${goQuote(this.#name)}`);
  }

  #list(): { readonly nodes: TemplateNode[]; readonly stop: Stop } {
    const nodes: TemplateNode[] = [];
    while (this.#peekNonSpace().kind !== "EOF") {
      const node = this.#textOrAction();
      if (typeof node === "string") return { nodes, stop: node };
      nodes.push(node);
    }
    this.#fail("unexpected EOF");
  }

  #textOrAction(): TemplateNode | Stop {
    const token = this.#nextNonSpace();
    if (token.kind === "text") return { type: "text", text: token.text };
    if (token.kind !== "left") this.#unexpected(token, "input");
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): TemplateNode | Stop {
    const token = this.#nextNonSpace();
    switch (token.kind) {
      case "block":
        return this.#block();
      case "break":
      case "continue":
        return this.#jump(token.kind);
      case "else": {
        const { kind } = this.#peekNonSpace();
        if (kind !== "if" && kind !== "with") this.#expect("right", "else");
        return "else";
      }
      case "end":
        this.#expect("right", "end");
        return "end";
      case "if":
      case "range":
      case "with":
        return this.#branch(token.kind);
      case "template": {
        const name = this.#nextNonSpace();
        const template = this.#templateName(name, "template clause");
        if (this.#nextNonSpace().kind === "right") return templateNode(name.at, template, undefined);
        this.#backup();
        return templateNode(name.at, template, this.#pipeline("template clause", "right"));
      }
      default:
        this.#backup();
        return { type: "action", pipeline: this.#pipeline("command", "right") };
    }
  }

  #block(): TemplateNode {
    const context = "block clause";
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    const pipeline = this.#pipeline(context, "right");
    new Tree(this.#lexer, this.#templates, name).#finish(context);
    return templateNode(token.at, name, pipeline);
  }

  #jump(type: "break" | "continue"): TemplateNode {
    const token = this.#nextNonSpace();
    if (token.kind !== "right") this.#unexpected(token, `{{${type}}}`);
    if (this.#rangeDepth === 0) this.#fail(`{{${type}}} outside {{range}}`);
    return { type };
  }

  #branch(type: Branch["type"]): Branch {
    const depth = this.#variables.length;
    const pipeline = this.#pipeline(type, "right");
    if (type === "range") this.#rangeDepth++;
    const { nodes: body, stop } = this.#list();
    if (type === "range") this.#rangeDepth--;
    let otherwise: readonly TemplateNode[] = [];
    if (stop === "else") otherwise = this.#otherwise(type);
    this.#variables.length = depth;
    return { type, pipeline, body, otherwise, at: pipeline.at, source: `{{${type} ${pipeline.source}}}` };
  }

  #otherwise(type: Branch["type"]): readonly TemplateNode[] {
    if (type !== "range" && this.#peek().kind === type) {
      this.#next();
      return [this.#branch(type)];
    }
    const { nodes, stop } = this.#list();
    if (stop !== "end") this.#fail(`expected end; found {{${stop}}}`);
    return nodes;
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== "string" && token.kind !== "raw") this.#unexpected(token, context);
    return this.#unquoted(token.text);
  }

  #pipeline(context: string, end: "right" | ")"): Pipeline {
    const { at } = this.#peekNonSpace();
    const { variables, assigns } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#nextNonSpace();
      if (token.kind === end) break;
      if (!OPERANDS.has(token.kind)) this.#unexpected(token, context);
      this.#backup();
      commands.push(this.#command());
    }
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    const stage = commands.findIndex(({ operands }, index) => index > 0 && NOT_EXECUTABLE.has(operands[0].type));
    if (stage > 0) this.#fail(`non executable command in pipeline stage ${stage + 1}`);
    return { type: "pipeline", commands, variables, assigns, at, source: pipelineSource({ commands, variables, assigns }) };
  }

  #declarations(context: string): { readonly variables: string[]; readonly assigns: boolean } {
    const variables: string[] = [];
    for (;;) {
      const variable = this.#peekNonSpace();
      if (variable.kind !== "variable") return { variables, assigns: false };
      this.#next();
      const after = this.#peek();
      const next = this.#peekNonSpace();
      if (next.kind === "=" || next.kind === ":=") {
        this.#nextNonSpace();
        this.#declare(variables, variable.text);
        return { variables, assigns: next.kind === "=" };
      }
      if (next.kind !== "char" || next.text !== ",") {
        if (after.kind === "space") this.#backup(variable, after);
        else this.#backup(variable);
        return { variables, assigns: false };
      }
      this.#nextNonSpace();
      this.#declare(variables, variable.text);
      if (context !== "range" || variables.length > 1) this.#fail(`too many declarations in ${context}`);
      if (!["variable", "right", ")"].includes(this.#peekNonSpace().kind)) this.#fail("range can only initialize variables");
    }
  }

  #declare(variables: string[], name: string): void {
    variables.push(name);
    this.#variables.push(name);
  }

  #command(): Command {
    const { at } = this.#peekNonSpace();
    const operands: Operand[] = [];
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand) operands.push(operand);
      const token = this.#next();
      if (token.kind === "space") continue;
      if (token.kind === "right" || token.kind === ")") this.#backup();
      else if (token.kind !== "|") this.#unexpected(token, "operand");
      break;
    }
    const [first, ...rest] = operands;
    if (!first) this.#fail("empty command");
    return { at, operands: [first, ...rest], source: commandSource(operands) };
  }

  /** A term with the fields that follow it without a blank: errors point at the first of them. */
  #operand(): Operand | undefined {
    const node = this.#term();
    if (!node || this.#peek().kind !== "field") return node;
    const { at } = this.#peek();
    const fields: string[] = [];
    while (this.#peek().kind === "field") fields.push(this.#next().text.slice(1));
    const source = [node.type === "pipeline" ? `(${node.source})` : node.source, ...fields].join(".");
    if (node.type === "field" || node.type === "variable") return { ...node, path: [...node.path, ...fields], at, source };
    if (NOT_EXECUTABLE.has(node.type)) this.#fail(`unexpected . after term ${goQuote(node.source)}`);
    return { type: "chain", node, path: fields, at, source };
  }

  #term(): Operand | undefined {
    const { kind, at, text } = this.#nextNonSpace();
    const place = { at, source: text };
    switch (kind) {
      case "identifier":
        if (!isFunction(text)) this.#fail(`function ${goQuote(text)} not defined`);
        return { ...place, type: "function", name: text };
      case "dot":
      case "nil":
        return { ...place, type: kind };
      case "variable":
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${goQuote(text)}`);
        return { ...place, type: "variable", name: text, path: [] };
      case "field":
        return { ...place, type: "field", path: [text.slice(1)] };
      case "bool":
        return { ...place, type: "bool", value: text === "true" };
      case "rune":
        return { ...place, type: "number", value: this.#checked(() => BigInt(unquoteRune(text))) };
      case "complex":
        return { ...place, type: "number", value: this.#checked(() => complexConstant(text)) };
      case "number":
        return { ...place, type: "number", value: this.#checked(() => numberConstant(text)) };
      case "string":
      case "raw":
        return { ...place, type: "string", value: this.#unquoted(text) };
      case "(":
        return this.#pipeline("parenthesized pipeline", ")");
      default:
        this.#backup();
        return undefined;
    }
  }

  #unquoted(text: string): string {
    return this.#checked(() => unquote(text));
  }

  #checked<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  #expect(kind: TokenKind, context: string): void {
    const token = this.#nextNonSpace();
    if (token.kind !== kind) this.#unexpected(token, context);
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind !== "error") this.#fail(`unexpected ${tokenText(token)} in ${context}`);
    if (this.#actionLine === 0 || this.#actionLine === token.line) this.#fail(token.text);
    const where = ` started at output:${this.#actionLine}`;
    this.#fail(`${token.text}${token.text.endsWith(" action") ? "" : " in action"}${where}`);
  }

  #fail(message: string): never {
    throw new Error(`template: output:${this.#tokens[0].line}: ${message}`);
  }

  #next(): Token {
    if (this.#peeked > 0) this.#peeked--;
    else this.#tokens[0] = this.#lexer.next();
    return this.#tokens[this.#peeked] ?? NO_TOKEN;
  }

  /** Steps back by one token, with those that were read before it. */
  #backup(...before: readonly Token[]): void {
    this.#peeked = before.length === 0 ? this.#peeked + 1 : before.length + 1;
    for (const [index, token] of [...before].reverse().entries()) this.#tokens[index + 1] = token;
  }

  #peek(): Token {
    if (this.#peeked === 0) {
      this.#peeked = 1;
      this.#tokens[0] = this.#lexer.next();
    }
    return this.#tokens[this.#peeked - 1] ?? NO_TOKEN;
  }

  #nextNonSpace(): Token {
    for (;;) {
      const token = this.#next();
      if (token.kind !== "space") return token;
    }
  }

  #peekNonSpace(): Token {
    const token = this.#nextNonSpace();
    this.#backup();
    return token;
  }
}

function templateNode(at: number, name: string, pipeline: Pipeline | undefined): TemplateNode {
  const data = pipeline ? ` ${pipeline.source}` : "";
  return { type: "template", name, pipeline, at, source: `{{template ${goQuote(name)}${data}}}` };
}
