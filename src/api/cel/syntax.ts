/** What the parser makes of an expression. `at` is where a message about the node points to. */
export type Expr = Literal | Ident | Select | Call | ListExpr | MapExpr | StructExpr | Comprehension | Bind;

export interface Literal {
  readonly kind: "literal";
  readonly at: number;
  readonly type: "int" | "uint" | "double" | "string" | "bytes" | "bool" | "null";
  readonly value: null | boolean | bigint | number | string | Uint8Array;
}

export interface Ident {
  readonly kind: "ident";
  readonly at: number;
  readonly name: string;
}

export interface Select {
  readonly kind: "select";
  readonly at: number;
  readonly operand: Expr;
  readonly field: string;
  /** `has(a.b)` asks, `a.?b` gives an optional. */
  readonly mode: "plain" | "test" | "optional";
}

export interface Call {
  readonly kind: "call";
  readonly at: number;
  /** Operators go by their names in the specification: `_+_`. */
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

export interface ListExpr {
  readonly kind: "list";
  readonly at: number;
  readonly elements: readonly { readonly value: Expr; readonly optional: boolean }[];
}

export interface MapExpr {
  readonly kind: "map";
  readonly at: number;
  readonly entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[];
}

export interface StructExpr {
  readonly kind: "struct";
  readonly at: number;
  readonly name: string;
  readonly fields: readonly { readonly at: number; readonly name: string; readonly value: Expr; readonly optional: boolean }[];
}

export type ComprehensionMacro =
  | "all"
  | "exists"
  | "exists_one"
  | "map"
  | "filter"
  | "transformList"
  | "transformMap"
  | "transformMapEntry"
  | "sortBy"
  | "optMap"
  | "optFlatMap";

export interface Comprehension {
  readonly kind: "comprehension";
  readonly at: number;
  readonly macro: ComprehensionMacro;
  readonly range: Expr;
  readonly variables: readonly string[];
  readonly filter: Expr | undefined;
  readonly body: Expr;
}

export interface Bind {
  readonly kind: "bind";
  readonly at: number;
  readonly variable: string;
  readonly value: Expr;
  readonly body: Expr;
}
