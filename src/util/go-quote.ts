const NAMED: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** Letters, marks, numbers, punctuation, symbols and the blank. Upstream: strconv.IsPrint */
export const isPrintable = (char: string): boolean => char === " " || !/[\p{C}\p{Z}]/u.test(char);

/** Go's %q: double quotes, the usual escapes, printable characters as they are, or only those of ASCII. */
export function goQuote(text: string, asciiOnly = false): string {
  let out = '"';
  for (const char of text) out += escaped(char, '"', asciiOnly);
  return `${out}"`;
}

/** Go's %q of a character. */
export const goQuoteRune = (char: string, asciiOnly = false): string => `'${escaped(char, "'", asciiOnly)}'`;

/** `U+0041 'A'` */
export function goUnicode(char: string): string {
  const hex = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `U+${hex}${isPrintable(char) ? ` '${char}'` : ""}`;
}

function escaped(char: string, quote: string, asciiOnly: boolean): string {
  if (char === quote) return `\\${char}`;
  const named = NAMED[char];
  if (named !== undefined) return named;
  const code = char.codePointAt(0) ?? 0;
  if (isPrintable(char) && !(asciiOnly && code > 0x7e)) return char;
  const hex = code.toString(16);
  if (code < 0x20 || code === 0x7f) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x1_0000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
