/** Where a node stands in the template, and how Go writes it in messages. */
export interface Place {
  /** Of the first character, and of what errors point at: the second name of a chain of fields. */
  readonly start: number;
  readonly at: number;
  readonly source: string;
}

export type Operand = Place &
  (
    | { readonly type: "dot" }
    | { readonly type: "nil" }
    | { readonly type: "literal"; readonly value: string | number | bigint | boolean }
    | { readonly type: "field"; readonly path: readonly string[] }
    | { readonly type: "variable"; readonly name: string; readonly path: readonly string[] }
    | { readonly type: "function"; readonly name: string }
    | { readonly type: "pipeline"; readonly pipeline: Pipeline; readonly path: readonly string[] }
  );

export type Command = readonly Operand[];

export interface Pipeline {
  readonly commands: readonly Command[];
  readonly variables: readonly string[];
  readonly assigns: boolean;
}

export type TemplateNode =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "action"; readonly pipeline: Pipeline }
  | {
      readonly type: "if" | "range" | "with";
      readonly pipeline: Pipeline;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    }
  | {
      readonly type: "template";
      readonly name: string;
      readonly pipeline: Pipeline | undefined;
      readonly at: number;
      readonly source: string;
    }
  | { readonly type: "break" | "continue" };

export interface ParsedTemplate {
  readonly root: readonly TemplateNode[];
  readonly templates: Map<string, readonly TemplateNode[]>;
}

interface Piece {
  readonly action: boolean;
  readonly text: string;
  /** Where the text stands in the template. */
  readonly at: number;
}

/** Upstream: text/template/parse */
export function parseTemplate(text: string): ParsedTemplate {
  const parser = new Parser(cut(text));
  const root = parser.list(false).nodes;
  return { root, templates: parser.templates };
}

/** Splits text from actions and trims spaces for {{- and -}}. */
function cut(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trim = false;
  while (at < text.length) {
    const open = text.indexOf("{{", at);
    let plain = open < 0 ? text.slice(at) : text.slice(at, open);
    if (trim) plain = plain.replace(/^\s+/, "");
    if (open >= 0 && /^\{\{-\s/.test(text.slice(open, open + 4))) plain = plain.replace(/\s+$/, "");
    if (plain !== "") pieces.push({ action: false, text: plain, at });
    if (open < 0) break;
    const close = endOfAction(text, open + 2);
    let inside = text.slice(open + 2, close).replace(/^-(?=\s)/, "");
    trim = /\s-$/.test(inside);
    if (trim) inside = inside.slice(0, -1);
    inside = inside.trim();
    const start = text.indexOf(inside, open + 2);
    if (!inside.startsWith("/*")) pieces.push({ action: true, text: inside, at: start });
    at = close + 2;
  }
  return pieces;
}

function endOfAction(text: string, from: number): number {
  let quote = "";
  for (let i = from; i < text.length; i++) {
    const char = text[i] ?? "";
    if (quote !== "") {
      if (char === "\\" && quote !== "`") i++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "`" || char === "'") quote = char;
    else if (text.startsWith("}}", i)) return i;
  }
  throw new Error(quote === '"' ? "template: output:1: unterminated quoted string" : "template: output:1: unclosed action");
}

class Parser {
  readonly templates = new Map<string, readonly TemplateNode[]>();
  readonly #pieces: readonly Piece[];
  #at = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  /** Nodes until {{end}} or {{else}}, or the end of the text. */
  list(inside: boolean): { nodes: TemplateNode[]; stop: string } {
    const nodes: TemplateNode[] = [];
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at++] as Piece;
      if (!piece.action) {
        nodes.push({ type: "text", text: piece.text });
        continue;
      }
      const [word = ""] = /^\w+/.exec(piece.text) ?? [];
      if (word === "end" || word === "else") {
        if (!inside) throw new Error(`template: output:1: unexpected {{${word}}}`);
        return { nodes, stop: piece.text };
      }
      const node = this.#node(word, piece);
      if (node) nodes.push(node);
    }
    if (inside) throw new Error("template: output:1: unexpected EOF");
    return { nodes, stop: "" };
  }

  #node(word: string, { text, at }: Piece): TemplateNode | undefined {
    const rest = text.slice(word.length).trimStart();
    const restAt = at + text.length - rest.length;
    switch (word) {
      case "if":
      case "range":
      case "with":
        return this.#control(word, rest, restAt);
      case "define":
        this.templates.set(quoted(rest), this.list(true).nodes);
        return undefined;
      case "block": {
        const { name, pipeline } = nameAndPipeline(rest, restAt);
        this.templates.set(name, this.list(true).nodes);
        return { type: "template", name, pipeline, at: restAt, source: `{{template ${rest}}}` };
      }
      case "template":
        return { type: "template", ...nameAndPipeline(rest, restAt), at: restAt, source: `{{template ${rest}}}` };
      case "break":
      case "continue":
        return { type: word };
      default:
        return { type: "action", pipeline: parsePipeline(text, at) };
    }
  }

  /** Where the pipeline of the `else if` that was read last begins. */
  #elseAt(pipeline: string): number {
    const { text, at } = this.#pieces[this.#at - 1] as Piece;
    return at + text.length - pipeline.length;
  }

  #control(type: "if" | "range" | "with", text: string, at: number): TemplateNode {
    const pipeline = parsePipeline(text, at);
    const { nodes: body, stop } = this.list(true);
    let otherwise: TemplateNode[] = [];
    if (stop.startsWith("else")) {
      const chained = /^else\s+(if|with)\s+(.*)$/s.exec(stop);
      otherwise = chained
        ? [this.#control(chained[1] as "if" | "with", chained[2] ?? "", this.#elseAt(chained[2] ?? ""))]
        : this.list(true).nodes;
    }
    return { type, pipeline, body, otherwise };
  }
}

