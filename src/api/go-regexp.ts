/**
 * Go's regular expressions (RE2) as JavaScript's. What RE2 does not know, such as look-around and back references, is refused, so
 * that V8 can fall back to its linear engine (see src/host/daemon-process.ts): no pattern takes exponential time.
 * Upstream: regexp/syntax/parse.go
 */
export class GoRegexpError extends Error {
  override readonly name = "GoRegexpError";

  constructor(problem: string, part: string) {
    super(`error parsing regexp: ${problem}: \`${part}\``);
  }
}

const REPEAT_MAX = 1000;
const CACHE_MAX = 1024;
const CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};
// The Unicode classes that are seen in the wild, without the flag that V8's linear engine cannot do.
const UNICODE: Readonly<Record<string, string>> = {
  L: "A-Za-z\\u00AA\\u00B5\\u00BA\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02C1\\u0370-\\u037D\\u037F-\\u0481\\u048A-\\u052F\\u0531-\\u0556\\u0561-\\u0587\\u05D0-\\u05EA\\u0620-\\u064A\\u0904-\\u0939\\u3041-\\u3096\\u30A1-\\u30FA\\u4E00-\\u9FFF\\uAC00-\\uD7A3",
  Lu: "A-Z\\u00C0-\\u00D6\\u00D8-\\u00DE\\u0391-\\u03A9\\u0410-\\u042F",
  Ll: "a-z\\u00DF-\\u00F6\\u00F8-\\u00FF\\u03B1-\\u03C9\\u0430-\\u044F",
  N: "0-9\\u00B2\\u00B3\\u00B9\\u00BC-\\u00BE\\u0660-\\u0669\\u0966-\\u096F",
  Nd: "0-9\\u0660-\\u0669\\u0966-\\u096F",
  P: "!-#%-*,-\\/:;?@\\[-\\]_{}\\u00A1\\u00A7\\u00AB\\u00B6\\u00B7\\u00BB\\u00BF\\u2010-\\u2027",
  S: "$+<->^`|~\\u00A2-\\u00A9\\u00AC\\u00AE-\\u00B1\\u00B4\\u00D7\\u00F7",
  Z: " \\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000",
  Greek: "\\u0370-\\u03FF",
  Cyrillic: "\\u0400-\\u052F",
  Han: "\\u4E00-\\u9FFF",
  Latin: "A-Za-z\\u00AA\\u00BA\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02B8",
};
const cache = new Map<string, RegExp>();

/** Throws GoRegexpError with Go's words. The result is global: matchAll works, `test` must not be used without resetting lastIndex. */
export function compileGoRegexp(pattern: string): RegExp {
  const known = cache.get(pattern);
  if (known) {
    known.lastIndex = 0;
    return known;
  }
  const compiled = build(pattern);
  if (cache.size >= CACHE_MAX) cache.clear();
  cache.set(pattern, compiled);
  return compiled;
}

function build(pattern: string): RegExp {
  const translated = new Translator(pattern).translate();
  try {
    return new RegExp(translated, "g");
  } catch (error) {
    // What only JavaScript refuses, such as two groups of one name: Go does too, in words of its own.
    throw new GoRegexpError("invalid regexp", error instanceof Error ? error.message : pattern);
  }
}

/** Whether the pattern is found anywhere in the text. */
export function matchesGoRegexp(pattern: string, text: string): boolean {
  return compileGoRegexp(pattern).test(text);
}

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
  readonly swapGreed: boolean;
}

