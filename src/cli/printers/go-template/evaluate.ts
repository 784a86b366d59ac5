import { goValue } from "../go-value.ts";
import { arityError, callFunction, goType, isTrue, NO_VALUE } from "./functions.ts";
import { commandText, type Command, type Operand, type Pipeline, type TemplateNode } from "./parse.ts";

export interface TemplateOptions {
  readonly allowMissing: boolean;
}

class Break extends Error {}
class Continue extends Error {}

/** A value, and whether Go knows its own type or only that it came out of a map or a list. */
interface Typed {
  readonly value: unknown;
  readonly known: boolean;
}

interface Variable {
  readonly name: string;
  held: Typed;
}

/** Functions of Go whose first parameter is a string; the others take anything. */
const TAKES_TEXT = new Set(["printf", "base64decode"]);

const known = (value: unknown): Typed => ({ value, known: true });

/** Upstream: text/template/exec.go */
export class Evaluator {
  readonly #text: string;
  readonly #templates: ReadonlyMap<string, readonly TemplateNode[]>;
  readonly #options: TemplateOptions;
  #variables: Variable[] = [];
  #out: string[] = [];
  #name = "output";
  /** What was looked at last: where errors are. */
  #place = { at: 0, source: "" };

  constructor(text: string, templates: ReadonlyMap<string, readonly TemplateNode[]>, options: TemplateOptions) {
    this.#text = text;
    this.#templates = templates;
    this.#options = options;
  }

  run(nodes: readonly TemplateNode[], data: unknown): string {
    this.#variables = [{ name: "$", held: known(data) }];
    this.#out = [];
    this.#walk(nodes, known(data));
    return this.output;
  }

  /** What has been printed so far. */
  get output(): string {
    return this.#out.join("");
  }

