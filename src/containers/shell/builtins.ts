import { commandMissing, replaceBy } from "./external-command.ts";
import { FileError } from "../filesystem.ts";
import { ExitError, type Process, SpawnError } from "../process.ts";
import { DEFAULT_PATH, findExecutable } from "../process-table.ts";
import { killProcesses } from "../programs/processes.ts";
import { evaluateArithmetic } from "./arithmetic.ts";
import { stderr, stdin, stdout } from "./io.ts";
import { FunctionReturn, LoopJump, ShellError } from "./shell-error.ts";
import type { Shell } from "./shell.ts";
import { evaluateTest } from "./test-expression.ts";
import { echoText, printfText } from "./text-format.ts";

import { findJob, foreground, jobs, trap, wait } from "./job-builtins.ts";
import { exportVariables, local, read, set, unset } from "./variable-builtins.ts";

export type Builtin = (shell: Shell, argv: readonly string[]) => number | Promise<number>;

/** Assignments before these stay, and their errors end a script. */
export const SPECIAL_BUILTINS: ReadonlySet<string> = new Set([
  ":",
  ".",
  "break",
  "continue",
  "eval",
  "exec",
  "exit",
  "export",
  "readonly",
  "return",
  "set",
  "shift",
  "trap",
  "unset",
]);

const number = (shell: Shell, text: string | undefined, fallback: number): number => {
  if (text === undefined) return fallback;
  if (!/^-?\d+$/.test(text))
    throw new ShellError(shell.flavor === "bash" ? `${text}: numeric argument required` : `Illegal number: ${text}`, 2, true);
  return Number(text) & 255;
};

async function cd(shell: Shell, argv: readonly string[]): Promise<number> {
  const operand = argv.slice(1).find((arg) => arg === "-" || !/^-[LPe]+$/.test(arg));
  const target = operand === "-" ? shell.get("OLDPWD") : (operand ?? shell.get("HOME"));
  if (target === undefined) throw new ShellError(`cd: ${operand === "-" ? "OLDPWD" : "HOME"} not set`);
  const { process } = shell;
  const path = process.path(target).replace(/(.)\/+$/, "$1");
  try {
    if (process.fs.stat(path).type !== "directory") throw new FileError("ENOTDIR", "Not a directory");
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const text =
      shell.flavor === "bash"
        ? `cd: ${target}: ${error.message}`
        : `cd: can't cd to ${target}${error.code === "ENOENT" && shell.flavor === "busybox" ? ": No such file or directory" : shell.flavor === "busybox" ? `: ${error.message}` : ""}`;
    await shell.complain(text);
    return shell.flavor === "dash" ? 2 : 1;
  }
  shell.set("OLDPWD", process.cwd);
  process.cwd = path;
  shell.set("PWD", path);
  if (operand === "-") await shell.write(`${path}\n`);
  return 0;
}

async function exec(shell: Shell, argv: readonly string[]): Promise<number> {
  const command = argv.slice(1);
  if (command[0] === "-a") command.splice(0, 2);
  if (command.length === 0) return 0;
  try {
    return await replaceBy(shell, command, shell.environment(), shell.io);
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    await shell.complain(
      `exec: ${shell.flavor === "busybox" ? "line 0: " : ""}${command[0]}: ${error.code === "EACCES" ? "Permission denied" : shell.flavor === "bash" ? "not found" : "not found"}`,
    );
    throw new ExitError(error.code === "EACCES" ? 126 : 127);
  }
}

async function dot(shell: Shell, argv: readonly string[]): Promise<number> {
  const [, name = "", ...parameters] = argv;
  const path = shell.process.path(name);
  let source: string;
  try {
    source = shell.process.fs.readFile(path).toString();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new ShellError(
      shell.flavor === "bash" ? `${name}: ${error.message}` : `.: can't open '${name}': ${error.message}`,
      2,
      shell.flavor !== "bash",
    );
  }
  const outer = shell.parameters;
  if (parameters.length > 0) shell.parameters = parameters;
  try {
    return await shell.runSource(source);
  } catch (error) {
    if (error instanceof FunctionReturn) return error.status;
    throw error;
  } finally {
    shell.parameters = outer;
  }
}

