import { renderJson, sortKeys } from "./go-json.ts";

/** Kubernetes' dialect of JSONPath. Upstream: k8s.io/client-go/util/jsonpath */
export type JsonPath = (data: unknown) => string;

type Node =
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
  | { readonly type: "value"; readonly value: number | boolean }
  | { readonly type: "wildcard" }
  | { readonly type: "recursive" }
  | { readonly type: "union"; readonly nodes: readonly Node[] }
  | { readonly type: "identifier"; readonly name: string };

export interface JsonPathOptions {
  readonly allowMissing: boolean;
  readonly asJson?: boolean;
}

/** Reads the template; throws with the words of upstream. */
export function compileJsonPath(template: string, options: JsonPathOptions): JsonPath {
  let nodes: readonly Node[];
  try {
    nodes = new PathParser(template).parse();
  } catch (error) {
    throw new Error(`error parsing jsonpath ${template}, ${(error as Error).message}`);
  }
  return (data) => {
    try {
      return options.asJson ? renderAsJson(nodes, data, options) : evaluateAll(nodes, data, options).map(printResults).join("");
    } catch (error) {
      throw new Error(
        `error executing jsonpath ${JSON.stringify(template)}: Error executing template: ${(error as Error).message}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t${template}\n\tobject given to jsonpath engine was:\n\t\t${goMap(data)}\n\n\n`,
      );
    }
  };
}

/** The values that a single path finds: for --sort-by, wait and custom columns. */
export function findValues(template: string, data: unknown, allowMissing: boolean): unknown[] {
  return evaluateAll(new PathParser(template).parse(), data, { allowMissing }).flat();
}

/** A single path, read once, for as many objects as there are: the columns of custom resources. Missing fields find nothing. */
export function compilePath(path: string): (data: unknown) => unknown[] {
  const nodes = new PathParser(`{${path}}`).parse();
  return (data) => evaluateAll(nodes, data, { allowMissing: true })[0] ?? [];
}

// The prefix dictionary of the parser: text outside of braces, actions inside.
class PathParser {
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
    let out = "";
    for (this.#at++; ; this.#at++) {
      const char = this.#text[this.#at];
      if (char === undefined || char === "\n") throw new Error("unterminated quoted string");
      if (char === quote) break;
      if (char === "\\") out += this.#escape(quote);
      else out += char;
    }
    this.#at++;
    return out;
  }

  #escape(quote: string): string {
    const char = this.#text[++this.#at] ?? "";
    const known: Record<string, string> = {
      n: "\n",
      t: "\t",
      r: "\r",
      "\\": "\\",
      a: "\x07",
      b: "\b",
      f: "\f",
      v: "\v",
      [quote]: quote,
    };
    return known[char] ?? `\\${char}`;
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
    return { type: "value", value: Number(match[0]) };
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
    const quoted = /^'([^']*)'$|^"([^"]*)"$/.exec(inside);
    if (quoted) return fieldNamed(quoted[1] ?? quoted[2] ?? "");
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

/** A quoted name: dots part it into fields unless they are escaped. */
function fieldNamed(name: string): Node {
  const parts = name.split(/(?<!\\)\./).map((part) => part.replace(/\\(.)/g, "$1"));
  const nodes = parts.map((part): Node => ({ type: "field", name: part }));
  return nodes.length === 1 && nodes[0] ? nodes[0] : { type: "list", nodes };
}

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

/** The results of every node, ranges unrolled. */
function evaluateAll(nodes: readonly Node[], data: unknown, options: JsonPathOptions): unknown[][] {
  const out: unknown[][] = [];
  evaluateRange(nodes, 0, data, options, out);
  return out;
}

/** Returns where the range that starts at `from` ends. */
function evaluateRange(
  nodes: readonly Node[],
  from: number,
  data: unknown,
  options: JsonPathOptions,
  out: unknown[][],
  inRange = false,
): number {
  for (let i = from; i < nodes.length; i++) {
    const node = nodes[i] as Node;
    if (node.type === "list" && isIdentifier(node.nodes[0], "range")) {
      const items = evaluateList(node.nodes.slice(1), [data], options);
      let end = -1;
      for (const item of items) end = evaluateRange(nodes, i + 1, item, options, out, true);
      i = end >= 0 ? end : skipRange(nodes, i + 1);
    } else if (node.type === "list" && isIdentifier(node.nodes[0], "end")) {
      if (!inRange) throw new Error("not in range, nothing to end");
      return i;
    } else out.push(evaluate(node, [data], options));
  }
  return nodes.length;
}

const isIdentifier = (node: Node | undefined, name: string) => node?.type === "identifier" && node.name === name;

function skipRange(nodes: readonly Node[], from: number): number {
  let depth = 1;
  for (let i = from; i < nodes.length; i++) {
    const node = nodes[i] as Node;
    if (node.type !== "list") continue;
    if (isIdentifier(node.nodes[0], "range")) depth++;
    else if (isIdentifier(node.nodes[0], "end") && --depth === 0) return i;
  }
  return nodes.length;
}

function evaluateList(nodes: readonly Node[], values: unknown[], options: JsonPathOptions): unknown[] {
  return nodes.reduce((current, node) => evaluate(node, current, options), values);
}

