import { SyntaxIssue } from "./lexer.ts";
import type { Comprehension, ComprehensionMacro, Expr } from "./syntax.ts";

/** Upstream: cel-go parser/macro.go, ext/comprehensions.go, ext/lists.go, ext/bindings.go and cel/library.go */
export function expandMacro(name: string, target: Expr | undefined, args: readonly Expr[], at: number): Expr | undefined {
  if (!target) return name === "has" && args.length === 1 ? expandHas(args[0] as Expr) : undefined;
  if (name === "bind" && args.length === 3 && target.kind === "ident" && target.name === "cel") {
    const [variable, value, body] = args as [Expr, Expr, Expr];
    return { kind: "bind", at, variable: variableName(variable, "cel.bind() variable names must be simple identifiers"), value, body };
  }
  const shape = SHAPES[name]?.[args.length];
  if (!shape) return undefined;
  const macro: ComprehensionMacro = name === "existsOne" ? "exists_one" : (name as ComprehensionMacro);
  const variables = args.slice(0, shape.variables).map((arg) => variableName(arg, "argument must be a simple name"));
  if (variables.length === 2 && variables[0] === variables[1])
    throw new SyntaxIssue((args[1] as Expr).at, `duplicate variable name: ${variables[1]}`);
  const rest = args.slice(shape.variables);
  return {
    kind: "comprehension",
    at,
    macro,
    range: target,
    variables,
    filter: shape.filter ? rest[0] : undefined,
    body: rest.at(-1) as Expr,
  } satisfies Comprehension;
}

interface Shape {
  readonly variables: number;
  readonly filter?: true;
}

/** By the macro's name and its number of arguments. */
const SHAPES: Readonly<Record<string, Readonly<Record<number, Shape>>>> = {
  all: { 2: { variables: 1 }, 3: { variables: 2 } },
  exists: { 2: { variables: 1 }, 3: { variables: 2 } },
  exists_one: { 2: { variables: 1 } },
  existsOne: { 2: { variables: 1 }, 3: { variables: 2 } },
  map: { 2: { variables: 1 }, 3: { variables: 1, filter: true } },
  filter: { 2: { variables: 1 } },
  transformList: { 3: { variables: 2 }, 4: { variables: 2, filter: true } },
  transformMap: { 3: { variables: 2 }, 4: { variables: 2, filter: true } },
  transformMapEntry: { 3: { variables: 2 }, 4: { variables: 2, filter: true } },
  sortBy: { 2: { variables: 1 } },
  optMap: { 2: { variables: 1 } },
  optFlatMap: { 2: { variables: 1 } },
};

function expandHas(argument: Expr): Expr {
  if (argument.kind !== "select" || argument.mode !== "plain") throw new SyntaxIssue(argument.at, "invalid argument to has() macro");
  return { ...argument, mode: "test" };
}

function variableName(expr: Expr, message: string): string {
  if (expr.kind !== "ident" || expr.name.startsWith(".")) throw new SyntaxIssue(expr.at, message);
  return expr.name;
}
