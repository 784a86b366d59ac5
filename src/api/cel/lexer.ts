import type { CelIssue } from "./errors.ts";

export interface Token {
  readonly type: "identifier" | "quoted-identifier" | "int" | "uint" | "double" | "string" | "bytes" | "operator" | "end";
  readonly text: string;
  readonly at: number;
  /** What a literal stands for. */
  readonly value?: string | bigint | number | Uint8Array;
}

export class SyntaxIssue extends Error {
  readonly issue: CelIssue;

  constructor(at: number, message: string) {
    super(message);
    this.issue = { at, message };
  }
}

const SPACE = /(?:[\t\n\f\r ]+|\/\/[^\n]*)+/y;
const NUMBER = /(?:0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?)/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED_IDENTIFIER = /`[A-Za-z0-9_./ -]+`/y;
const OPERATOR = /==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}=]/y;
const STRING_START = /([bB][rR]?|[rR][bB]?)?("""|'''|"|')/y;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "`": "`",
  "?": "?",
};

export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  for (;;) {
    at += match(SPACE)?.[0].length ?? 0;
    if (at >= source.length) break;
    const token = stringToken(source, at, match(STRING_START)) ?? plainToken(at, match);
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ type: "end", text: "<EOF>", at: source.length });
  return tokens;

  function plainToken(start: number, found: (pattern: RegExp) => RegExpExecArray | null): Token {
    const number = found(NUMBER)?.[0];
    if (number !== undefined) return numberToken(number, start);
    const identifier = found(IDENTIFIER)?.[0];
    if (identifier !== undefined) return { type: "identifier", text: identifier, at: start };
    const quoted = found(QUOTED_IDENTIFIER)?.[0];
    if (quoted !== undefined) return { type: "quoted-identifier", text: quoted, at: start };
    const operator = found(OPERATOR)?.[0];
    if (operator !== undefined && operator !== "=") return { type: "operator", text: operator, at: start };
    throw new SyntaxIssue(start, `Syntax error: token recognition error at: '${source.slice(start, start + (operator === "=" ? 2 : 1))}'`);
  }
}

function numberToken(text: string, at: number): Token {
  if (/[uU]$/.test(text)) return { type: "uint", text, at, value: BigInt(text.slice(0, -1)) };
  if (/^0[xX]/.test(text) || /^\d+$/.test(text)) return { type: "int", text, at, value: BigInt(text) };
  return { type: "double", text, at, value: Number(text) };
}

function stringToken(source: string, at: number, start: RegExpExecArray | null): Token | undefined {
  if (!start) return undefined;
  const prefix = (start[1] ?? "").toLowerCase();
  const quote = start[2] ?? '"';
  const raw = prefix.includes("r");
  let end = at + start[0].length;
  for (;;) {
    if (end >= source.length || (quote.length === 1 && source[end] === "\n")) {
      throw new SyntaxIssue(at, `Syntax error: token recognition error at: '${source.slice(at, end)}'`);
    }
    if (source.startsWith(quote, end)) break;
    end += source[end] === "\\" && !raw ? 2 : 1;
  }
  const text = source.slice(at, end + quote.length);
  const body = source.slice(at + start[0].length, end);
  if (!prefix.includes("b")) return { type: "string", text, at, value: raw ? body : unescape(body, at) };
  return { type: "bytes", text, at, value: raw ? Buffer.from(body) : unescapeBytes(body, at) };
}

const ESCAPE = /\\(?:([abfnrtv\\'"`?])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]?))/g;

function unescape(body: string, at: number): string {
  return body.replace(ESCAPE, (_all, simple?: string, hex?: string, short?: string, long?: string, octal?: string) => {
    if (simple !== undefined) return SIMPLE_ESCAPES[simple] ?? simple;
    const code = hex ?? short ?? long;
    const point = code !== undefined ? Number.parseInt(code, 16) : octal !== undefined ? Number.parseInt(octal, 8) : Number.NaN;
    if (Number.isNaN(point) || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
      throw new SyntaxIssue(at, "unable to unescape string");
    return String.fromCodePoint(point);
  });
}

/** In bytes an escape is one octet, not a character. */
function unescapeBytes(body: string, at: number): Uint8Array {
  const parts: Buffer[] = [];
  let last = 0;
  for (const found of body.matchAll(ESCAPE)) {
    parts.push(Buffer.from(body.slice(last, found.index)));
    last = found.index + found[0].length;
    const octet =
      found[2] !== undefined ? Number.parseInt(found[2], 16) : found[5] !== undefined ? Number.parseInt(found[5], 8) : undefined;
    parts.push(octet === undefined ? Buffer.from(unescape(found[0], at)) : Buffer.from([octet]));
  }
  parts.push(Buffer.from(body.slice(last)));
  return new Uint8Array(Buffer.concat(parts));
}
