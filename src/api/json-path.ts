import { goFloat, renderSortedJson } from "./go-json.ts";
import { PathParser, type Node } from "./json-path-parser.ts";

/** Kubernetes' dialect of JSONPath. Upstream: k8s.io/client-go/util/jsonpath */
export type JsonPath = (data: unknown) => string;

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
  if (!Array.isArray(value)) throw new Error(`${goType(value)} is not array or slice`);
  const length = value.length;
  const absolute = (index: number) => (index < 0 ? index + length : index);
  const outOfBounds = (index: number) => new Error(`array index out of bounds: index ${index}, length ${length}`);
  if (node.single && node.from !== undefined) {
    const index = absolute(node.from);
    if (index >= length || index < 0) throw outOfBounds(index);
    return [value[index]];
  }
  const from = absolute(node.from ?? 0);
  const to = absolute(node.to ?? length);
  // No elements can be asked for anywhere.
  if (from === to) return [];
  if (from >= length || from < 0) throw outOfBounds(from);
  if (to > length || to < 0) throw outOfBounds(to - 1);
  if (from > to) throw new Error(`starting index ${from} is greater than ending index ${to}`);
  const step = node.step ?? 1;
  if (step <= 0) throw new Error("step must be > 0");
  return value.slice(from, to).filter((_, index) => index % step === 0);
}

/** What has something inside, with all that is inside. */
function descendants(value: unknown): unknown[] {
  const children = Array.isArray(value) ? value : isMap(value) ? sortedEntries(value).map(([, each]) => each) : [];
  return children.length === 0 ? [] : [value, ...children.flatMap(descendants)];
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
  const [literal] = node.right?.type === "list" ? node.right.nodes : [];
  const kind = literal?.type === "value" && literal.float ? "float64" : goType(right[0]);
  return compare(node.operator, left[0], { value: right[0], kind });
}

const COMPARABLE = new Set(["string", "bool", "int64", "float64"]);

function compare(operator: string, left: unknown, { value: right, kind }: { value: unknown; kind: string }): boolean {
  if (!COMPARABLE.has(goType(left)) || !COMPARABLE.has(kind)) throw new Error("invalid type for comparison");
  if (goType(left) !== kind) throw new Error("incompatible types for comparison");
  if (operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  if (kind === "bool") throw new Error("invalid type for comparison");
  const [a, b] = [left as number, right as number];
  return operator === "<" ? a < b : operator === "<=" ? a <= b : operator === ">" ? a > b : a >= b;
}

/** The type that Go decodes a JSON value to. */
function goType(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : "string";
}

function printResults(values: readonly unknown[]): string {
  return values.map(valueText).join(" ");
}

/** A value as it is printed: JSON for collections. */
export function valueText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "object" ? renderSortedJson(value, 0) : typeof value === "number" ? goFloat(value) : String(value);
}

function renderAsJson(nodes: readonly Node[], data: unknown, options: JsonPathOptions): string {
  return evaluateAll(nodes, data, options)
    .map((values) => `${renderSortedJson(values, 4)}\n`)
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
  return typeof value === "string" ? JSON.stringify(value) : typeof value === "number" ? goFloat(value) : String(value);
}

/** `.a.b`, `a.b` and `{.a.b}` all mean {.a.b}. Upstream: get.RelaxedJSONPathExpression */
export function relaxedPath(expression: string): string {
  if (expression === "") return expression;
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(expression);
  if (!match) throw new Error(`unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`);
  const field = match[1] ?? match[2] ?? "";
  return `{${field.startsWith("[") ? "" : "."}${field}}`;
}