  #walk(nodes: readonly TemplateNode[], dot: Typed): void {
    for (const node of nodes) this.#node(node, dot);
  }

  #node(node: TemplateNode, dot: Typed): void {
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
          if (isTrue(value)) this.#walk(node.body, node.type === "with" ? known(value) : dot);
          else this.#walk(node.otherwise, dot);
        });
      case "range":
        return this.#scoped(() => this.#range(node, dot));
      case "template":
        return this.#template(node, dot);
      case "break":
        throw new Break();
      case "continue":
        throw new Continue();
    }
  }

  #template(node: Extract<TemplateNode, { type: "template" }>, dot: Typed): void {
    this.#place = node;
    const body = this.#templates.get(node.name);
    if (!body) this.#fail(`template ${JSON.stringify(node.name)} not defined`);
    const data = known(node.pipeline ? this.#pipeline(node.pipeline, dot) : undefined);
    const [outer, name] = [this.#variables, this.#name];
    this.#variables = [{ name: "$", held: data }];
    this.#name = node.name;
    this.#walk(body, data);
    this.#variables = outer;
    this.#name = name;
  }

  #range(node: Extract<TemplateNode, { type: "if" | "range" | "with" }>, dot: Typed): void {
    const value = this.#pipeline({ ...node.pipeline, variables: [] }, dot);
    const entries = this.#entries(value);
    if (entries.length === 0) return this.#walk(node.otherwise, dot);
    const [first, second] = node.pipeline.variables;
    for (const [key, item] of entries) {
      const held = { value: item, known: typeof item === "bigint" };
      try {
        this.#scoped(() => {
          if (second !== undefined) this.#variables.push({ name: first ?? "", held: known(key) }, { name: second, held });
          else if (first !== undefined) this.#variables.push({ name: first, held });
          this.#walk(node.body, held);
        });
      } catch (error) {
        if (error instanceof Break) return;
        if (!(error instanceof Continue)) throw error;
      }
    }
  }

  #entries(value: unknown): [unknown, unknown][] {
    if (value === NO_VALUE || value === null || value === undefined) return [];
    if (Array.isArray(value)) return value.map((item, index) => [BigInt(index), item]);
    if (typeof value === "bigint" || goType(value) === "int64")
      return Array.from({ length: Number(value) }, (_, index) => [BigInt(index), BigInt(index)]);
    if (typeof value === "object") return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    this.#fail(`range can't iterate over ${goValue(value)}`);
  }

  #scoped(work: () => void): void {
    const depth = this.#variables.length;
    try {
      work();
    } finally {
      this.#variables.length = depth;
    }
  }

  #pipeline(pipeline: Pipeline, dot: Typed): unknown {
    let value: unknown;
    pipeline.commands.forEach((command, index) => {
      value = this.#command(command, dot, index === 0 ? [] : [value]);
    });
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.#find(name).held = known(value);
      else this.#variables.push({ name, held: known(value) });
    }
    return value;
  }

  #command(command: Command, dot: Typed, last: readonly unknown[]): unknown {
    const [head, ...rest] = command as readonly [Operand, ...Operand[]];
    if (head.type === "function") {
      this.#place = head;
      const wrong = arityError(head.name, rest.length + last.length);
      if (wrong !== "") this.#fail(wrong);
      if (head.name === "and" || head.name === "or") return this.#shortCircuit(head.name, rest, dot, last);
      return this.#call(head.name, command, [...rest.map((operand, index) => this.#argument(head.name, index, operand, dot)), ...last]);
    }
    if (rest.length === 0 && last.length === 0) return this.#operand(head, dot);
    if (head.type !== "field" && head.type !== "variable" && head.type !== "pipeline") {
      this.#place = head;
      this.#fail(`can't give argument to non-function ${head.source}`);
    }
    const { path } = head;
    // Upstream looks the field up first, as a method.
    this.#operand({ ...head, path: path.slice(0, -1) }, dot);
    this.#place = head;
    if (path.length === 0) this.#fail(`can't give argument to non-function ${head.source}`);
    this.#fail(`${path.at(-1) ?? ""} is not a method but has arguments`);
  }

  #argument(name: string, index: number, operand: Operand, dot: Typed): unknown {
    const value = this.#operand(operand, dot);
    if (index > 0 || !TAKES_TEXT.has(name) || typeof value === "string") return value;
    this.#place = operand;
    if (operand.type === "literal") this.#fail(`expected string; found ${operand.source}`);
    if (value === NO_VALUE || value === null) this.#fail("invalid value; expected string");
    this.#fail(`wrong type for value; expected string; got ${goType(value)}`);
  }

  #call(name: string, command: Command, args: readonly unknown[]): unknown {
    try {
      return callFunction(name, args);
    } catch (error) {
      this.#place = { at: command[0]?.start ?? 0, source: commandText(command) };
      this.#fail(`error calling ${name}: ${(error as Error).message}`);
    }
  }

  #shortCircuit(name: "and" | "or", operands: readonly Operand[], dot: Typed, last: readonly unknown[]): unknown {
    let value: unknown;
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === (name === "or")) return value;
    }
    return last.length > 0 ? last[0] : value;
  }

  #operand(operand: Operand, dot: Typed): unknown {
    this.#place = operand;
    switch (operand.type) {
      case "dot":
        return dot.value;
      case "nil":
        return null;
      case "literal":
        return operand.value;
      case "field":
        return this.#fields(dot, operand.path);
      case "variable":
        return this.#fields(this.#find(operand.name).held, operand.path);
      case "function":
        return this.#call(operand.name, [operand], []);
      case "pipeline":
        return this.#fields(known(this.#pipeline(operand.pipeline, dot)), operand.path);
    }
  }

  #find(name: string): Variable {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (!found) this.#fail(`undefined variable: ${name}`);
    return found;
  }

  #fields(start: Typed, path: readonly string[]): unknown {
    let { value } = start;
    for (const [index, name] of path.entries()) {
      const type = index === 0 && start.known ? goType(value) : "interface {}";
      if (value === NO_VALUE || value === undefined || (value === null && index === 0 && start.known)) {
        if (this.#options.allowMissing) return NO_VALUE;
        this.#fail(`nil data; no entry for key ${JSON.stringify(name)}`);
      }
      if (value === null) this.#fail(`nil pointer evaluating ${type}.${name}`);
      if (typeof value !== "object" || Array.isArray(value)) this.#fail(`can't evaluate field ${name} in type ${type}`);
      if (!Object.hasOwn(value, name)) {
        if (!this.#options.allowMissing) this.#fail(`map has no entry for key ${JSON.stringify(name)}`);
        value = NO_VALUE;
      } else value = (value as Record<string, unknown>)[name];
    }
    return value;
  }

  /** `1:2: executing "output" at <.x>: message`; columns are counted in bytes, from zero. */
  #fail(message: string): never {
    const before = this.#text.slice(0, this.#place.at).split("\n");
    const position = `${before.length}:${Buffer.byteLength(before.at(-1) ?? "")}`;
    throw new Error(`${position}: executing ${JSON.stringify(this.#name)} at <${this.#place.source}>: ${message}`);
  }
}

function printed(value: unknown): string {
  return value === NO_VALUE || value === null || value === undefined ? "<no value>" : goValue(value);
}
