import { goValue } from "./go-value.ts";
import type { Node } from "./json-path-parser.ts";

type ArrayNode = Extract<Node, { type: "array" }>;
type FilterNode = Extract<Node, { type: "filter" }>;

/** A number of the path itself, whose kind JavaScript does not tell. */
export class Literal {
  readonly value: number | boolean;
  readonly float: boolean;
  constructor(value: number | boolean, float: boolean) {
    this.value = value;
    this.float = float;
  }
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Literal);
export const sortedEntries = (value: Record<string, unknown>) => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));

/** Undefined is no value at all; null is a nil. Upstream: k8s.io/client-go/util/jsonpath/jsonpath.go */
export class PathEvaluator {
  readonly #nodes: readonly Node[];
  readonly #allowMissing: boolean;
  /** Where the next run begins: ranges leave the nodes cut, as upstream's do. */
  #from = 0;
  #beginRange = 0;
  #inRange = 0;
  #endRange = 0;
  #lastEnd = -1;

  constructor(nodes: readonly Node[], allowMissing: boolean) {
    this.#nodes = nodes;
    this.#allowMissing = allowMissing;
  }

  /** The values of every action and text. */
  run(data: unknown): unknown[][] {
    const out: unknown[][] = [];
    for (let i = this.#from; i < this.#nodes.length; i++) {
      const results = this.#walk([data], this.#nodes[i] as Node);
      if (this.#endRange > 0 && this.#endRange <= this.#inRange) {
        this.#endRange--;
        this.#lastEnd = i;
        break;
      }
      if (this.#beginRange === 0) {
        out.push(results);
        continue;
      }
      this.#beginRange--;
      this.#inRange++;
      for (const value of results) {
        this.#from = i + 1;
        out.push(...this.run(value));
      }
      // Nothing to go through: only the end is looked for.
      if (results.length === 0) {
        this.#from = i + 1;
        this.run(undefined);
      }
      this.#inRange--;
      if (this.#lastEnd > i) i = this.#lastEnd;
    }
    return out;
  }

  #walk(values: readonly unknown[], node: Node): unknown[] {
    switch (node.type) {
      case "list":
        return this.#list(values, node.nodes);
      case "text":
        return [node.text];
      case "value":
        return values.map(() => new Literal(node.value, node.float));
      case "field":
        return this.#field(values, node.name);
      case "array":
        return this.#array(values, node);
      case "wildcard":
        return values.flatMap(childrenOf);
      case "recursive":
        return descendants(values);
      case "union":
        return node.nodes.flatMap((each) => this.#walk(values, each));
      case "filter":
        return values.flatMap((value) => this.#filter(value, node));
      case "identifier":
        return this.#identifier(values, node.name);
    }
  }

  #list(values: readonly unknown[], nodes: readonly Node[]): unknown[] {
    return nodes.reduce<unknown[]>((current, node) => this.#walk(current, node), [...values]);
  }

  #identifier(values: readonly unknown[], name: string): unknown[] {
    if (name === "range") {
      this.#beginRange++;
      return [...values];
    }
    if (name !== "end") throw new Error(`unrecognized identifier ${name}`);
    if (this.#inRange === 0) throw new Error("not in range, nothing to end");
    this.#endRange++;
    return [];
  }

  #field(values: readonly unknown[], name: string): unknown[] {
    if (values.length === 0) return [];
    const found = values
      .filter((value) => isMap(value) && Object.hasOwn(value, name))
      .map((value) => (value as Record<string, unknown>)[name]);
    if (found.length === 0 && !this.#allowMissing) throw new Error(`${name} is not found`);
    return found;
  }

  #array(values: readonly unknown[], node: ArrayNode): unknown[] {
    const out: unknown[] = [];
    for (const value of values) {
      if (value === null) continue;
      if (!Array.isArray(value)) throw new Error(`${typeOf(value)} is not array or slice`);
      const bounds = boundsOf(node, value.length);
      if (!bounds) return out;
      const step = node.step ?? 1;
      if (step <= 0) throw new Error("step must be > 0");
      for (let i = bounds.from; i < bounds.to; i += step) out.push(value[i]);
    }
    return out;
  }

  #filter(value: unknown, node: FilterNode): unknown[] {
    if (!Array.isArray(value))
      throw new Error(`${value === undefined ? "<invalid reflect.Value>" : goValue(value)} is not array or slice and cannot be filtered`);
    return value.filter((item) => this.#matches(item, node));
  }

  #matches(item: unknown, { left, right, operator }: FilterNode): boolean {
    if (operator === "exists") return this.#exists(item, left);
    const lefts = this.#walk([item], left);
    if (lefts.length === 0) return false;
    if (lefts.length > 1) throw new Error("can only compare one element at a time");
    const rights = this.#walk([item], right);
    if (rights.length === 0) return false;
    if (rights.length > 1) throw new Error("can only compare one element at a time");
    return compared(operator, lefts[0], rights[0]);
  }

  /** What cannot be followed does not exist. */
  #exists(item: unknown, left: Node): boolean {
    try {
      return this.#walk([item], left).length > 0;
    } catch {
      return false;
    }
  }
}

/** Undefined when no elements are asked for, which is allowed anywhere. */
function boundsOf(node: ArrayNode, length: number): { readonly from: number; readonly to: number } | undefined {
  const absolute = (index: number) => (index < 0 ? index + length : index);
  const from = absolute(node.from ?? 0);
  let to = node.to?.index ?? length;
  if (to < 0 || (to === 0 && node.to?.derived)) to += length;
  if (from === to) return undefined;
  const outOfBounds = (index: number) => new Error(`array index out of bounds: index ${index}, length ${length}`);
  if (from >= length || from < 0) throw outOfBounds(from);
  if (to > length || to < 0) throw outOfBounds(to - 1);
  if (from > to) throw new Error(`starting index ${from} is greater than ending index ${to}`);
  return { from, to };
}

/** The elements of a map, a list or, as numbers, of a text. */
function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (isMap(value)) return sortedEntries(value).map(([, each]) => each);
  return typeof value === "string" ? [...Buffer.from(value)] : [];
}

/** What has something inside, with all that is inside. */
function descendants(values: readonly unknown[]): unknown[] {
  return values.flatMap((value) => {
    const children = childrenOf(value);
    return children.length === 0 ? [] : [value, ...descendants(children)];
  });
}

/** The type that Go decodes a JSON value to. */
function typeOf(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (value instanceof Literal) return typeof value.value === "boolean" ? "bool" : value.float ? "float64" : "int";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : "string";
}

const KINDS: Readonly<Record<string, string>> = { string: "string", bool: "bool", int: "int", int64: "int", float64: "float" };

/** Upstream: third_party/forked/golang/template/funcs.go */
function compared(operator: string, left: unknown, right: unknown): boolean {
  if (!["<", ">", "==", "!=", "<=", ">="].includes(operator)) throw new Error(`unrecognized filter operator ${operator}`);
  const [leftKind, rightKind] = [KINDS[typeOf(left)], KINDS[typeOf(right)]];
  if (leftKind === undefined || rightKind === undefined) throw new Error("invalid type for comparison");
  if (leftKind !== rightKind) throw new Error("incompatible types for comparison");
  const [a, b] = [plain(left), plain(right)];
  if (operator === "==") return a === b;
  if (operator === "!=") return a !== b;
  if (leftKind === "bool") throw new Error("invalid type for comparison");
  return operator === "<" ? a < b : operator === "<=" ? a <= b : operator === ">" ? a > b : a >= b;
}

const plain = (value: unknown) => (value instanceof Literal ? value.value : value) as number;