async function getopts(shell: Shell, argv: readonly string[]): Promise<number> {
  const [, spec = "", name = "", ...given] = argv;
  const args = given.length > 0 ? given : shell.parameters;
  const [indexText = "1", offsetText = "1"] = [shell.get("OPTIND"), shell.get("OPTOFS")].map((text) => text ?? undefined);
  let index = Number(indexText);
  let offset = Number(offsetText);
  const arg = args[index - 1];
  if (arg === undefined || !/^-./.test(arg) || arg === "--") {
    if (arg === "--") shell.set("OPTIND", String(index + 1));
    shell.set(name, "?");
    return 1;
  }
  const letter = arg[offset] ?? "";
  const at = spec.replace(/^:/, "").indexOf(letter);
  const takesValue = at >= 0 && spec.replace(/^:/, "")[at + 1] === ":";
  shell.variables.delete("OPTARG");
  let found = letter;
  if (at < 0 || letter === ":") {
    found = "?";
    if (spec.startsWith(":")) shell.set("OPTARG", letter);
    else await shell.complain(`illegal option -${letter}`.replace(/^/, shell.flavor === "bash" ? "" : ""));
  }
  offset++;
  if (takesValue) {
    const value = offset < arg.length ? arg.slice(offset) : args[index];
    if (offset >= arg.length) index++;
    offset = arg.length;
    if (value === undefined) {
      found = spec.startsWith(":") ? ":" : "?";
      if (spec.startsWith(":")) shell.set("OPTARG", letter);
      else await shell.complain(`option requires an argument -- ${letter}`);
    } else shell.set("OPTARG", value);
  }
  if (offset >= arg.length) {
    index++;
    offset = 1;
  }
  shell.set("OPTIND", String(index));
  shell.set("OPTOFS", String(offset));
  shell.set(name, found);
  return 0;
}

async function describe(shell: Shell, argv: readonly string[]): Promise<number> {
  const quiet = argv[0] === "command";
  const args = argv.slice(1);
  if (quiet && args[0] !== "-v" && args[0] !== "-V") {
    const body = args[0] === "-p" ? args.slice(1) : args;
    const builtin = BUILTINS.get(body[0] ?? "");
    if (builtin) return builtin(shell, body);
    return runCommand(shell, body);
  }
  let code = 0;
  for (const name of quiet ? args.slice(1) : args.filter((arg) => !arg.startsWith("-"))) {
    const found = shell.functions.has(name)
      ? quiet
        ? name
        : `${name} is a function`
      : BUILTINS.has(name)
        ? quiet
          ? name
          : `${name} is a shell builtin`
        : pathOf(shell, name, quiet);
    if (found === undefined) {
      code = quiet && shell.flavor !== "bash" ? 127 : 1;
      if (!quiet) await shell.writeError(`${name}: not found\n`);
    } else await shell.write(`${found}\n`);
  }
  return code;
}

function pathOf(shell: Shell, name: string, bare: boolean): string | undefined {
  try {
    const path = findExecutable(shell.process, name, shell.get("PATH") ?? DEFAULT_PATH, shell.process.cwd);
    return bare ? path : `${name} is ${path}`;
  } catch (error) {
    if (error instanceof SpawnError) return undefined;
    throw error;
  }
}

async function runCommand(shell: Shell, argv: readonly string[]): Promise<number> {
  try {
    const child: Process = shell.process.spawn({
      argv,
      env: shell.environment(),
      cwd: shell.process.cwd,
      stdin: stdin(shell.io),
      stdout: stdout(shell.io),
      stderr: stderr(shell.io),
    });
    return await shell.process.race(child.exited);
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    return commandMissing(shell, argv, error, shell.io);
  }
}

async function umask(shell: Shell, argv: readonly string[]): Promise<number> {
  const mode = argv.slice(1).find((arg) => !arg.startsWith("-"));
  if (mode === undefined) await shell.write(`${shell.umask.toString(8).padStart(4, "0")}\n`);
  else if (!/^[0-7]{1,4}$/.test(mode))
    throw new ShellError(
      shell.flavor === "bash" ? `umask: ${mode}: octal number out of range` : `umask: illegal mode: ${mode}`,
      shell.flavor === "bash" ? 1 : 2,
    );
  else shell.umask = Number.parseInt(mode, 8);
  return 0;
}

