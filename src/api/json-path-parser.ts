export type Node =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "list"; readonly nodes: readonly Node[] }
  | { readonly type: "field"; readonly name: string }
  | {
      readonly type: "array";
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly step: number | undefined;
      readonly single: boolean;
    }
  | {
      readonly type: "filter";
      readonly left: Node;
      readonly right: Node | undefined;
      readonly operator: string;
    }
  | { readonly type: "value"; readonly value: number | boolean; readonly float?: boolean }
  | { readonly type: "wildcard" }
  | { readonly type: "recursive" }
  | { readonly type: "union"; readonly nodes: readonly Node[] }
  | { readonly type: "identifier"; readonly name: string };

/** Text outside of braces, actions inside. Upstream: k8s.io/client-go/util/jsonpath/parser.go */
export class PathParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Node[] {
    const nodes: Node[] = [];
    while (this.#at < this.#text.length) {
      const open = this.#text.indexOf("{", this.#at);
      const end = open < 0 ? this.#text.length : open;
      if (end > this.#at) nodes.push({ type: "text", text: this.#text.slice(this.#at, end) });
      this.#at = end;
      if (open < 0) break;
      this.#at++;
      nodes.push({ type: "list", nodes: this.#action() });
    }
    return nodes;
  }

  #action(): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char === "\n" || char === "\r") throw new Error("unclosed action");
      if (char === "}") {
        this.#at++;
        return nodes;
      }
      if (char === " " || char === "@" || char === "$") this.#at++;
      else if (char === "[") nodes.push(this.#array());
      else if (char === '"' || char === "'") nodes.push({ type: "text", text: this.#quoted(char) });
      else if (char === ".") nodes.push(...this.#field());
      else if (char === "+" || char === "-" || /\d/.test(char)) nodes.push(this.#number());
      else if (/[A-Za-z_]/.test(char)) nodes.push(...this.#identifier());
      else
        throw new Error(`unrecognized character in action: U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")} '${char}'`);
    }
  }

  #quoted(quote: string): string {
    const start = this.#at;
    for (this.#at++; this.#text[this.#at] !== quote; this.#at++) {
      if (this.#text[this.#at] === "\\") this.#at++;
      const char = this.#text[this.#at];
      if (char === undefined || char === "\n") throw new Error("unterminated quoted string");
    }
    return unquoted(this.#text.slice(start, ++this.#at), quote);
  }

  #field(): Node[] {
    if (this.#text.startsWith("..", this.#at)) {
      this.#at += 2;
      const next = this.#text[this.#at] ?? "";
      const name = /[\w]/.test(next) ? this.#name() : "";
      return name === "" ? [{ type: "recursive" }] : [{ type: "recursive" }, { type: "field", name }];
    }
    this.#at++;
    if (this.#text[this.#at] === "*") {
      this.#at++;
      return [{ type: "wildcard" }];
    }
    return [{ type: "field", name: this.#name() }];
  }

  /** A name ends at a delimiter that is not escaped. */
  #name(): string {
    let out = "";
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at] ?? "";
      if (char === "\\") {
        out += this.#text[++this.#at] ?? "";
        continue;
      }
      if (/[\s.[\]{}$@:*'",|()+-]/.test(char) && char !== "-") break;
      if (/[=<>!?&]/.test(char)) break;
      out += char;
    }
    return out;
  }

  #number(): Node {
    const match = /^[+-]?\d[\w.]*/.exec(this.#text.slice(this.#at));
    if (!match || Number.isNaN(Number(match[0]))) throw new Error(`cannot parse number ${match?.[0] ?? ""}`);
    this.#at += match[0].length;
    return { type: "value", value: Number(match[0]), float: match[0].includes(".") };
  }

  #identifier(): Node[] {
    const match = /^[A-Za-z_][\w]*/.exec(this.#text.slice(this.#at));
    const name = match?.[0] ?? "";
    this.#at += name.length;
    if (name === "true" || name === "false") return [{ type: "value", value: name === "true" }];
    return [{ type: "identifier", name }];
  }

  #array(): Node {
    const inside = this.#bracket();
    if (inside.startsWith("?(") && !inside.endsWith(")")) throw new Error("unterminated filter");
    if (inside.startsWith("?(") && inside.endsWith(")")) return parseFilter(inside.slice(2, -1));
    const quoted = /^'([^']*)'$/.exec(inside);
    if (quoted) return { type: "list", nodes: new PathParser(`.${quoted[1] ?? ""}}`).#action() };
    const unions = splitUnion(inside);
    if (unions.length > 1)
      return {
        type: "union",
        nodes: unions.map((part) => ({
          type: "list",
          nodes: new PathParser(`[${part}]}`).#action(),
        })),
      };
    if (inside === "*") return { type: "array", from: undefined, to: undefined, step: undefined, single: false };
    const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(inside.trim());
    if (!match) throw new Error(`invalid array index ${inside}`);
    const number = (text: string | undefined) =>
      text === undefined || text === "" || text === ":" ? undefined : Number(text.replace(":", ""));
    return {
      type: "array",
      from: number(match[1]),
      to: number(match[2]),
      step: number(match[3]),
      single: match[2] === undefined,
    };
  }

  /** What stands between the brackets, which may hold brackets and quotes. */
  #bracket(): string {
    const start = ++this.#at;
    let depth = 1;
    let quote = "";
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at] ?? "";
      if (quote !== "") {
        if (char === "\\") this.#at++;
        else if (char === quote) quote = "";
      } else if (char === '"' || char === "'") quote = char;
      else if (char === "[") depth++;
      else if (char === "]" && --depth === 0) {
        this.#at++;
        return this.#text.slice(start, this.#at - 1);
      }
    }
    throw new Error("unterminated array");
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

/** The text between quotes, with Go's escapes. Upstream: UnquoteExtend */
const unquoted = (raw: string, quote: string): string =>
  raw.slice(1, -1).replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)/gs, (_, escape: string) => {
    const known = escape === quote ? quote : ESCAPES[escape];
    if (known !== undefined) return known;
    if (/^[xuU]./.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    if (/^[0-7]{3}$/.test(escape)) return String.fromCodePoint(Number.parseInt(escape, 8));
    throw new Error(`unquote string ${raw} error invalid syntax`);
  });

function splitUnion(inside: string): string[] {
  const parts: string[] = [];
  let quote = "";
  let start = 0;
  for (let i = 0; i < inside.length; i++) {
    const char = inside[i] ?? "";
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === ",") {
      parts.push(inside.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, inside.slice(start)];
}

function parseFilter(text: string): Node {
  const { left, operator, right } = splitFilter(text);
  const side = (part: string): Node => ({
    type: "list",
    nodes: new PathParser(`{${part.trim()}}`).parse().flatMap((node) => (node.type === "list" ? node.nodes : [node])),
  });
  return {
    type: "filter",
    left: side(left),
    right: right === undefined ? undefined : side(right),
    operator,
  };
}

function splitFilter(text: string): { left: string; operator: string; right: string | undefined } {
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? "";
    if (quote !== "") {
      if (char === quote) quote = "";
      continue;
    }
    if (char === '"' || char === "'") quote = char;
    else if (/[=!<>]/.test(char)) {
      if (text.startsWith("=~", i)) throw new Error("unrecognized character in action: U+007E '~'");
      const match = /^(==|!=|<=|>=|<|>|[=!]+)/.exec(text.slice(i));
      const operator = match?.[0] ?? char;
      if (!["==", "!=", "<=", ">=", "<", ">"].includes(operator))
        throw new Error(
          operator === "=" || operator === "!" || operator === "=~"
            ? `unrecognized filter operator ${operator}`
            : `unrecognized filter operator ${operator}`,
        );
      return { left: text.slice(0, i), operator, right: text.slice(i + operator.length) };
    }
  }
  return { left: text, operator: "exists", right: undefined };
}
