const cache = new Map<string, RegExp>();

/** A shell pattern as a regular expression's source; a backslash takes a character's meaning away. */
function patternSource(pattern: string, many: string): string {
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? "";
    if (char === "\\") source += escapeRegExp(pattern[++at] ?? "\\");
    else if (char === "*") source += many;
    else if (char === "?") source += many === "[^/]*" ? "[^/]" : "[^]";
    else if (char === "[") {
      const set = /^\[([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]/.exec(pattern.slice(at));
      if (!set) {
        source += "\\[";
        continue;
      }
      const classes: Record<string, string> = {
        alpha: "A-Za-z",
        digit: "0-9",
        alnum: "A-Za-z0-9",
        upper: "A-Z",
        lower: "a-z",
        space: "\\s",
        punct: "!-\\/:-@\\[-`{-~",
        xdigit: "0-9A-Fa-f",
        blank: " \\t",
      };
      const body = (set[2] ?? "").replace(/\[:(\w+):\]|([[\]^])/g, (_all, name: string | undefined, special: string | undefined) =>
        name ? (classes[name] ?? "") : `\\${special}`,
      );
      source += `[${set[1] ? "^" : ""}${body}]`;
      at += set[0].length - 1;
    } else source += escapeRegExp(char);
  }
  return source;
}

export const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** Whether the whole text fits the pattern. */
export function matchesPattern(text: string, pattern: string): boolean {
  return compiled(pattern, "[^]*").test(text);
}

/** The same for one name of a path: `*` does not cross a slash. */
export function namePattern(pattern: string): RegExp {
  return compiled(pattern, "[^/]*");
}

function compiled(pattern: string, many: string): RegExp {
  const key = `${many}${pattern}`;
  let known = cache.get(key);
  if (!known) {
    if (cache.size > 500) cache.clear();
    known = new RegExp(`^${patternSource(pattern, many)}$`);
    cache.set(key, known);
  }
  return known;
}

/** ${x#p} ${x##p} ${x%p} ${x%%p} */
export function trimPattern(text: string, operator: string, pattern: string): string {
  const lengths = Array.from({ length: text.length + 1 }, (_, index) => index);
  if (operator === "##" || operator === "%%") lengths.reverse();
  for (const length of lengths) {
    const front = operator.startsWith("#");
    const part = front ? text.slice(0, length) : text.slice(text.length - length);
    if (matchesPattern(part, pattern)) return front ? text.slice(length) : text.slice(0, text.length - length);
  }
  return text;
}

/** ${x/p/r} ${x//p/r} ${x/#p/r} ${x/%p/r} */
export function replacePattern(text: string, operator: string, pattern: string, replacement: string): string {
  if (pattern === "") return text;
  const source = patternSource(pattern, "[^]*");
  const anchored = operator === "/#" ? `^(?:${source})` : operator === "/%" ? `(?:${source})$` : source;
  return text.replace(new RegExp(anchored, operator === "//" ? "g" : ""), () => replacement);
}

export const hasGlob = (pattern: string) => /(^|[^\\])(\\\\)*[*?[]/.test(pattern);
export const unescapePattern = (pattern: string) => pattern.replace(/\\([^])/g, "$1");
