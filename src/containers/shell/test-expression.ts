import type { FileStat } from "../filesystem.ts";
import type { Process } from "../process.ts";

/** What test says of an expression that it cannot read; exit code 2. */
export class TestSyntaxError extends Error {
  override readonly name = "TestSyntaxError";
}

const UNARY = /^-[abcdefghLnprsStuwxzO]$/;
const BINARY = new Set(["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"]);

/** test and [: true or false. */
export function evaluateTest(process: Process, args: readonly string[]): boolean {
  const parser = new TestParser(process, args);
  const result = args.length === 0 ? false : parser.or();
  parser.finish();
  return result;
}

class TestParser {
  readonly #process: Process;
  readonly #args: readonly string[];
  #at = 0;

  constructor(process: Process, args: readonly string[]) {
    this.#process = process;
    this.#args = args;
  }

  finish(): void {
    if (this.#at < this.#args.length) throw new TestSyntaxError(`${this.#args[this.#at]}: unknown operand`);
  }

  or(): boolean {
    let result = this.#and();
    while (this.#peek() === "-o") {
      this.#at++;
      const right = this.#and();
      result ||= right;
    }
    return result;
  }

  #and(): boolean {
    let result = this.#not();
    while (this.#peek() === "-a" && this.#at + 1 < this.#args.length) {
      this.#at++;
      const right = this.#not();
      result &&= right;
    }
    return result;
  }

  #not(): boolean {
    if (this.#peek() === "!" && this.#at + 1 < this.#args.length && !BINARY.has(this.#peek(1) ?? "")) {
      this.#at++;
      return !this.#not();
    }
    return this.#primary();
  }

  #primary(): boolean {
    const first = this.#take();
    const operator = this.#peek();
    if (operator !== undefined && BINARY.has(operator) && this.#at + 1 < this.#args.length) {
      this.#at++;
      return compare(this.#process, first, operator, this.#take());
    }
    if (first === "(" && this.#args.includes(")")) {
      const inner = this.or();
      this.#at++;
      return inner;
    }
    if (UNARY.test(first) && operator !== undefined) return unary(this.#process, first, this.#take());
    return first !== "";
  }

  #peek(ahead = 0): string | undefined {
    return this.#args[this.#at + ahead];
  }

  #take(): string {
    const arg = this.#args[this.#at++];
    if (arg === undefined) throw new TestSyntaxError("argument expected");
    return arg;
  }
}

function integer(text: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new TestSyntaxError(`${text}: bad number`);
  return Number(text);
}

export function compare(process: Process, left: string, operator: string, right: string): boolean {
  switch (operator) {
    case "=":
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case ">":
      return left > right;
    case "-nt":
      return (statOf(process, left)?.mtimeMs ?? -1) > (statOf(process, right)?.mtimeMs ?? -1);
    case "-ot":
      return (statOf(process, left)?.mtimeMs ?? Infinity) < (statOf(process, right)?.mtimeMs ?? Infinity);
    case "-ef":
      return statOf(process, left)?.inode !== undefined && statOf(process, left)?.inode === statOf(process, right)?.inode;
    default: {
      const [a, b] = [integer(left), integer(right)];
      return { "-eq": a === b, "-ne": a !== b, "-lt": a < b, "-le": a <= b, "-gt": a > b, "-ge": a >= b }[operator] ?? false;
    }
  }
}

export function unary(process: Process, operator: string, operand: string): boolean {
  if (operator === "-z") return operand === "";
  if (operator === "-n") return operand !== "";
  if (operator === "-t") return process.terminal !== undefined;
  if (operator === "-L" || operator === "-h") return statOf(process, operand, false)?.type === "symlink";
  const stat = statOf(process, operand);
  if (!stat) return false;
  switch (operator) {
    case "-f":
      return stat.type === "file";
    case "-d":
      return stat.type === "directory";
    case "-s":
      return stat.size > 0;
    case "-c":
      return stat.type === "device";
    case "-p":
      return stat.type === "fifo";
    case "-x":
      return (stat.mode & 0o111) !== 0;
    case "-w":
      return process.uid === 0 || (stat.mode & 0o222) !== 0;
    case "-b":
    case "-S":
      return false;
    default:
      return true;
  }
}

function statOf(process: Process, path: string, follow = true): FileStat | undefined {
  const whole = process.path(path);
  if (follow) return process.fs.exists(whole) ? process.fs.stat(whole) : undefined;
  try {
    return process.fs.lstat(whole);
  } catch {
    // test asks; that it cannot be looked at is the answer.
    return undefined;
  }
}
