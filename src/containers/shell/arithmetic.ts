/** What $((…)) says of an expression that it cannot work out. */
export class ArithmeticError extends Error {
  override readonly name = "ArithmeticError";
}

export interface ArithmeticVariables {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

const TOKEN =
  /\s*(0[xX][0-9a-fA-F]+|\d+#\w+|\d+|[A-Za-z_]\w*|<<=|>>=|\*\*|\+\+|--|&&|\|\||[-+*/%&|^]=|<<|>>|[<>=!]=|[-+*/%<>=!~&|^?:(),])/y;
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", "<=", ">", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];
const MAX_DEPTH = 100;

export function evaluateArithmetic(expression: string, variables: ArithmeticVariables, depth = 0): number {
  if (depth > MAX_DEPTH) throw new ArithmeticError("expression recursion level exceeded");
  return new Evaluator(expression, variables, depth).run();
}

class Evaluator {
  readonly #tokens: string[] = [];
  readonly #variables: ArithmeticVariables;
  readonly #depth: number;
  #at = 0;
  /** Inside a branch that is not taken nothing is assigned. */
  #skipping = 0;

  constructor(expression: string, variables: ArithmeticVariables, depth: number) {
    this.#variables = variables;
    this.#depth = depth;
    let position = 0;
    while (expression.slice(position).trim() !== "") {
      TOKEN.lastIndex = position;
      const match = TOKEN.exec(expression);
      if (!match) throw new ArithmeticError("arithmetic syntax error");
      this.#tokens.push(match[1] ?? "");
      position = TOKEN.lastIndex;
    }
  }

  run(): number {
    if (this.#tokens.length === 0) return 0;
    const value = this.#comma();
    if (this.#at < this.#tokens.length) throw new ArithmeticError("arithmetic syntax error");
    return value;
  }

  #comma(): number {
    let value = this.#assignment();
    while (this.#accept(",")) value = this.#assignment();
    return value;
  }

  #assignment(): number {
    const name = this.#tokens[this.#at] ?? "";
    const operator = this.#tokens[this.#at + 1] ?? "";
    if (!/^[A-Za-z_]/.test(name) || !/^(?:[-+*/%&|^]|<<|>>)?=$/.test(operator)) return this.#ternary();
    this.#at += 2;
    const right = this.#assignment();
    return this.#store(name, operator === "=" ? right : this.#apply(operator.slice(0, -1), this.#value(name), right));
  }

  #ternary(): number {
    const condition = this.#binary(0);
    if (!this.#accept("?")) return condition;
    const first = this.#guard(condition === 0, () => this.#comma());
    if (!this.#accept(":")) throw new ArithmeticError("arithmetic syntax error");
    const second = this.#guard(condition !== 0, () => this.#assignment());
    return condition !== 0 ? first : second;
  }

  #binary(level: number): number {
    const operators = LEVELS[level];
    if (!operators) return this.#power();
    let left = this.#binary(level + 1);
    for (let operator = this.#tokens[this.#at]; operator !== undefined && operators.includes(operator); operator = this.#tokens[this.#at]) {
      this.#at++;
      const settled = (operator === "&&" && left === 0) || (operator === "||" && left !== 0);
      const right = this.#guard(settled, () => this.#binary(level + 1));
      left = this.#apply(operator, left, right);
    }
    return left;
  }

  #power(): number {
    const base = this.#unary();
    return this.#accept("**") ? base ** this.#power() : base;
  }

  #unary(): number {
    if (this.#accept("-")) return -this.#unary();
    if (this.#accept("+")) return this.#unary();
    if (this.#accept("!")) return this.#unary() === 0 ? 1 : 0;
    if (this.#accept("~")) return ~this.#unary();
    for (const [token, step] of [
      ["++", 1],
      ["--", -1],
    ] as const) {
      if (!this.#accept(token)) continue;
      const name = this.#tokens[this.#at++] ?? "";
      return this.#store(name, this.#value(name) + step);
    }
    return this.#primary();
  }

  #primary(): number {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new ArithmeticError("arithmetic syntax error");
    if (token === "(") {
      const value = this.#comma();
      if (!this.#accept(")")) throw new ArithmeticError("arithmetic syntax error");
      return value;
    }
    if (/^\d/.test(token)) return number(token);
    if (!/^[A-Za-z_]/.test(token)) throw new ArithmeticError("arithmetic syntax error");
    const value = this.#value(token);
    if (this.#accept("++")) this.#store(token, value + 1);
    else if (this.#accept("--")) this.#store(token, value - 1);
    return value;
  }

  #apply(operator: string, left: number, right: number): number {
    switch (operator) {
      case "+":
        return left + right;
      case "-":
        return left - right;
      case "*":
        return left * right;
      case "/":
      case "%":
        if (right === 0) {
          if (this.#skipping > 0) return 0;
          throw new ArithmeticError("divide by zero");
        }
        return operator === "/" ? Math.trunc(left / right) : left % right;
      case "<<":
        return left * 2 ** right;
      case ">>":
        return Math.floor(left / 2 ** right);
      case "&":
        return Number(BigInt.asIntN(64, BigInt(left) & BigInt(right)));
      case "|":
        return Number(BigInt.asIntN(64, BigInt(left) | BigInt(right)));
      case "^":
        return Number(BigInt.asIntN(64, BigInt(left) ^ BigInt(right)));
      case "<":
        return Number(left < right);
      case "<=":
        return Number(left <= right);
      case ">":
        return Number(left > right);
      case ">=":
        return Number(left >= right);
      case "==":
        return Number(left === right);
      case "!=":
        return Number(left !== right);
      case "&&":
        return Number(left !== 0 && right !== 0);
      default:
        return Number(left !== 0 || right !== 0);
    }
  }

  #value(name: string): number {
    const text = this.#variables.get(name) ?? "";
    if (text.trim() === "") return 0;
    return /^\s*-?\d+\s*$/.test(text) ? number(text.trim()) : evaluateArithmetic(text, this.#variables, this.#depth + 1);
  }

  #store(name: string, value: number): number {
    if (this.#skipping === 0) this.#variables.set(name, String(value));
    return value;
  }

  #guard(skip: boolean, run: () => number): number {
    if (skip) this.#skipping++;
    const value = run();
    if (skip) this.#skipping--;
    return value;
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }
}

function number(text: string): number {
  const based = /^(\d+)#(\w+)$/.exec(text);
  if (based) return Number.parseInt(based[2] ?? "", Number(based[1]));
  if (/^0[xX]/.test(text)) return Number.parseInt(text, 16);
  const digits = text.replace("-", "");
  const value = /^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return text.startsWith("-") ? -value : value;
}
