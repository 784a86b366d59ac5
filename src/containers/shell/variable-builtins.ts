import { readLine } from "../byte-pipe.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { stdin } from "./io.ts";
import { ShellError } from "./shell-error.ts";
import type { Shell } from "./shell.ts";

const OPTIONS: Readonly<Record<string, string>> = {
  errexit: "e",
  nounset: "u",
  xtrace: "x",
  noglob: "f",
  noclobber: "C",
  allexport: "a",
  pipefail: "pipefail",
  verbose: "v",
  noexec: "n",
  monitor: "m",
  emacs: "emacs",
  vi: "vi",
  errtrace: "E",
  posix: "posix",
};

export async function set(shell: Shell, argv: readonly string[]): Promise<number> {
  const args = argv.slice(1);
  if (args.length === 0) {
    await shell.write(
      [...shell.variables]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { value }]) => `${name}='${value ?? ""}'\n`)
        .join(""),
    );
    return 0;
  }
  for (let arg = args[0]; arg !== undefined; arg = args[0]) {
    if (arg === "--" || arg === "-") {
      shell.parameters = args.slice(1);
      return 0;
    }
    if (!/^[-+]./.test(arg)) {
      shell.parameters = [...args];
      return 0;
    }
    args.shift();
    const letters = arg.slice(1);
    const names = letters.endsWith("o") ? [...letters.slice(0, -1), OPTIONS[args.shift() ?? ""] ?? ""] : [...letters];
    for (const name of names.filter((each) => each !== "")) {
      if (arg.startsWith("-")) shell.options.add(name);
      else shell.options.delete(name);
    }
  }
  return 0;
}

export async function exportVariables(shell: Shell, argv: readonly string[]): Promise<number> {
  const readOnly = argv[0] === "readonly";
  const operands = argv.slice(1).filter((arg) => !/^-[pnf]$/.test(arg));
  if (operands.length === 0) {
    for (const [name, variable] of shell.variables)
      if (readOnly ? variable.readOnly : variable.exported)
        await shell.write(
          `${readOnly ? "readonly" : shell.flavor === "bash" ? "declare -x" : "export"} ${name}='${variable.value ?? ""}'\n`,
        );
    return 0;
  }
  for (const operand of operands) {
    const equals = operand.indexOf("=");
    const name = equals < 0 ? operand : operand.slice(0, equals);
    checkName(shell, argv[0] ?? "", name);
    if (equals >= 0) shell.set(name, operand.slice(equals + 1));
    const variable = shell.variables.get(name) ?? { value: undefined, exported: false, readOnly: false };
    shell.variables.set(name, { ...variable, ...(readOnly ? { readOnly: true } : { exported: !argv.includes("-n") }) });
  }
  return 0;
}

function checkName(shell: Shell, command: string, name: string): void {
  if (/^[A-Za-z_]\w*$/.test(name)) return;
  throw new ShellError(
    shell.flavor === "bash" ? `${command}: \`${name}': not a valid identifier` : `${command}: ${name}: bad variable name`,
    shell.flavor === "bash" ? 1 : 2,
    shell.flavor !== "bash",
  );
}

export function local(shell: Shell, argv: readonly string[]): number {
  const scope = shell.locals.at(-1);
  if (!scope && argv[0] === "local")
    throw new ShellError(shell.flavor === "bash" ? "local: can only be used in a function" : "local: not in a function", 1);
  const flags = argv
    .slice(1)
    .filter((arg) => arg.startsWith("-"))
    .join("");
  for (const operand of argv.slice(1).filter((arg) => !arg.startsWith("-"))) {
    const equals = operand.indexOf("=");
    const name = equals < 0 ? operand : operand.slice(0, equals);
    const before = shell.variables.get(name);
    if (scope && !scope.has(name)) scope.set(name, before ? { ...before } : undefined);
    if (scope) shell.variables.set(name, { value: undefined, exported: before?.exported ?? false, readOnly: false });
    if (equals >= 0)
      shell.set(
        name,
        flags.includes("i") ? String(evaluateArithmetic(operand.slice(equals + 1), shell.arithmetic)) : operand.slice(equals + 1),
      );
    else if (/[aA]/.test(flags)) shell.setArray(name, [], false);
    const variable = shell.variables.get(name) ?? { value: undefined, exported: false, readOnly: false };
    shell.variables.set(name, { ...variable, exported: variable.exported || flags.includes("x"), readOnly: flags.includes("r") });
  }
  return 0;
}