function nameAndPipeline(text: string, at: number): { name: string; pipeline: Pipeline | undefined } {
  const match = /^("(?:[^"\\]|\\.)*"|`[^`]*`)\s*(.*)$/s.exec(text);
  if (!match) throw new Error(`template: output:1: unexpected ${JSON.stringify(text)} in template clause`);
  return { name: quoted(match[1] ?? ""), pipeline: match[2] ? parsePipeline(match[2], at + text.length - match[2].length) : undefined };
}

const pipelineText = ({ commands, variables, assigns }: Pipeline): string =>
  `${variables.length > 0 ? `${variables.join(", ")} ${assigns ? "=" : ":="} ` : ""}${commands.map(commandText).join(" | ")}`;

export const commandText = (command: Command): string => command.map(({ source }) => source).join(" ");

/** Whole numbers are Go ints, all others and those of the data are floats. */
const numberOf = (text: string) => (/^[+-]?(0[xX][\da-fA-F]+|\d+)$/.test(text) ? BigInt(text.replace(/^\+/, "")) : Number(text));

function quoted(text: string): string {
  return text.startsWith("`") ? text.slice(1, -1) : (JSON.parse(text) as string);
}

type Token = {
  readonly at: number;
  readonly kind: "field" | "variable" | "word" | "string" | "char" | "number" | "symbol" | "space";
  readonly text: string;
};

const TOKEN =
  /(?<space>\s+)|(?<string>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?<char>'(?:[^'\\]|\\.)+')|(?<number>[+-]?(?:0[xX][\da-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+))|(?<variable>\$\w*)|(?<field>\.\w+)|(?<word>\w+)|(?<symbol>:=|[=|().,])/gy;

function tokens(text: string, at: number): Token[] {
  const out: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`template: output:1: unexpected ${JSON.stringify(text[from])} in operand`);
    const [kind = "symbol"] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    out.push({ kind: kind as Token["kind"], text: match[0], at: at + from });
  }
  return out;
}