class Translator {
  readonly #pattern: string;
  #at = 0;
  #flags: Flags = { ignoreCase: false, dotAll: false, multiline: false, swapGreed: false };

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  translate(): string {
    const result = this.#alternatives();
    if (this.#at < this.#pattern.length) throw new GoRegexpError("unexpected )", this.#pattern);
    return result;
  }

  #alternatives(): string {
    const before = this.#flags;
    let result = "";
    let repeatable = "";
    for (; this.#at < this.#pattern.length && this.#pattern[this.#at] !== ")";) {
      const start = this.#at;
      const character = this.#pattern[start] ?? "";
      if (character === "|") {
        result += repeatable + this.#take("|");
        repeatable = "";
        continue;
      }
      const repeat = this.#repetition();
      if (repeat !== undefined) {
        if (repeatable === "") throw new GoRegexpError("missing argument to repetition operator", this.#pattern.slice(start, this.#at));
        result += repeatable + repeat;
        repeatable = "";
        const next = this.#at;
        const again = this.#repetition();
        if (again !== undefined) throw new GoRegexpError("invalid nested repetition operator", this.#pattern.slice(start, this.#at));
        this.#at = next;
        continue;
      }
      result += repeatable;
      repeatable = this.#atom();
    }
    this.#flags = before;
    return result + repeatable;
  }

  #take(text: string): string {
    this.#at += text.length;
    return text;
  }

  #repetition(): string | undefined {
    const rest = this.#pattern.slice(this.#at, this.#at + 20);
    const match = /^(?:[*+?]|\{(\d+)(,(\d*))?\})/.exec(rest);
    if (!match) return undefined;
    const minimum = Number(match[1] ?? 0);
    const maximum = Number(match[3] || minimum);
    if (minimum > REPEAT_MAX || maximum > REPEAT_MAX || (match[3] && maximum < minimum))
      throw new GoRegexpError("invalid repeat count", match[0]);
    this.#take(match[0]);
    const lazy = this.#pattern[this.#at] === "?" ? this.#take("?") !== "" : false;
    return match[0] + (lazy !== this.#flags.swapGreed ? "?" : "");
  }

  #atom(): string {
    const character = this.#pattern[this.#at] ?? "";
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case "\\":
        return this.#escape(false);
      case ".":
        this.#at++;
        return this.#flags.dotAll ? "[^]" : "[^\\n]";
      case "^":
        this.#at++;
        return this.#flags.multiline ? "(?:^|(?<=\\n))" : "^";
      case "$":
        this.#at++;
        return this.#flags.multiline ? "(?=\\n|$)" : "$";
      default:
        this.#at++;
        return this.#letter(character);
    }
  }

  #letter(character: string): string {
    if (this.#flags.ignoreCase && /[a-z]/i.test(character)) return `[${character.toLowerCase()}${character.toUpperCase()}]`;
    return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
  }

  #group(): string {
    const start = this.#at;
    const rest = this.#pattern.slice(start);
    const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
    const flags = /^\(\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
    const outer = this.#flags;
    if (named) this.#take(named[0]);
    else if (flags) {
      this.#take(flags[0]);
      this.#flags = withFlags(this.#flags, flags[1] ?? "", flags[2] ?? "");
      // Flags alone hold to the end of the group they are in.
      if (flags[3] === ")") return "";
    } else if (rest.startsWith("(?"))
      throw new GoRegexpError("invalid or unsupported Perl syntax", /^\(\?(?:P?<?[=!]?)?/.exec(rest)?.[0] ?? "(?");
    else this.#take("(");
    const inner = this.#alternatives();
    this.#flags = outer;
    if (this.#pattern[this.#at] !== ")") throw new GoRegexpError("missing closing )", this.#pattern);
    this.#at++;
    return `${named ? `(?<${named[1]}>` : flags ? "(?:" : "("}${inner})`;
  }

  #escape(inClass: boolean): string {
    const rest = this.#pattern.slice(this.#at);
    const quoted = /^\\Q([\s\S]*?)(?:\\E|$)/.exec(rest);
    if (quoted && !inClass) {
      this.#take(quoted[0]);
      return (
        Array.from(quoted[1] ?? "")
          .map((character) => this.#letter(character))
          .join("") || "(?:)"
      );
    }
    const unicode = /^\\([pP])(?:\{(\^?)(\w+)\}|(\w))/.exec(rest);
    if (unicode) {
      const set = UNICODE[unicode[3] ?? unicode[4] ?? ""];
      if (!set) throw new GoRegexpError("invalid character class range", unicode[0]);
      this.#take(unicode[0]);
      const negated = (unicode[1] === "P") !== (unicode[2] === "^");
      return inClass && !negated ? set : `[${negated ? "^" : ""}${set}]`;
    }
    const hex = /^\\x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/.exec(rest);
    if (hex) {
      this.#take(hex[0]);
      return unicodeEscape(Number.parseInt(hex[1] ?? hex[2] ?? "0", 16));
    }
    const next = rest[1];
    if (next === undefined) throw new GoRegexpError("trailing backslash at end of expression", "");
    this.#take(rest.slice(0, 2));
    if ("dDwWsSfnrtv".includes(next))
      return next === "s" ? (inClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]") : next === "S" && !inClass ? "[^\\t\\n\\f\\r ]" : `\\${next}`;
    if (next === "a") return "\\x07";
    if (!inClass && (next === "b" || next === "B")) return `\\${next}`;
    if (!inClass && next === "A") return "^";
    if (!inClass && next === "z") return "$";
    if (/^0[0-7]{0,2}/.test(rest.slice(1))) return "\\x00";
    if (/[A-Za-z0-9]/.test(next)) throw new GoRegexpError("invalid escape sequence", rest.slice(0, 2));
    return inClass ? `\\${next}` : this.#letter(next);
  }

  #class(): string {
    const start = this.#at;
    let result = this.#take("[");
    if (this.#pattern[this.#at] === "^") result += this.#take("^");
    for (let first = true; first || this.#pattern[this.#at] !== "]"; first = false) {
      if (this.#at >= this.#pattern.length) throw new GoRegexpError("missing closing ]", this.#pattern.slice(start));
      result += this.#classItem();
    }
    this.#at++;
    return `${result}]`;
  }

  #classItem(): string {
    const rest = this.#pattern.slice(this.#at);
    const posix = /^\[:(\^?)(\w+):\]/.exec(rest);
    if (posix) {
      const set = CLASSES[posix[2] ?? ""];
      if (!set || posix[1]) throw new GoRegexpError("invalid character class range", posix[0]);
      this.#take(posix[0]);
      return set;
    }
    const from = this.#classCharacter();
    if (this.#pattern[this.#at] !== "-" || this.#pattern[this.#at + 1] === "]" || this.#at + 1 >= this.#pattern.length)
      return this.#anyCase(from);
    const rangeStart = this.#at;
    this.#at++;
    const to = this.#classCharacter();
    if (from.length === 1 && to.length === 1 && from > to)
      throw new GoRegexpError("invalid character class range", `${from}${this.#pattern.slice(rangeStart, this.#at)}`);
    const both = `${from}-${to}`;
    if (!this.#flags.ignoreCase || !/^(?:[a-z]-[a-z]|[A-Z]-[A-Z])$/.test(both)) return both;
    return both.toLowerCase() + both.toUpperCase();
  }

  #classCharacter(): string {
    const character = this.#pattern[this.#at] ?? "";
    if (character === "\\") return this.#escape(true);
    this.#at++;
    return /[[\]^\\]/.test(character) ? `\\${character}` : character;
  }

  #anyCase(item: string): string {
    return this.#flags.ignoreCase && /^[a-z]$/i.test(item) ? item.toLowerCase() + item.toUpperCase() : item;
  }
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const value = (letter: string, before: boolean) => (off.includes(letter) ? false : on.includes(letter) || before);
  return {
    ignoreCase: value("i", flags.ignoreCase),
    dotAll: value("s", flags.dotAll),
    multiline: value("m", flags.multiline),
    swapGreed: value("U", flags.swapGreed),
  };
}

function unicodeEscape(point: number): string {
  return Array.from(String.fromCodePoint(point), (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  ).join("");
}
