import { goQuote } from "../../../util/go-quote.ts";
import { arityError, findFunction } from "./functions.ts";
import type { Branch, Command, Operand, Pipeline, Place, TemplateNode } from "./nodes.ts";
import { plainText } from "./printf.ts";
import { boxed, goKind, goType, INVALID, isInvalid, isTrue, sortedKeys, typeOf, Uint8, unboxed, valueOf, type Value } from "./values.ts";

export interface TemplateOptions {
  readonly allowMissing: boolean;
}

class Break extends Error {}
class Continue extends Error {}

interface Variable {
  readonly name: string;
  value: Value;
}

/** What follows a field: the value of the pipeline before it, and whether arguments stand behind it. */
interface FieldCall {
  readonly operands: number;
  readonly piped: Value | undefined;
}

const PLAIN: FieldCall = { operands: 0, piped: undefined };

/** Upstream allows a hundred thousand; our own stack is shorter. */
const DEPTH_LIMIT = 1000;
const DEPTH_TOLD = 100_000;

/** Upstream: text/template/exec.go */
export class Evaluator {
  readonly #text: string;
  readonly #templates: ReadonlyMap<string, readonly TemplateNode[]>;
  readonly #options: TemplateOptions;
  #variables: Variable[] = [];
  #out: string[] = [];
  #name = "output";
  #depth = 0;
  /** What was looked at last: where errors are. */
  #place: Place = { at: 0, source: "" };

  constructor(text: string, templates: ReadonlyMap<string, readonly TemplateNode[]>, options: TemplateOptions) {
    this.#text = text;
    this.#templates = templates;
    this.#options = options;
  }

  run(data: unknown): string {
    this.#variables = [{ name: "$", value: valueOf(data) }];
    this.#walk(this.#templates.get("output") ?? [], valueOf(data));
    return this.output;
  }

  /** What has been printed so far. */
  get output(): string {
    return this.#out.join("");
  }

