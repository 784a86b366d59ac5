import { printfText } from "../shell/text-format.ts";
import { type Expression, type Rule, type Statement } from "./awk-parser.ts";
import { basicRegExp } from "./regexp.ts";

type Value = string | number;

class Jump extends Error {
  readonly to: "next" | "exit" | "break" | "continue";
  constructor(to: Jump["to"]) {
    super(to);
    this.to = to;
  }
}

const MAX_STEPS = 5_000_000;

/** Runs an awk program over lines. */
export class AwkInterpreter {
  readonly readsInput: boolean;
  exitCode = 0;
  readonly #rules: readonly Rule[];
  readonly #print: (text: string) => void;
  readonly #variables = new Map<string, Value>([
    ["FS", " "],
    ["OFS", " "],
    ["ORS", "\n"],
    ["NR", 0],
    ["NF", 0],
    ["SUBSEP", "\x1c"],
  ]);
  readonly #arrays = new Map<string, Map<string, Value>>();
  readonly #inRange = new Set<Rule>();
  #fields: string[] = [];
  #line = "";
  #steps = 0;

  constructor(rules: readonly Rule[], variables: ReadonlyMap<string, string>, print: (text: string) => void) {
    this.#rules = rules;
    this.#print = print;
    for (const [name, value] of variables) this.#variables.set(name, value);
    this.readsInput = rules.some((rule) => rule.when !== "BEGIN");
  }

  /** False: the program has exited. */
  begin(): boolean {
    return this.#guard(() => this.#runRules("BEGIN"));
  }

  line(text: string): boolean {
    this.#variables.set("NR", Number(this.#variables.get("NR")) + 1);
    this.#split(text);
    return this.#guard(() => {
      for (const rule of this.#rules) if (rule.when === "line" && this.#matches(rule)) this.#body(rule);
    });
  }

  end(): number {
    this.#guard(() => this.#runRules("END"));
    return this.exitCode;
  }

  #runRules(when: Rule["when"]): void {
    for (const rule of this.#rules) if (rule.when === when) this.#body(rule);
  }

  #guard(run: () => void): boolean {
    try {
      run();
      return true;
    } catch (error) {
      if (!(error instanceof Jump)) throw error;
      return error.to !== "exit";
    }
  }

  #matches(rule: Rule): boolean {
    if (!rule.pattern) return true;
    if (!rule.until) return truth(this.#value(rule.pattern));
    if (!this.#inRange.has(rule)) {
      if (!truth(this.#value(rule.pattern))) return false;
      this.#inRange.add(rule);
    }
    if (truth(this.#value(rule.until))) this.#inRange.delete(rule);
    return true;
  }

  #body(rule: Rule): void {
    if (rule.body) this.#run(rule.body);
    else this.#print(`${this.#line}${text(this.#variables.get("ORS"))}`);
  }

  #run(statement: Statement): void {
    if (++this.#steps > MAX_STEPS) throw new Error("awk: too many steps");
    switch (statement.kind) {
      case "block":
        for (const each of statement.body) this.#run(each);
        break;
      case "expression":
        this.#value(statement.value);
        break;
      case "print": {
        const values = statement.args.map((each) => text(this.#value(each)));
        if (statement.format) this.#print(printfText(values[0] ?? "", values.slice(1)));
        else
          this.#print(
            `${statement.args.length === 0 ? this.#line : values.join(text(this.#variables.get("OFS")))}${text(this.#variables.get("ORS"))}`,
          );
        break;
      }
      case "if":
        if (truth(this.#value(statement.condition))) this.#run(statement.yes);
        else if (statement.no) this.#run(statement.no);
        break;
      case "while":
        for (let first = statement.first; first || truth(this.#value(statement.condition)); first = false)
          if (!this.#loopBody(statement.body)) break;
        break;
      case "for":
        if (statement.start) this.#run(statement.start);
        while (!statement.condition || truth(this.#value(statement.condition))) {
          if (!this.#loopBody(statement.body)) break;
          if (statement.step) this.#run(statement.step);
        }
        break;
      case "each":
        for (const key of [...this.#array(statement.name).keys()]) {
          this.#variables.set(statement.variable, key);
          if (!this.#loopBody(statement.body)) break;
        }
        break;
      case "delete":
        if (statement.index) this.#array(statement.name).delete(this.#key(statement.index));
        else this.#array(statement.name).clear();
        break;
      case "exit":
        if (statement.code) this.exitCode = number(this.#value(statement.code));
        throw new Jump("exit");
      default:
        throw new Jump(statement.kind);
    }
  }

  #loopBody(body: Statement): boolean {
    try {
      this.#run(body);
      return true;
    } catch (error) {
      if (!(error instanceof Jump) || (error.to !== "break" && error.to !== "continue")) throw error;
      return error.to === "continue";
    }
  }

  #value(expression: Expression): Value {
    switch (expression.kind) {
      case "number":
      case "string":
        return expression.value;
      case "regexp":
        return regExp(expression.source).test(this.#line) ? 1 : 0;
      case "variable":
        return this.#variables.get(expression.name) ?? "";
      case "field": {
        const index = number(this.#value(expression.index));
        return index === 0 ? this.#line : (this.#fields[index - 1] ?? "");
      }
      case "element":
        return this.#array(expression.name).get(this.#key(expression.index)) ?? "";
      case "in":
        return this.#array(expression.name).has(text(this.#value(expression.index))) ? 1 : 0;
      case "assign": {
        const right = this.#value(expression.value);
        return this.#assign(
          expression.target,
          expression.operator === "" ? right : arithmetic(expression.operator, number(this.#value(expression.target)), number(right)),
        );
      }
      case "step": {
        const before = number(this.#value(expression.target));
        this.#assign(expression.target, before + expression.by);
        return expression.before ? before + expression.by : before;
      }
      case "unary": {
        const operand = this.#value(expression.operand);
        return expression.operator === "!" ? (truth(operand) ? 0 : 1) : expression.operator === "-" ? -number(operand) : number(operand);
      }
      case "ternary":
        return this.#value(truth(this.#value(expression.condition)) ? expression.yes : expression.no);
      case "binary":
        return this.#binary(expression.operator, expression.left, expression.right);
      case "call":
        return this.#call(expression.name, expression.args);
    }
  }

  #binary(operator: string, left: Expression, right: Expression): Value {
    if (operator === "&&") return truth(this.#value(left)) && truth(this.#value(right)) ? 1 : 0;
    if (operator === "||") return truth(this.#value(left)) || truth(this.#value(right)) ? 1 : 0;
    if (operator === "~" || operator === "!~") return this.#pattern(right).test(text(this.#value(left))) === (operator === "~") ? 1 : 0;
    const a = this.#value(left);
    const b = this.#value(right);
    if (operator === "concatenate") return text(a) + text(b);
    if (/^(<|<=|>|>=|==|!=)$/.test(operator)) {
      const [x, y] = numeric(a) && numeric(b) ? [number(a), number(b)] : [text(a), text(b)];
      return { "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y, "==": x === y, "!=": x !== y }[operator] ? 1 : 0;
    }
    return arithmetic(operator, number(a), number(b));
  }

  #pattern(expression: Expression): RegExp {
    return regExp(expression.kind === "regexp" ? expression.source : text(this.#value(expression)));
  }

  #call(name: string, args: readonly Expression[]): Value {
    const at = (index: number) => (args[index] ? text(this.#value(args[index])) : "");
    switch (name) {
      case "length":
        if (args[0]?.kind === "variable" && this.#arrays.has(args[0].name)) return this.#array(args[0].name).size;
        return args.length === 0 ? this.#line.length : at(0).length;
      case "substr": {
        const start = Math.max(1, Math.round(number(at(1))));
        return args.length > 2
          ? at(0).slice(start - 1, Math.max(start - 1, Math.round(number(at(1))) - 1 + Math.round(number(at(2)))))
          : at(0).slice(start - 1);
      }
      case "index":
        return at(0).indexOf(at(1)) + 1;
      case "split": {
        const target = args[1]?.kind === "variable" ? args[1].name : "";
        const parts = splitFields(at(0), args[2] ? (args[2].kind === "regexp" ? args[2].source : at(2)) : text(this.#variables.get("FS")));
        this.#arrays.set(target, new Map(parts.map((part, index) => [String(index + 1), part])));
        return parts.length;
      }
      case "sub":
      case "gsub": {
        const target: Expression = args[2] ?? { kind: "field", index: { kind: "number", value: 0 } };
        let count = 0;
        const pattern = this.#pattern(args[0] ?? { kind: "string", value: "" });
        const replacement = at(1);
        const changed = text(this.#value(target)).replace(new RegExp(pattern.source, name === "gsub" ? "g" : ""), (found) => {
          count++;
          return replacement.replace(/\\&|&/g, (token) => (token === "&" ? found : "&"));
        });
        if (count > 0) this.#assign(target, changed);
        return count;
      }
      case "match": {
        const found = this.#pattern(args[1] ?? { kind: "string", value: "" }).exec(at(0));
        this.#variables.set("RSTART", found ? found.index + 1 : 0);
        this.#variables.set("RLENGTH", found ? found[0].length : -1);
        return found ? found.index + 1 : 0;
      }
      case "sprintf":
        return printfText(
          at(0),
          args.slice(1).map((each) => text(this.#value(each))),
        );
      case "toupper":
        return at(0).toUpperCase();
      case "tolower":
        return at(0).toLowerCase();
      case "int":
        return Math.trunc(number(at(0)));
      case "sqrt":
        return Math.sqrt(number(at(0)));
      case "log":
        return Math.log(number(at(0)));
      case "exp":
        return Math.exp(number(at(0)));
      case "":
        return args.map((each) => text(this.#value(each))).join(text(this.#variables.get("SUBSEP")));
      default:
        return "";
    }
  }

  #assign(target: Expression, value: Value): Value {
    if (target.kind === "variable") {
      this.#variables.set(target.name, value);
      if (target.name === "NF") this.#rebuild(number(value));
    } else if (target.kind === "element") this.#array(target.name).set(this.#key(target.index), value);
    else if (target.kind === "field") {
      const index = number(this.#value(target.index));
      if (index === 0) this.#split(text(value));
      else {
        while (this.#fields.length < index) this.#fields.push("");
        this.#fields[index - 1] = text(value);
        this.#rebuild(this.#fields.length);
      }
    }
    return value;
  }

  #split(line: string): void {
    this.#line = line;
    this.#fields = splitFields(line, text(this.#variables.get("FS")));
    this.#variables.set("NF", this.#fields.length);
  }

  #rebuild(count: number): void {
    this.#fields.length = Math.min(count, this.#fields.length);
    while (this.#fields.length < count) this.#fields.push("");
    this.#variables.set("NF", count);
    this.#line = this.#fields.join(text(this.#variables.get("OFS")));
  }

  #array(name: string): Map<string, Value> {
    const known = this.#arrays.get(name) ?? new Map<string, Value>();
    this.#arrays.set(name, known);
    return known;
  }

  #key(index: readonly Expression[]): string {
    return index.map((each) => text(this.#value(each))).join(text(this.#variables.get("SUBSEP")));
  }
}

const regExp = (source: string) => new RegExp(basicRegExp(source, true));

function splitFields(line: string, separator: string): string[] {
  if (line === "") return [];
  if (separator === " ") return line.trim() === "" ? [] : line.trim().split(/\s+/);
  if (separator === "") return [...line];
  return line.split(separator.length === 1 ? separator : regExp(separator));
}

function arithmetic(operator: string, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    default:
      return left ** right;
  }
}

const numeric = (value: Value) => typeof value === "number" || /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value);
const number = (value: Value) => (typeof value === "number" ? value : Number.parseFloat(value) || 0);
const text = (value: Value | undefined) =>
  value === undefined
    ? ""
    : typeof value === "string"
      ? value
      : Number.isInteger(value)
        ? String(value)
        : String(Number(value.toPrecision(6)));
const truth = (value: Value) => (typeof value === "number" ? value !== 0 : numeric(value) ? Number(value) !== 0 : value !== "");