function shopt(shell: Shell, argv: readonly string[]): number {
  for (const name of argv.slice(2)) {
    if (argv[1] === "-s") shell.options.add(name);
    else if (argv[1] === "-u") shell.options.delete(name);
    else if (!shell.options.has(name)) return 1;
  }
  return 0;
}

const jump =
  (kind: "break" | "continue"): Builtin =>
  (shell, argv) => {
    if (shell.loopDepth === 0) return 0;
    throw new LoopJump(kind, Math.max(1, number(shell, argv[1], 1)));
  };

const testBuiltin: Builtin = (shell, argv) => {
  if (argv[0] !== "[") return evaluateTest(shell.process, argv.slice(1)) ? 0 : 1;
  if (argv.at(-1) !== "]") throw new ShellError("[: missing ]", 2);
  return evaluateTest(shell.process, argv.slice(1, -1)) ? 0 : 1;
};

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [":", () => 0],
  ["true", () => 0],
  ["false", () => 1],
  ["cd", cd],
  ["pwd", async (shell) => (await shell.write(`${shell.process.cwd}\n`), 0)],
  ["echo", async (shell, argv) => (await shell.write(echoText(argv.slice(1), shell.flavor === "dash")), 0)],
  [
    "printf",
    async (shell, argv) => {
      const args = argv[1] === "--" ? argv.slice(2) : argv.slice(1);
      if (args[0] === "-v") {
        shell.set(args[1] ?? "", printfText(args[2] ?? "", args.slice(3)));
        return 0;
      }
      await shell.write(printfText(args[0] ?? "", args.slice(1)));
      return 0;
    },
  ],
  ["test", testBuiltin],
  ["[", testBuiltin],
  [
    "exit",
    (shell, argv) => {
      throw new ExitError(number(shell, argv[1], shell.status));
    },
  ],
  [
    "return",
    (shell, argv) => {
      throw new FunctionReturn(number(shell, argv[1], shell.status));
    },
  ],
  ["break", jump("break")],
  ["continue", jump("continue")],
  ["export", exportVariables],
  ["readonly", exportVariables],
  ["local", local],
  ["declare", local],
  ["typeset", local],
  ["unset", unset],
  ["set", set],
  ["shopt", shopt],
  [
    "shift",
    (shell, argv) => {
      const count = number(shell, argv[1], 1);
      if (count > shell.parameters.length) {
        if (shell.flavor !== "bash") throw new ShellError("shift: can't shift that many", 2, shell.flavor === "dash");
        return 1;
      }
      shell.parameters = shell.parameters.slice(count);
      return 0;
    },
  ],
  ["eval", (shell, argv) => shell.runSource(argv.slice(1).join(" "))],
  [".", dot],
  ["source", dot],
  ["exec", exec],
  ["read", read],
  ["trap", trap],
  ["wait", wait],
  ["jobs", jobs],
  ["fg", foreground],
  ["bg", foreground],
  [
    "kill",
    (shell, argv) =>
      killProcesses(
        shell.process,
        argv.slice(1),
        (text) => shell.complain(`kill: ${text}`.replace("kill: can't", shell.flavor === "bash" ? "kill: can't" : "can't")),
        (name) => findJob(shell, name)?.process.pid,
      ),
  ],
  ["getopts", getopts],
  ["command", describe],
  ["type", describe],
  ["umask", umask],
  ["ulimit", async (shell) => (await shell.write("unlimited\n"), 0)],
  [
    "let",
    (shell, argv) => {
      let value = 0;
      for (const expression of argv.slice(1)) value = evaluateArithmetic(expression, shell.arithmetic);
      return value === 0 ? 1 : 0;
    },
  ],
  ["hash", () => 0],
  ["alias", () => 0],
  ["unalias", () => 0],
  ["times", async (shell) => (await shell.write("0m0.00s 0m0.00s\n0m0.00s 0m0.00s\n"), 0)],
]);
