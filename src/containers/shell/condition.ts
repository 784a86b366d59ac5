import type { Word } from "./ast.ts";
import { expandPattern, expandText } from "./expansion.ts";
import { matchesPattern } from "./patterns.ts";
import type { Shell } from "./shell.ts";
import { compare, unary } from "./test-expression.ts";

/** [[ … ]]: words are not split, the right side of == is a pattern. */
export function evaluateCondition(shell: Shell, words: readonly Word[]): Promise<boolean> {
  return new Condition(shell, words).or();
}

class Condition {
  readonly #shell: Shell;
  readonly #words: readonly Word[];
  #at = 0;

  constructor(shell: Shell, words: readonly Word[]) {
    this.#shell = shell;
    this.#words = words;
  }

  async or(): Promise<boolean> {
    let result = await this.#and();
    while (this.#operator() === "||") {
      this.#at++;
      const right = await this.#and();
      result ||= right;
    }
    return result;
  }

  async #and(): Promise<boolean> {
    let result = await this.#primary();
    while (this.#operator() === "&&") {
      this.#at++;
      const right = await this.#primary();
      result &&= right;
    }
    return result;
  }

  async #primary(): Promise<boolean> {
    const operator = this.#operator();
    if (operator === "!") {
      this.#at++;
      return !(await this.#primary());
    }
    if (operator === "(") {
      this.#at++;
      const inner = await this.or();
      this.#at++;
      return inner;
    }
    if (operator !== undefined && /^-[a-zA-Z]$/.test(operator) && this.#at + 1 < this.#words.length) {
      this.#at++;
      const operand = await expandText(this.#shell, this.#take());
      return operator === "-v" ? this.#shell.get(operand) !== undefined : unary(this.#shell.process, operator, operand);
    }
    const left = await expandText(this.#shell, this.#take());
    const binary = this.#operator();
    if (binary === undefined || binary === "&&" || binary === "||" || binary === ")") return left !== "";
    this.#at++;
    return this.#compare(left, binary, this.#take());
  }

  async #compare(left: string, operator: string, right: Word): Promise<boolean> {
    if (operator === "=" || operator === "==") return matchesPattern(left, await expandPattern(this.#shell, right));
    if (operator === "!=") return !matchesPattern(left, await expandPattern(this.#shell, right));
    const text = await expandText(this.#shell, right);
    if (operator !== "=~") return compare(this.#shell.process, left, operator, text);
    const match = new RegExp(
      text
        .replace(/\[:space:\]/g, "\\s")
        .replace(/\[:digit:\]/g, "0-9")
        .replace(/\[:alpha:\]/g, "A-Za-z")
        .replace(/\[:alnum:\]/g, "A-Za-z0-9"),
    ).exec(left);
    this.#shell.setArray("BASH_REMATCH", match ? [...match].map((group) => group ?? "") : [], false);
    return match !== null;
  }

  #operator(): string | undefined {
    const [part, ...more] = this.#words[this.#at] ?? [];
    return part?.kind === "text" && !part.quoted && more.length === 0 ? part.text : undefined;
  }

  #take(): Word {
    return this.#words[this.#at++] ?? [];
  }
}
