/** One problem the compiler found. `at` counts code units from the start of the expression. */
export interface CelIssue {
  readonly at: number;
  readonly message: string;
}

/** The expression does not compile. The message is what kubectl shows upstream. */
export class CelCompileError extends Error {
  override readonly name = "CelCompileError";

  constructor(expression: string, issues: readonly CelIssue[]) {
    super(`compilation failed: ${issues.map((issue) => renderIssue(expression, issue)).join("\n")}`);
  }
}

/** The expression failed while it was evaluated: `no such key: foo`. */
export class CelError extends Error {
  override readonly name: string = "CelError";
}

/** The expression used up what it may cost: upstream gives no second chance in the same request. */
export class CelCostError extends CelError {
  override readonly name: string = "CelCostError";

  constructor() {
    super("operation cancelled: actual cost limit exceeded");
  }
}

/** Upstream: cel-go common/error.go ToDisplayString */
function renderIssue(expression: string, issue: CelIssue): string {
  if (issue.at < 0) return `ERROR: <input>:-1:0: ${issue.message}`;
  const before = expression.slice(0, issue.at).split("\n");
  const column = Array.from(before.at(-1) ?? "").length;
  const line = expression.split("\n")[before.length - 1] ?? "";
  const characters = Array.from(line.replaceAll("\t", " "));
  const dots = characters
    .slice(0, column)
    .map((character) => (isWide(character) ? "\uFF0E" : "."))
    .join("");
  const mark = isWide(characters[column] ?? "") ? "\uFF3E" : "^";
  return `ERROR: <input>:${before.length}:${column + 1}: ${issue.message}\n | ${characters.join("")}\n | ${dots}${mark}`;
}

const isWide = (character: string) => (character.codePointAt(0) ?? 0) > 127;
