import type { Complex128, Float64 } from "./values.ts";

/** Where a node stands in the template, and how Go writes it in messages. */
export interface Place {
  readonly at: number;
  readonly source: string;
}

export type Operand = Place &
  (
    | { readonly type: "dot" | "nil" }
    | { readonly type: "bool"; readonly value: boolean }
    | { readonly type: "string"; readonly value: string }
    /** Undefined: too large for an int. */
    | { readonly type: "number"; readonly value: bigint | Float64 | Complex128 | undefined }
    | { readonly type: "field"; readonly path: readonly string[] }
    | { readonly type: "variable"; readonly name: string; readonly path: readonly string[] }
    | { readonly type: "function"; readonly name: string }
    | { readonly type: "chain"; readonly node: Operand; readonly path: readonly string[] }
    | ({ readonly type: "pipeline" } & PipelineParts)
  );

export interface PipelineParts {
  readonly commands: readonly Command[];
  readonly variables: readonly string[];
  readonly assigns: boolean;
}

export type Pipeline = Extract<Operand, { type: "pipeline" }>;

export interface Command extends Place {
  readonly operands: readonly [Operand, ...Operand[]];
}

export interface Branch extends Place {
  readonly type: "if" | "range" | "with";
  readonly pipeline: Pipeline;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
}

export type TemplateNode =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "action"; readonly pipeline: Pipeline }
  | Branch
  | (Place & { readonly type: "template"; readonly name: string; readonly pipeline: Pipeline | undefined })
  | { readonly type: "break" | "continue" };

/** How a command is written: pipelines in parentheses. */
export const commandSource = (operands: readonly Operand[]): string =>
  operands.map((operand) => (operand.type === "pipeline" ? `(${operand.source})` : operand.source)).join(" ");

export function pipelineSource({ commands, variables, assigns }: PipelineParts): string {
  const declared = variables.length > 0 ? `${variables.join(", ")} ${assigns ? "=" : ":="} ` : "";
  return declared + commands.map(({ source }) => source).join(" | ");
}

/** Whether nothing is printed but blanks: such a definition does not count. */
export const isEmpty = (nodes: readonly TemplateNode[]): boolean => nodes.every((node) => node.type === "text" && node.text.trim() === "");