export function unset(shell: Shell, argv: readonly string[]): number {
  for (const name of argv.slice(1)) {
    if (name === "-f" || name === "-v") continue;
    if (argv[1] === "-f") shell.functions.delete(name);
    else {
      if (shell.variables.get(name)?.readOnly) throw new ShellError(`${name}: is read only`, 2, true);
      const element = /^(\w+)\[(.+)\]$/.exec(name);
      if (element) shell.variables.get(element[1] ?? "")?.array?.delete(element[2] ?? "");
      else if (!shell.variables.delete(name)) shell.functions.delete(name);
    }
  }
  return 0;
}

export async function read(shell: Shell, argv: readonly string[]): Promise<number> {
  const names: string[] = [];
  let raw = false;
  let timeoutMs: number | undefined;
  let array = false;
  let length: number | undefined;
  const args = argv.slice(1);
  for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
    if (/^-[rsa]+$/.test(arg)) {
      raw ||= arg.includes("r");
      array ||= arg.includes("a");
    } else if (arg.startsWith("-p")) await shell.writeError(arg.slice(2) || (args.shift() ?? ""));
    else if (arg.startsWith("-t")) timeoutMs = Number(arg.slice(2) || args.shift()) * 1000;
    else if (/^-[nN]/.test(arg)) length = Number(arg.slice(2) || args.shift());
    else if (arg.startsWith("-d")) {
      if (arg.length === 2) args.shift();
    } else if (/^-r./.test(arg)) raw = true;
    else names.push(arg);
  }
  let text = "";
  let terminated = false;
  for (;;) {
    const line = await readWithin(shell, timeoutMs);
    if (!line) break;
    terminated = line.terminated;
    if (length !== undefined && line.text.length >= length) {
      stdin(shell.io).unread(Buffer.from(`${line.text.slice(length)}${terminated ? "\n" : ""}`));
      text = line.text.slice(0, length);
      terminated = true;
      break;
    }
    if (!raw && terminated && /(^|[^\\])(\\\\)*\\$/.test(line.text)) {
      text += line.text.slice(0, -1);
      continue;
    }
    text += line.text;
    break;
  }
  if (!raw) text = text.replace(/\\([^])/g, "$1");
  assignFields(shell, text, names.length > 0 ? names : ["REPLY"], names.length === 0, array);
  return terminated ? 0 : 1;
}

async function readWithin(shell: Shell, timeoutMs: number | undefined): Promise<{ text: string; terminated: boolean } | undefined> {
  const { process } = shell;
  if (timeoutMs === undefined) return readLine(stdin(shell.io), process.signal);
  const abort = new AbortController();
  const timer = process.clock.after(timeoutMs, () => abort.abort());
  try {
    return await readLine(stdin(shell.io), AbortSignal.any([process.signal, abort.signal]));
  } catch (error) {
    if (abort.signal.aborted && process.exitCode === undefined) return undefined;
    throw error;
  } finally {
    timer.cancel();
  }
}

function assignFields(shell: Shell, text: string, names: readonly string[], whole: boolean, array: boolean): void {
  const separators = shell.get("IFS") ?? " \t\n";
  const isWhite = (char: string | undefined) => char !== undefined && separators.includes(char) && /\s/.test(char);
  let rest = text;
  const trim = () => {
    while (rest !== "" && isWhite(rest[0])) rest = rest.slice(1);
  };
  if (array) {
    shell.setArray(
      names[0] ?? "REPLY",
      rest.split(new RegExp(`[${separators.replace(/[\]\\^-]/g, "\\$&")}]+`)).filter((piece) => piece !== ""),
      false,
    );
    return;
  }
  for (const [index, name] of names.entries()) {
    if (!whole) trim();
    if (index === names.length - 1) {
      if (!whole) while (rest !== "" && isWhite(rest.at(-1))) rest = rest.slice(0, -1);
      shell.set(name, rest);
      return;
    }
    const end = [...rest].findIndex((char) => separators.includes(char));
    shell.set(name, end < 0 ? rest : rest.slice(0, end));
    rest = end < 0 ? "" : rest.slice(isWhite(rest[end]) ? end : end + 1);
  }
}
