/** A basic regular expression as a JavaScript one. */
export function basicRegExp(pattern: string, extended: boolean): string {
  const classes = pattern.replace(
    /\[:(\w+):\]/g,
    (_all, name: string) =>
      ({
        alpha: "A-Za-z",
        digit: "0-9",
        alnum: "A-Za-z0-9",
        space: "\\s",
        upper: "A-Z",
        lower: "a-z",
        punct: "!-/:-@\\[-`{-~",
        xdigit: "0-9A-Fa-f",
        blank: " \\t",
      })[name] ?? "",
  );
  return extended ? classes : classes.replace(/\\?[(){}|+?]/g, (token) => (token.startsWith("\\") ? token.slice(1) : `\\${token}`));
}
