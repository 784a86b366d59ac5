import { isFunction } from "./functions.ts";
import type { Operand, Pipeline, TemplateNode } from "./parse.ts";

/** What text/template refuses before it runs anything: unknown functions and variables, a break outside of a range. */
export function checkTemplate(nodes: readonly TemplateNode[]): void {
  checkNodes(nodes, ["$"], false);
}

function checkNodes(nodes: readonly TemplateNode[], outer: readonly string[], inRange: boolean): void {
  const variables = [...outer];
  for (const node of nodes) {
    if (node.type === "text") continue;
    if (node.type === "break" || node.type === "continue") {
      if (!inRange) throw new Error(`template: output:1: {{${node.type}}} outside {{range}}`);
      continue;
    }
    if (node.type === "template") {
      if (node.pipeline) checkPipeline(node.pipeline, variables);
    } else if (node.type === "action") {
      checkPipeline(node.pipeline, variables);
      if (!node.pipeline.assigns) variables.push(...node.pipeline.variables);
    } else if ("body" in node) {
      checkPipeline(node.pipeline, variables);
      const scope = [...variables, ...node.pipeline.variables];
      checkNodes(node.body, scope, inRange || node.type === "range");
      checkNodes(node.otherwise, scope, inRange);
    }
  }
}

function checkPipeline(pipeline: Pipeline, variables: readonly string[]): void {
  for (const operand of pipeline.commands.flat()) checkOperand(operand, variables);
}

function checkOperand(operand: Operand, variables: readonly string[]): void {
  if (operand.type === "function" && !isFunction(operand.name))
    throw new Error(`template: output:1: function ${JSON.stringify(operand.name)} not defined`);
  if (operand.type === "variable" && !variables.includes(operand.name))
    throw new Error(`template: output:1: undefined variable ${JSON.stringify(operand.name)}`);
  if (operand.type === "pipeline") checkPipeline(operand.pipeline, variables);
}
