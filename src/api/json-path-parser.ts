import { goUnicode } from "../util/go-quote.ts";

export type Node =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "list"; readonly nodes: readonly Node[] }
  | { readonly type: "field"; readonly name: string }
  | { readonly type: "array"; readonly from: number | undefined; readonly to: ArrayEnd; readonly step: number | undefined }
  | { readonly type: "filter"; readonly left: Node; readonly right: Node; readonly operator: string }
  /** A float is one by how it is written. */
  | { readonly type: "value"; readonly value: number | boolean; readonly float: boolean }
  | { readonly type: "wildcard" }
  | { readonly type: "recursive" }
  | { readonly type: "union"; readonly nodes: readonly Node[] }
  | { readonly type: "identifier"; readonly name: string };

/** Behind the last element; derived: of one index alone. */
export type ArrayEnd = { readonly index: number; readonly derived: boolean } | undefined;

const isAlphanumeric = (char: string) => /^[_\p{L}\p{Nd}]$/u.test(char);
const TERMINATOR = /[ \t\r\n.,[\]$@{}]/;

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
      if (open < 0) break;
      this.#at = end + 1;
      nodes.push({ type: "list", nodes: this.#action() });
    }
    return nodes;
  }

  #action(): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      if (this.#text[this.#at] === "}") {
        this.#at++;
        return nodes;
      }
      if (this.#text.startsWith("[?(", this.#at)) nodes.push(this.#filter());
      else if (this.#text.startsWith("..", this.#at)) nodes.push(...this.#recursive(nodes));
      else nodes.push(...this.#step());
    }
  }

  #step(): readonly Node[] {
    const code = this.#text.codePointAt(this.#at);
    const char = code === undefined ? "" : String.fromCodePoint(code);
    if (char === "" || char === "\r" || char === "\n") throw new Error("unclosed action");
    if (char === " " || char === "@" || char === "$") {
      this.#at++;
      return [];
    }
    if (char === "[") return this.#array();
    if (char === '"' || char === "'") return [this.#quoted(char)];
    if (char === ".") {
      this.#at++;
      return [this.#field()];
    }
    if (/^[+\-\p{Nd}]$/u.test(char)) return [this.#number()];
    if (isAlphanumeric(char)) return [this.#identifier()];
    throw new Error(`unrecognized character in action: ${goUnicode(char)}`);
  }

  #identifier(): Node {
    const start = this.#at;
    while (this.#at < this.#text.length && !TERMINATOR.test(this.#text[this.#at] ?? "")) this.#at++;
    const name = this.#text.slice(start, this.#at);
    return name === "true" || name === "false" ? { type: "value", value: name === "true", float: false } : { type: "identifier", name };
  }

  #recursive(before: readonly Node[]): Node[] {
    if (before.at(-1)?.type === "recursive") throw new Error("invalid multiple recursive descent");
    this.#at += 2;
    const code = this.#text.codePointAt(this.#at);
    const named = code !== undefined && isAlphanumeric(String.fromCodePoint(code));
    return named ? [{ type: "recursive" }, this.#field()] : [{ type: "recursive" }];
  }

  #number(): Node {
    const [text = ""] = /^[+-]?[.\p{Nd}]*/u.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += text.length;
    if (/^[+-]?\d+$/.test(text) && Math.abs(Number(text)) < 2 ** 63) return { type: "value", value: Number(text), float: false };
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text)) return { type: "value", value: Number(text), float: true };
    throw new Error(`cannot parse number ${text}`);
  }

  #array(): readonly Node[] {
    const rest = this.#text.slice(this.#at + 1);
    const end = rest.search(/[\]\n]/);
    if (end < 0 || rest[end] === "\n") throw new Error("unterminated array");
    this.#at += end + 2;
    const inside = rest.slice(0, end) === "*" ? ":" : rest.slice(0, end);
    const parts = inside.split(",");
    if (parts.length > 1) return [{ type: "union", nodes: parts.map((part) => listOf(`[${part.replace(/^ +| +$/g, "")}]`)) }];
    const [, key] = /^'([^']*)'$/.exec(inside) ?? [];
    if (key !== undefined) return listOf(`.${key}`).nodes;
    return [slice(inside)];
  }

  #filter(): Node {
    const start = (this.#at += 3);
    let quote = "";
    let closed = false;
    for (; ; this.#at++) {
      const char = this.#text[this.#at];
      if (char === undefined || char === "\n") throw new Error("unterminated filter");
      if (char === '"' || char === "'") {
        if (quote === "") quote = char;
        else if (char === quote && this.#text[this.#at - 1] !== "\\") closed = true;
      } else if (char === ")" && (quote !== "") === closed) break;
    }
    const text = this.#text.slice(start, this.#at++);
    if (this.#text[this.#at] !== "]") throw new Error("unclosed array expect ]");
    this.#at++;
    const [, left, operator, right] = /^([^!<>=]+)([!<>=]+)(.+)$/.exec(text) ?? [];
    if (left === undefined || operator === undefined || right === undefined)
      return { type: "filter", left: listOf(text), right: { type: "list", nodes: [] }, operator: "exists" };
    return { type: "filter", left: listOf(left), right: listOf(right), operator };
  }

  #quoted(quote: string): Node {
    const start = this.#at++;
    for (; ; this.#at++) {
      const char = this.#text[this.#at];
      if (char === undefined || char === "\n") throw new Error("unterminated quoted string");
      if (char === quote && this.#text[this.#at - 1] !== "\\") break;
    }
    return { type: "text", text: unquoted(this.#text.slice(start, ++this.#at), quote) };
  }

  /** A name ends at a delimiter that is not escaped. */
  #field(): Node {
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at] ?? "";
      if (char === "\\") this.#at++;
      else if (TERMINATOR.test(char)) break;
    }
    this.#at = Math.min(this.#at, this.#text.length);
    const name = this.#text.slice(start, this.#at);
    return name === "*" ? { type: "wildcard" } : { type: "field", name: name.replaceAll("\\", "") };
  }
}

/** An action that stands for itself; what follows it does not count. */
function listOf(action: string): Extract<Node, { type: "list" }> {
  const [node] = new PathParser(`{${action}}`).parse();
  return node?.type === "list" ? node : { type: "list", nodes: [] };
}

/** `1`, `1:3`, `::2` */
function slice(text: string): Node {
  const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text);
  if (!match) throw new Error(`invalid array index ${text}`);
  const [from, to, step] = match.slice(1).map((part) => {
    const digits = part?.replace(":", "") ?? "";
    if (digits === "") return undefined;
    if (digits === "-") throw new Error(`array index ${digits} is not a number`);
    return Number(digits);
  });
  if (match[2] === undefined) return { type: "array", from, to: { index: (from ?? 0) + 1, derived: true }, step };
  return { type: "array", from, to: to === undefined ? undefined : { index: to, derived: false }, step };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", a: "\x07", b: "\b", f: "\f", v: "\v" };

/** The text between quotes, with Go's escapes. Upstream: UnquoteExtend */
function unquoted(raw: string, quote: string): string {
  const fail = () => new Error(`unquote string ${raw} error invalid syntax`);
  if (raw.length < 2) throw fail();
  return raw.slice(1, -1).replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)?/gs, (_, escape: string | undefined) => {
    const known = escape === quote ? quote : ESCAPES[escape ?? ""];
    if (known !== undefined) return known;
    if (escape !== undefined && /^[xuU]./.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    if (escape !== undefined && /^[0-3][0-7]{2}$/.test(escape)) return String.fromCodePoint(Number.parseInt(escape, 8));
    throw fail();
  });
}
