import { goQuote } from "../util/go-quote.ts";
import { goFloat, renderSortedJson } from "./go-json.ts";
import { isMap, Literal, PathEvaluator, sortedEntries } from "./json-path-evaluator.ts";
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
  const path = new PathEvaluator(nodes, options.allowMissing);
  return (data) => {
    try {
      const results = path.run(data);
      return options.asJson
        ? results.map((values) => `${renderSortedJson(values.map(jsonValue), 4)}\n`).join("")
        : results.map(printResults).join("");
    } catch (error) {
      throw new Error(
        `error executing jsonpath ${goQuote(template)}: Error executing template: ${(error as Error).message}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t${template}\n\tobject given to jsonpath engine was:\n\t\t${goMap(data)}\n\n\n`,
      );
    }
  };
}

/** The values that a single path finds: for --sort-by, wait and custom columns. */
export function findValues(template: string, data: unknown, allowMissing: boolean): unknown[] {
  return new PathEvaluator(new PathParser(template).parse(), allowMissing).run(data).flat();
}

/** A single path, read once, for as many objects as there are: the columns of custom resources. Missing fields find nothing. */
export function compilePath(path: string): (data: unknown) => unknown[] {
  const nodes = new PathParser(`{${path}}`).parse();
  return (data) => new PathEvaluator(nodes, true).run(data)[0] ?? [];
}

const printResults = (values: readonly unknown[]): string => values.map((value) => valueText(jsonValue(value))).join(" ");

const jsonValue = (value: unknown) => (value instanceof Literal ? value.value : value);

/** A value as it is printed: JSON for collections. */
export function valueText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "object" ? renderSortedJson(value, 0) : typeof value === "number" ? goFloat(value) : String(value);
}

/** A value as Go's %#v prints what came from JSON. */
function goMap(value: unknown): string {
  if (value === null || value === undefined) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goMap).join(", ")}}`;
  if (isMap(value))
    return `map[string]interface {}{${sortedEntries(value)
      .map(([key, each]) => `${goQuote(key)}:${goMap(each)}`)
      .join(", ")}}`;
  return typeof value === "string" ? goQuote(value) : typeof value === "number" ? goFloat(value) : String(value);
}

/** `.a.b`, `a.b` and `{.a.b}` all mean {.a.b}. Upstream: get.RelaxedJSONPathExpression */
export function relaxedPath(expression: string): string {
  if (expression === "") return expression;
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(expression);
  if (!match) throw new Error(`unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`);
  const field = match[1] ?? match[2] ?? "";
  return `{${field.startsWith("[") ? "" : "."}${field}}`;
}
