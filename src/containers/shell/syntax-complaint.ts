import type { Shell } from "./shell.ts";
import type { ShellSyntaxError } from "./syntax-error.ts";

/** A script that cannot be parsed, in the words of each shell. */
export function complainOfSyntax(shell: Shell, error: ShellSyntaxError, line: number, source: string): void | Promise<void> {
  const { message } = error;
  const expecting = / \(expecting .*\)$/.exec(message)?.[0] ?? "";
  const token = /^unexpected "([^"]*)"/.exec(message)?.[1] ?? (message.startsWith("unexpected newline") ? "newline" : undefined);
  if (shell.flavor === "busybox") return shell.complain(`syntax error: ${message}`);
  const end = message.startsWith("unexpected end of file");
  const open = message === "unterminated quoted string";
  if (shell.flavor === "dash") {
    const text = end
      ? `end of file unexpected${expecting}`
      : token !== undefined
        ? `${token === "newline" ? token : `"${token}"`} unexpected${expecting}`
        : message.startsWith("unexpected word")
          ? `word unexpected${expecting}`
          : message.replace(/^./, (first) => first.toUpperCase());
    return shell.writeError(`${shell.name}: ${shell.interactive ? "" : `${line}: `}Syntax error: ${text}\n`);
  }
  const where = shell.interactive ? shell.name : `${shell.name}:${shell.inline ? " -c:" : ""} line ${line}`;
  if (open) {
    const quote = (source.split("'").length - 1) % 2 === 1 ? "'" : '"';
    return shell.writeError(`${where}: unexpected EOF while looking for matching \`${quote}'\n`);
  }
  if (end)
    return shell.writeError(
      `${shell.interactive ? shell.name : `${shell.name}:${shell.inline ? " -c:" : ""} line ${line + (source.endsWith("\n") ? 0 : 1)}`}: syntax error: unexpected end of file\n`,
    );
  const text = source.split("\n")[line - 1] ?? "";
  return shell.writeError(
    `${where}: syntax error near unexpected token \`${
      token ??
      (/word/.test(message)
        ? (text
            .trim()
            .split(/[\s()]+/)
            .at(-1) ?? "")
        : message)
    }'\n${shell.interactive ? "" : `${where}: \`${text}'\n`}`,
  );
}
