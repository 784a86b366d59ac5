import { goValue } from "../go-value.ts";
import { callFunction, isTrue, NO_VALUE } from "./functions.ts";
import type { Command, Operand, Pipeline, TemplateNode } from "./parse.ts";

export interface TemplateOptions {
  readonly allowMissing: boolean;
}

class Break extends Error {}
class Continue extends Error {}

interface Variable {
  readonly name: string;
  value: unknown;
}

/** Upstream: text/template/exec.go */
export class Evaluator {
  readonly #templates: ReadonlyMap<string, readonly TemplateNode[]>;
  readonly #options: TemplateOptions;
  #variables: Variable[] = [];
  #out: string[] = [];

  constructor(templates: ReadonlyMap<string, readonly TemplateNode[]>, options: TemplateOptions) {
    this.#templates = templates;
    this.#options = options;
  }

  run(nodes: readonly TemplateNode[], data: unknown): string {
    this.#variables = [{ name: "$", value: data }];
    this.#out = [];
    this.#walk(nodes, data);
    return this.#out.join("");
  }

  #walk(nodes: readonly TemplateNode[], dot: unknown): void {
    for (const node of nodes) this.#node(node, dot);
  }

  #node(node: TemplateNode, dot: unknown): void {
    switch (node.type) {
      case "text":
        this.#out.push(node.text);
        return;
      case "action": {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#out.push(printed(value));
        return;
      }
      case "if":
      case "with":
        return this.#scoped(() => {
          const value = this.#pipeline(node.pipeline, dot);
          if (isTrue(value)) this.#walk(node.body, node.type === "with" ? value : dot);
          else this.#walk(node.otherwise, dot);
        });
      case "range":
        return this.#scoped(() => this.#range(node, dot));
      case "template":
        return this.#template(node.name, node.pipeline ? this.#pipeline(node.pipeline, dot) : undefined);
      case "break":
        throw new Break();
      case "continue":
        throw new Continue();
    }
  }

  #template(name: string, data: unknown): void {
    const body = this.#templates.get(name);
    if (!body) throw new Error(`1: template ${JSON.stringify(name)} not defined`);
    const outer = this.#variables;
    this.#variables = [{ name: "$", value: data }];
    this.#walk(body, data);
    this.#variables = outer;
  }

  #range(node: Extract<TemplateNode, { type: "if" | "range" | "with" }>, dot: unknown): void {
    const value = this.#pipeline({ ...node.pipeline, variables: [] }, dot);
    const entries = entriesOf(value);
    if (entries.length === 0) return this.#walk(node.otherwise, dot);
    const [first, second] = node.pipeline.variables;
    for (const [key, item] of entries) {
      try {
        this.#scoped(() => {
          if (second !== undefined) {
            this.#variables.push({ name: first ?? "", value: key }, { name: second, value: item });
          } else if (first !== undefined) this.#variables.push({ name: first, value: item });
          this.#walk(node.body, item);
        });
      } catch (error) {
        if (error instanceof Break) return;
        if (!(error instanceof Continue)) throw error;
      }
    }
  }

  #scoped(work: () => void): void {
    const depth = this.#variables.length;
    try {
      work();
    } finally {
      this.#variables.length = depth;
    }
  }

  #pipeline(pipeline: Pipeline, dot: unknown): unknown {
    let value: unknown;
    pipeline.commands.forEach((command, index) => {
      value = this.#command(command, dot, index === 0 ? [] : [value]);
    });
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.#find(name).value = value;
      else this.#variables.push({ name, value });
    }
    return value;
  }

  #command([head, ...rest]: Command, dot: unknown, last: readonly unknown[]): unknown {
    if (head?.type === "function") {
      if (head.name === "and" || head.name === "or") return this.#shortCircuit(head.name, rest, dot, last);
      return callFunction(head.name, [...rest.map((operand) => this.#operand(operand, dot)), ...last]);
    }
    if (rest.length > 0 || last.length > 0) throw new Error(`1: can't give argument to non-function ${describe(head)}`);
    return this.#operand(head as Operand, dot);
  }

  #shortCircuit(name: "and" | "or", operands: readonly Operand[], dot: unknown, last: readonly unknown[]): unknown {
    let value: unknown;
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === (name === "or")) return value;
    }
    return last.length > 0 ? last[0] : value;
  }

  #operand(operand: Operand, dot: unknown): unknown {
    switch (operand.type) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "literal":
        return operand.value;
      case "field":
        return this.#fields(dot, operand.path);
      case "variable":
        return this.#fields(this.#find(operand.name).value, operand.path);
      case "function":
        return callFunction(operand.name, []);
      case "pipeline":
        return this.#fields(this.#pipeline(operand.pipeline, dot), operand.path);
    }
  }

  #find(name: string): Variable {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (!found) throw new Error(`1: undefined variable ${JSON.stringify(name)}`);
    return found;
  }

  #fields(start: unknown, path: readonly string[]): unknown {
    let value = start;
    for (const name of path) {
      if (value === NO_VALUE || value === null || value === undefined) {
        if (this.#options.allowMissing) return NO_VALUE;
        throw new Error(`1: nil data; no entry for key ${JSON.stringify(name)}`);
      }
      if (typeof value !== "object" || Array.isArray(value))
        throw new Error(
          `1: executing "output" at <.${path.join(".")}>: can't evaluate field ${name} in type ${Array.isArray(value) ? "[]interface {}" : "interface {}"}`,
        );
      if (!Object.hasOwn(value, name)) {
        if (!this.#options.allowMissing)
          throw new Error(`1:2: executing "output" at <.${path.join(".")}>: map has no entry for key ${JSON.stringify(name)}`);
        value = NO_VALUE;
      } else value = (value as Record<string, unknown>)[name];
    }
    return value;
  }
}

function entriesOf(value: unknown): [unknown, unknown][] {
  if (value === NO_VALUE || value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item, index) => [index, item]);
  if (typeof value === "number") return Array.from({ length: value }, (_, index) => [index, index]);
  if (typeof value === "object") return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw new Error(`1: range can't iterate over ${goValue(value)}`);
}

function printed(value: unknown): string {
  return value === NO_VALUE || value === null || value === undefined ? "<no value>" : goValue(value);
}

const describe = (operand: Operand | undefined) => (operand?.type === "field" ? `.${operand.path.join(".")}` : (operand?.type ?? ""));