  #walk(nodes: readonly TemplateNode[], dot: Value): void {
    for (const node of nodes) this.#node(node, dot);
  }

  #node(node: TemplateNode, dot: Value): void {
    switch (node.type) {
      case "text":
        this.#out.push(node.text);
        return;
      case "action": {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#out.push(isInvalid(value) ? "<no value>" : plainText(value.held));
        return;
      }
      case "if":
      case "with":
        return this.#scoped(() => {
          const value = this.#pipeline(node.pipeline, dot);
          if (isTrue(value.held)) this.#walk(node.body, node.type === "with" ? value : dot);
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

  #template(node: Extract<TemplateNode, { type: "template" }>, dot: Value): void {
    this.#place = node;
    const body = this.#templates.get(node.name);
    if (!body) this.#fail(`template ${goQuote(node.name)} not defined`);
    if (this.#depth === DEPTH_LIMIT) this.#fail(`exceeded maximum template depth (${DEPTH_TOLD})`);
    const data = node.pipeline ? this.#pipeline(node.pipeline, dot) : INVALID;
    const [outer, name] = [this.#variables, this.#name];
    this.#variables = [{ name: "$", value: data }];
    this.#name = node.name;
    this.#depth++;
    this.#walk(body, data);
    this.#depth--;
    this.#variables = outer;
    this.#name = name;
  }

  #range(node: Branch, dot: Value): void {
    const value = this.#pipeline(node.pipeline, dot);
    const entries = this.#entries(value.held, node.pipeline);
    if (entries.length === 0) return this.#walk(node.otherwise, dot);
    for (const [key, item] of entries) {
      try {
        this.#scoped(() => {
          this.#setLoopVariables(node.pipeline, key, item);
          this.#walk(node.body, item);
        });
      } catch (error) {
        if (error instanceof Break) return;
        if (!(error instanceof Continue)) throw error;
      }
    }
  }

  /** The pipeline has declared them with its own value. */
  #setLoopVariables({ variables, assigns }: Pipeline, key: Value, item: Value): void {
    const values = variables.length > 1 ? [key, item] : [item];
    for (const [index, name] of variables.entries()) {
      const value = values[index] ?? INVALID;
      if (assigns) this.#find(name).value = value;
      else (this.#variables.at(index - variables.length) as Variable).value = value;
    }
  }

  #entries(held: unknown, { variables }: Pipeline): readonly (readonly [Value, Value])[] {
    switch (goKind(held)) {
      case "invalid":
        return [];
      case "slice":
        return (held as unknown[]).map((item, index) => [valueOf(BigInt(index)), boxed(item)]);
      case "map":
        return sortedKeys(held as object).map((key) => [valueOf(key), boxed((held as Record<string, unknown>)[key])]);
      case "int":
      case "uint":
        if (variables.length > 1) this.#fail(`can't use ${plainText(held)} to iterate over more than one variable`);
        return countedTo(held);
      default:
        this.#fail(`range can't iterate over ${plainText(held)}`);
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

  #pipeline(pipeline: Pipeline, dot: Value): Value {
    this.#place = pipeline;
    let value: Value | undefined;
    for (const command of pipeline.commands) value = unboxed(this.#command(command, dot, value));
    const result = value ?? INVALID;
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.#find(name).value = result;
      else this.#variables.push({ name, value: result });
    }
    return result;
  }

  #command(command: Command, dot: Value, piped: Value | undefined): Value {
    const [head, ...rest] = command.operands;
    const call = { operands: rest.length, piped };
    switch (head.type) {
      case "field":
        this.#place = head;
        return this.#fields(dot, head.path, call);
      case "chain":
        return this.#chain(head, dot, call);
      case "function":
        return this.#function(head.name, { ...command, head, rest }, { dot, piped });
      case "variable":
        return this.#variable(head, call);
      case "pipeline":
        this.#refuseArguments(head, call);
        return this.#pipeline(head, dot);
      default:
        this.#place = head;
        this.#refuseArguments(head, call);
        if (head.type === "nil") this.#fail("nil is not a command");
        return this.#operand(head, dot);
    }
  }

  #refuseArguments({ source }: Place, { operands, piped }: FieldCall): void {
    if (operands > 0 || piped) this.#fail(`can't give argument to non-function ${source}`);
  }

  #variable(node: Extract<Operand, { type: "variable" }>, call: FieldCall): Value {
    this.#place = node;
    const { value } = this.#find(node.name);
    if (node.path.length === 0) {
      this.#refuseArguments({ ...node, source: node.name }, call);
      return value;
    }
    return this.#fields(value, node.path, call);
  }

  #chain(node: Extract<Operand, { type: "chain" }>, dot: Value, call: FieldCall): Value {
    this.#place = node;
    return this.#fields(this.#operand(node.node, dot), node.path, call);
  }

  #operand(operand: Operand, dot: Value): Value {
    this.#place = operand;
    switch (operand.type) {
      case "dot":
        return dot;
      case "nil":
        return INVALID;
      case "bool":
      case "string":
        return valueOf(operand.value);
      case "number":
        if (operand.value === undefined) this.#fail(`${operand.source} overflows int`);
        return valueOf(operand.value);
      case "field":
        return this.#fields(dot, operand.path, PLAIN);
      case "variable":
        return this.#variable(operand, PLAIN);
      case "function":
        return this.#function(operand.name, { at: operand.at, source: operand.source, head: operand, rest: [] }, { dot, piped: undefined });
      case "chain":
        return this.#chain(operand, dot, PLAIN);
      case "pipeline":
        return this.#pipeline(operand, dot);
    }
  }

  #function(
    name: string,
    command: Place & { readonly head: Place; readonly rest: readonly Operand[] },
    { dot, piped }: { readonly dot: Value; readonly piped: Value | undefined },
  ): Value {
    this.#place = command.head;
    const last = piped ? [piped] : [];
    const wrong = arityError(name, command.rest.length, last.length);
    if (wrong !== "") this.#fail(wrong);
    if (name === "and" || name === "or") return this.#shortCircuit(name, command.rest, { dot, last });
    const { takesText, call } = findFunction(name);
    const args = command.rest.map((operand, index) =>
      takesText && index === 0 ? this.#textArgument(operand, dot) : this.#operand(operand, dot),
    );
    args.push(...last);
    if (takesText && command.rest.length === 0) this.#checkText(args[0] ?? INVALID);
    if (name === "call") this.#refuseCall(command, args[0] ?? INVALID);
    try {
      return call(args);
    } catch (error) {
      this.#place = command;
      this.#fail(`error calling ${name}: ${(error as Error).message}`);
    }
  }

  #refuseCall(command: Place & { readonly rest: readonly Operand[] }, callee: Value): never {
    const { held } = callee;
    this.#place = command;
    const name = command.rest[0]?.source ?? (typeof held === "string" ? held : `<${goType(held)} Value>`);
    this.#fail(`error calling call: ${goKind(held) === "invalid" ? "call of nil" : `non-function ${name} of type ${goType(held)}`}`);
  }

  #textArgument(operand: Operand, dot: Value): Value {
    this.#place = operand;
    if (operand.type === "nil") this.#fail("cannot assign nil to string");
    if (operand.type === "bool" || operand.type === "number") this.#fail(`expected string; found ${operand.source}`);
    const value = this.#operand(operand, dot);
    this.#checkText(value);
    return value;
  }

  #checkText(value: Value): void {
    if (isInvalid(value)) this.#fail("invalid value; expected string");
    if (typeof value.held === "string") return;
    this.#fail(`wrong type for value; expected string; got ${value.held === null ? "interface {}" : goType(value.held)}`);
  }

  #shortCircuit(
    name: "and" | "or",
    operands: readonly Operand[],
    { dot, last }: { readonly dot: Value; readonly last: readonly Value[] },
  ): Value {
    let value = INVALID;
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (isTrue(value.held) === (name === "or")) return value;
    }
    return last[0] ?? value;
  }

  #find(name: string): Variable {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (!found) this.#fail(`undefined variable: ${name}`);
    return found;
  }

  #fields(start: Value, path: readonly string[], call: FieldCall): Value {
    return path.reduce((value, name, index) => this.#field(value, name, index === path.length - 1 ? call : PLAIN), start);
  }

  #field(receiver: Value, name: string, { operands, piped }: FieldCall): Value {
    if (isInvalid(receiver)) {
      if (!this.#options.allowMissing) this.#fail(`nil data; no entry for key ${goQuote(name)}`);
      return INVALID;
    }
    const type = typeOf(receiver);
    const { held } = receiver;
    if (held === null) this.#fail(`nil pointer evaluating ${type}.${name}`);
    if (goKind(held) !== "map") this.#fail(`can't evaluate field ${name} in type ${type}`);
    if (operands > 0 || piped) this.#fail(`${name} is not a method but has arguments`);
    if (Object.hasOwn(held as object, name)) return boxed((held as Record<string, unknown>)[name]);
    if (!this.#options.allowMissing) this.#fail(`map has no entry for key ${goQuote(name)}`);
    return INVALID;
  }

  /** `1:2: executing "output" at <.x>: message`; columns are counted in bytes, from zero. */
  #fail(message: string): never {
    const before = this.#text.slice(0, this.#place.at).split("\n");
    const position = `${before.length}:${Buffer.byteLength(before.at(-1) ?? "")}`;
    throw new Error(`${position}: executing ${goQuote(this.#name)} at <${this.#place.source}>: ${message}`);
  }
}

/** 0 to below a number, of its own type. */
function countedTo(held: unknown): readonly (readonly [Value, Value])[] {
  const count = Math.max(0, Number(held instanceof Uint8 ? held.value : held));
  const make = (index: number) => (typeof held === "bigint" ? BigInt(index) : held instanceof Uint8 ? new Uint8(index) : index);
  return Array.from({ length: count }, (_, index) => [INVALID, valueOf(make(index))] as const);
}