function evaluate(node: Node, values: unknown[], options: JsonPathOptions): unknown[] {
  switch (node.type) {
    case "text":
      return [node.text];
    case "value":
      return [node.value];
    case "list":
      return evaluateList(node.nodes, values, options);
    case "field":
      return evaluateField(node.name, values, options);
    case "array":
      return values.flatMap((value) => slice(node, value));
    case "wildcard":
      return values.flatMap((value) => (Array.isArray(value) ? value : isMap(value) ? sortedEntries(value).map(([, each]) => each) : []));
    case "recursive":
      return values.flatMap(descendants);
    case "union":
      return node.nodes.flatMap((each) => evaluate(each, values, options));
    case "filter":
      return values.flatMap((value) => filter(node, value, options));
    case "identifier":
      throw new Error(node.name === "end" ? "not in range, nothing to end" : `unrecognized identifier ${node.name}`);
  }
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const sortedEntries = (value: Record<string, unknown>) => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));

function evaluateField(name: string, values: unknown[], options: JsonPathOptions): unknown[] {
  if (name === "") return values;
  const results: unknown[] = [];
  for (const value of values) {
    if (value === null || value === undefined) continue;
    if (isMap(value) && Object.hasOwn(value, name)) results.push(value[name]);
  }
  if (results.length === 0 && !options.allowMissing) throw new Error(`${name} is not found`);
  return results;
}

function slice(node: Extract<Node, { type: "array" }>, value: unknown): unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`${goMap(value)} is not array or slice`);
  const length = value.length;
  const absolute = (index: number) => (index < 0 ? index + length : index);
  if (node.single && node.from !== undefined) {
    const index = absolute(node.from);
    if (index >= length || index < 0) throw new Error(`array index out of bounds: index ${index}, length ${length}`);
    return [value[index]];
  }
  const from = absolute(node.from ?? 0);
  const to = node.to === undefined ? length : Math.min(absolute(node.to), length);
  if (from > to) throw new Error(`starting index ${from} is greater than ending index ${to}`);
  const step = node.step ?? 1;
  if (step <= 0) throw new Error("step must be > 0");
  return value.slice(Math.max(0, from), to).filter((_, index) => index % step === 0);
}

function descendants(value: unknown): unknown[] {
  const children = Array.isArray(value) ? value : isMap(value) ? sortedEntries(value).map(([, each]) => each) : [];
  return value === null || value === undefined ? [] : [value, ...children.flatMap(descendants)];
}

function filter(node: Extract<Node, { type: "filter" }>, value: unknown, options: JsonPathOptions): unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) {
    if (!isMap(value)) throw new Error(`${goMap(value)} is not array or slice and cannot be filtered`);
    return matchesFilter(node, value, options) ? [value] : [];
  }
  return value.filter((item) => matchesFilter(node, item, options));
}

function matchesFilter(node: Extract<Node, { type: "filter" }>, item: unknown, _options: JsonPathOptions): boolean {
  const lenient = { allowMissing: true };
  const left = evaluate(node.left, [item], lenient);
  if (node.operator === "exists") return left.length > 0;
  if (left.length === 0) return false;
  if (left.length > 1) throw new Error("can only compare one element at a time");
  const right = node.right ? evaluate(node.right, [item], lenient) : [];
  if (right.length === 0) return false;
  if (right.length > 1) throw new Error("can only compare one element at a time");
  return compare(node.operator, left[0], right[0]);
}

function compare(operator: string, left: unknown, right: unknown): boolean {
  if (operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  if (typeof left !== typeof right || (typeof left !== "number" && typeof left !== "string"))
    throw new Error("incompatible types for comparison");
  const [a, b] = [left as number, right as number];
  return operator === "<" ? a < b : operator === "<=" ? a <= b : operator === ">" ? a > b : a >= b;
}

function printResults(values: readonly unknown[]): string {
  return values.map(valueText).join(" ");
}

/** A value as it is printed: JSON for collections. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? renderJson(sortKeys(value), 0) : String(value);
}

function renderAsJson(nodes: readonly Node[], data: unknown, options: JsonPathOptions): string {
  return evaluateAll(nodes, data, options)
    .map((values) => `${renderJson(sortKeys(values), 4)}\n`)
    .join("");
}

/** A value as Go's %#v prints what came from JSON. */
function goMap(value: unknown): string {
  if (value === null || value === undefined) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goMap).join(", ")}}`;
  if (isMap(value))
    return `map[string]interface {}{${sortedEntries(value)
      .map(([key, each]) => `${JSON.stringify(key)}:${goMap(each)}`)
      .join(", ")}}`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** `.a.b`, `a.b`, `{.a.b}` and `$.a.b` all mean {.a.b}. Upstream: get.RelaxedJSONPathExpression */
export function relaxedPath(expression: string): string {
  if (expression === "") return expression;
  const match = /^\{?\.?([^{}]+)\}?$/.exec(expression.replace(/^(\{?)\$/, "$1"));
  if (!match) throw new Error(`unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`);
  const field = match[1] ?? "";
  return `{${field.startsWith("[") ? "" : "."}${field}}`;
}
