const SIMPLE: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\\": "\\" };

const invalid = () => new Error("invalid syntax");

/** A Go string literal, with its quotes. Upstream: strconv.Unquote */
export function unquote(literal: string): string {
  const text = literal.slice(1, -1);
  if (literal.startsWith("`")) return text.replaceAll("\r", "");
  const bytes: Buffer[] = [];
  for (let at = 0; at < text.length;) {
    const { code, length, isByte } = escapedAt(text, at, '"');
    bytes.push(isByte ? Buffer.from([code]) : Buffer.from(String.fromCodePoint(code)));
    at += length;
  }
  return Buffer.concat(bytes).toString("utf8");
}

/** The code of a character constant, with its quotes. */
export function unquoteRune(literal: string): number {
  const text = literal.slice(1);
  const { code, length } = escapedAt(text, 0, "'");
  if (text.slice(length) !== "'") throw new Error(`malformed character constant: ${literal}`);
  return code;
}

interface Character {
  readonly code: number;
  readonly length: number;
  /** `\xff` and `\377` mean bytes, all others characters. */
  readonly isByte?: boolean;
}

/** Upstream: strconv.UnquoteChar */
function escapedAt(text: string, at: number, quote: string): Character {
  const first = text[at] ?? "";
  if (first === quote || first === "") throw invalid();
  if (first !== "\\") {
    const code = text.codePointAt(at) ?? 0;
    return { code, length: code > 0xffff ? 2 : 1 };
  }
  const kind = text[at + 1] ?? "";
  const simple = kind === quote ? quote : SIMPLE[kind];
  if (simple !== undefined) return { code: simple.charCodeAt(0), length: 2 };
  const rest = text.slice(at + 1);
  const [, octal] = /^([0-7]{3})/.exec(rest) ?? [];
  if (octal !== undefined && Number.parseInt(octal, 8) < 256) return { code: Number.parseInt(octal, 8), length: 4, isByte: true };
  const [, hex] = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/.exec(rest)?.filter((part) => part !== undefined) ?? [];
  const code = Number.parseInt(hex ?? "", 16);
  if (hex === undefined || code > 0x10_ffff || (code >= 0xd800 && code < 0xe000 && kind !== "x")) throw invalid();
  return { code, length: 2 + hex.length, isByte: kind === "x" };
}
