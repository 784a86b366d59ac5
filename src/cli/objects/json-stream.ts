/** Where and why a text is no JSON, as Go's scanner tells it: `invalid character '"' after object key:value pair`. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
}

/** The JSON values of a text that follow one another. Throws JsonSyntaxError in Go's words. */
export function parseJsonStream(text: string): unknown[] {
  const values: unknown[] = [];
  let start = skipBlanks(text, 0);
  while (start < text.length) {
    const end = scanValue(text, start, "looking for beginning of value");
    values.push(JSON.parse(text.slice(start, end)));
    start = skipBlanks(text, end);
  }
  return values;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (/[ \t\r\n]/.test(text[at] ?? "")) at++;
  return at;
}

const EOF = () => new JsonSyntaxError("unexpected EOF");

function unexpected(text: string, at: number, context: string): JsonSyntaxError {
  const char = text[at];
  if (char === undefined) return EOF();
  const shown = char === "'" ? `'\\''` : char === '"' ? `'"'` : `'${JSON.stringify(char).slice(1, -1)}'`;
  return new JsonSyntaxError(`json: offset ${Buffer.byteLength(text.slice(0, at + 1))}: invalid character ${shown} ${context}`);
}

/** Returns where the value ends. */
function scanValue(text: string, at: number, context: string): number {
  const char = text[at];
  if (char === "{") return scanObject(text, at);
  if (char === "[") return scanArray(text, at);
  if (char === '"') return scanString(text, at);
  const [word = ""] = /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|null)/.exec(text.slice(at, at + 400)) ?? [];
  if (word === "") throw unexpected(text, at, context);
  return at + word.length;
}

function scanString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\\") at++;
    else if (char === '"') return at + 1;
    else if (char < " ") throw unexpected(text, at, "in string literal");
  }
  throw EOF();
}

function scanObject(text: string, from: number): number {
  let at = skipBlanks(text, from + 1);
  if (text[at] === "}") return at + 1;
  for (let first = true; ; first = false) {
    if (text[at] !== '"')
      throw unexpected(text, at, first ? "looking for beginning of object key string" : "looking for beginning of object key string");
    at = skipBlanks(text, scanString(text, at));
    if (text[at] !== ":") throw unexpected(text, at, "after object key");
    at = skipBlanks(text, scanValue(text, skipBlanks(text, at + 1), "looking for beginning of value"));
    if (text[at] === "}") return at + 1;
    if (text[at] !== ",") throw unexpected(text, at, "after object key:value pair");
    at = skipBlanks(text, at + 1);
  }
}

function scanArray(text: string, from: number): number {
  let at = skipBlanks(text, from + 1);
  if (text[at] === "]") return at + 1;
  for (;;) {
    at = skipBlanks(text, scanValue(text, at, "looking for beginning of value"));
    if (text[at] === "]") return at + 1;
    if (text[at] !== ",") throw unexpected(text, at, "after array element");
    at = skipBlanks(text, at + 1);
  }
}
