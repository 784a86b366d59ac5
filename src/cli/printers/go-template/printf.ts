import { formatValue, noFlags, type FormatFlags } from "./format.ts";
import { goKind, goType, integerOf } from "./values.ts";

/** Blanks only between values that are both no text. */
export function sprint(args: readonly unknown[]): string {
  const isText = (value: unknown) => typeof value === "string";
  return args.map((value, index) => (index > 0 && !isText(value) && !isText(args[index - 1]) ? " " : "") + plainText(value)).join("");
}

export const sprintln = (args: readonly unknown[]): string => `${args.map(plainText).join(" ")}\n`;

/** Upstream: fmt/print.go doPrintf */
export const sprintf = (format: string, args: readonly unknown[]): string => new Printf(format, args).run();

export const plainText = (value: unknown): string => formatValue(value, "v", noFlags());

// Widths, precisions and argument numbers beyond are taken for mistakes.
const TOO_LARGE = 1_000_000;

class Printf {
  readonly #format: string;
  readonly #args: readonly unknown[];
  #at = 0;
  #next = 0;
  #reordered = false;
  #goodIndex = true;
  #afterIndex = false;
  #out = "";

  constructor(format: string, args: readonly unknown[]) {
    this.#format = format;
    this.#args = args;
  }

  run(): string {
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf("%", this.#at);
      this.#out += this.#format.slice(this.#at, percent < 0 ? undefined : percent);
      if (percent < 0) break;
      this.#at = percent + 1;
      if (!this.#directive()) break;
    }
    const rest = this.#args.slice(this.#next);
    if (this.#reordered || rest.length === 0) return this.#out;
    const extra = rest.map((value) => (value === null || value === undefined ? "<nil>" : `${goType(value)}=${plainText(value)}`));
    return `${this.#out}%!(EXTRA ${extra.join(", ")})`;
  }

  /** False when the format ends before the verb. */
  #directive(): boolean {
    const flags = noFlags();
    this.#goodIndex = true;
    this.#afterIndex = false;
    this.#simpleFlags(flags);
    this.#argumentNumber();
    this.#width(flags);
    this.#precision(flags);
    if (!this.#afterIndex) this.#argumentNumber();
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) {
      this.#out += "%!(NOVERB)";
      return false;
    }
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    if (verb === "%") this.#out += "%";
    else if (!this.#goodIndex) this.#out += `%!${verb}(BADINDEX)`;
    else if (this.#next >= this.#args.length) this.#out += `%!${verb}(MISSING)`;
    else this.#out += formatValue(this.#args[this.#next++], verb, verb === "v" || verb === "w" ? goSyntax(flags) : flags);
    return true;
  }

  #simpleFlags(flags: FormatFlags): void {
    for (; ; this.#at++) {
      switch (this.#format[this.#at]) {
        case "#":
          flags.sharp = true;
          break;
        case "0":
          flags.zero = true;
          break;
        case "+":
          flags.plus = true;
          break;
        case "-":
          flags.minus = true;
          break;
        case " ":
          flags.space = true;
          break;
        default:
          return;
      }
    }
  }

  #width(flags: FormatFlags): void {
    if (this.#format[this.#at] === "*") {
      this.#at++;
      const width = this.#integerArgument();
      if (width === undefined) this.#out += "%!(BADWIDTH)";
      if (width !== undefined && width < 0) Object.assign(flags, { minus: true, zero: false });
      flags.width = width === undefined ? undefined : Math.abs(width);
      this.#afterIndex = false;
      return;
    }
    flags.width = this.#number();
    if (this.#afterIndex && flags.width !== undefined) this.#goodIndex = false;
  }

  #precision(flags: FormatFlags): void {
    if (this.#format[this.#at] !== "." || this.#at + 1 >= this.#format.length) return;
    this.#at++;
    if (this.#afterIndex) this.#goodIndex = false;
    this.#argumentNumber();
    if (this.#format[this.#at] === "*") {
      this.#at++;
      const precision = this.#integerArgument();
      flags.precision = precision !== undefined && precision >= 0 ? precision : undefined;
      if (flags.precision === undefined) this.#out += "%!(BADPREC)";
      this.#afterIndex = false;
    } else flags.precision = this.#number() ?? 0;
  }

  #number(): number | undefined {
    const [digits] = /^\d+/.exec(this.#format.slice(this.#at)) ?? [];
    if (digits === undefined) return undefined;
    this.#at += digits.length;
    if (Number(digits.slice(0, -1)) <= TOO_LARGE) return Number(digits);
    this.#at = this.#format.length;
    return undefined;
  }

  /** `%[2]d` */
  #argumentNumber(): void {
    this.#afterIndex = false;
    if (this.#format[this.#at] !== "[") return;
    this.#reordered = true;
    const close = this.#format.length - this.#at < 3 ? -1 : this.#format.indexOf("]", this.#at);
    const text = close < 0 ? "" : this.#format.slice(this.#at + 1, close);
    this.#at = close < 0 ? this.#at + 1 : close + 1;
    this.#afterIndex = /^\d+$/.test(text);
    const index = Number(text) - 1;
    if (this.#afterIndex && index >= 0 && index < this.#args.length) this.#next = index;
    else this.#goodIndex = false;
  }

  #integerArgument(): number | undefined {
    if (this.#next >= this.#args.length) return undefined;
    const value = this.#args[this.#next++];
    const kind = goKind(value);
    if (kind !== "int" && kind !== "uint") return undefined;
    const number = Number(integerOf(value));
    return Math.abs(number) > TOO_LARGE ? undefined : number;
  }
}

/** `%#v` and `%+v` mean other things than the flags alone. */
const goSyntax = (flags: FormatFlags): FormatFlags => ({ ...flags, sharp: false, sharpV: flags.sharp, plus: false });