/** `$i, $v := .items | len`. */
export function parsePipeline(text: string, at: number): Pipeline {
  const reader = new Reader(tokens(text, at));
  const pipeline = reader.pipeline();
  if (!reader.done) throw new Error(`template: output:1: unexpected ${JSON.stringify(reader.rest)} in command`);
  return pipeline;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(list: readonly Token[]) {
    this.#tokens = list;
  }

  get done(): boolean {
    this.#skip();
    return this.#at >= this.#tokens.length;
  }

  get rest(): string {
    return this.#tokens[this.#at]?.text ?? "";
  }

  pipeline(): Pipeline {
    const { variables, assigns } = this.#declarations();
    const commands: Command[] = [this.#command()];
    while (this.#symbol("|")) commands.push(this.#command());
    if (commands.some((command) => command.length === 0)) throw new Error("template: output:1: missing value for command");
    return { commands, variables, assigns };
  }

  #declarations(): { variables: string[]; assigns: boolean } {
    const start = this.#at;
    const variables: string[] = [];
    for (;;) {
      this.#skip();
      const token = this.#tokens[this.#at];
      if (token?.kind !== "variable") break;
      this.#at++;
      variables.push(token.text);
      if (this.#symbol(",")) continue;
      if (this.#symbol(":=")) return { variables, assigns: false };
      if (this.#symbol("=")) return { variables, assigns: true };
      break;
    }
    this.#at = start;
    return { variables: [], assigns: false };
  }

  #command(): Operand[] {
    const operands: Operand[] = [];
    for (;;) {
      this.#skip();
      const token = this.#tokens[this.#at];
      if (!token || token.text === "|" || token.text === ")") return operands;
      operands.push(this.#operand(token));
    }
  }

  #operand(token: Token): Operand {
    this.#at++;
    const { at: start, text } = token;
    const plain = { start, at: start, source: text };
    switch (token.kind) {
      case "string":
        return {
          ...plain,
          type: "literal",
          value: text.startsWith("`") ? text.slice(1, -1) : (JSON.parse(text.replace(/\\'/g, "'")) as string),
        };
      case "char":
        return { ...plain, type: "literal", value: BigInt(text.slice(1, -1).codePointAt(0) ?? 0) };
      case "number":
        return { ...plain, type: "literal", value: numberOf(text) };
      case "variable":
        return { type: "variable", name: text, ...this.#chain(plain) };
      case "field": {
        const { path, ...place } = this.#chain(plain);
        return { type: "field", path: [text.slice(1), ...path], ...place };
      }
      case "word":
        if (text === "true" || text === "false") return { ...plain, type: "literal", value: text === "true" };
        return text === "nil" ? { ...plain, type: "nil" } : { ...plain, type: "function", name: text };
      default:
        break;
    }
    if (text === ".") return { ...plain, type: "dot" };
    if (text !== "(") throw new Error(`template: output:1: unexpected ${JSON.stringify(text)} in operand`);
    const pipeline = this.pipeline();
    if (!this.#symbol(")")) throw new Error("template: output:1: unclosed left paren");
    return { type: "pipeline", pipeline, ...this.#chain({ ...plain, source: `(${pipelineText(pipeline)})` }) };
  }

  /** What follows a name or a parenthesis: errors point at its first field. */
  #chain(place: Place): Place & { path: string[] } {
    const next = this.#tokens[this.#at];
    const path = this.#path();
    if (path.length === 0) return { ...place, path };
    return { ...place, at: next?.at ?? place.at, source: [place.source, ...path].join("."), path };
  }

  /** Fields that follow without a space: .a.b.c */
  #path(): string[] {
    const path: string[] = [];
    while (this.#tokens[this.#at]?.kind === "field") path.push((this.#tokens[this.#at++]?.text ?? "").slice(1));
    return path;
  }

  #symbol(text: string): boolean {
    const before = this.#at;
    this.#skip();
    if (this.#tokens[this.#at]?.text === text) {
      this.#at++;
      return true;
    }
    this.#at = before;
    return false;
  }

  #skip(): void {
    while (this.#tokens[this.#at]?.kind === "space") this.#at++;
  }
}
