import type { ShellFlavor } from "./shell-state.ts";
import type { Process } from "../process.ts";
import { FileError } from "../filesystem.ts";
import { readLine } from "../byte-pipe.ts";
import { accountName } from "../programs/support.ts";
import { reportEndedJobs } from "./job-builtins.ts";
import { ShellParser } from "./parser.ts";
import { Interrupted } from "./shell-error.ts";
import { runToExit, Shell } from "./shell.ts";
import { ShellSyntaxError } from "./syntax-error.ts";

/** sh, ash and bash: `-c`, a script, standard input, or a prompt under a terminal. */
async function runShell(process: Process): Promise<number> {
  const called = (process.argv[0] ?? "sh").split("/").at(-1)?.replace(/^-/, "") ?? "sh";
  const flavor = called === "bash" ? "bash" : process.flavor === "gnu" ? "dash" : "busybox";
  const args = process.argv.slice(1);
  const options = new Set<string>();
  let command: string | undefined;
  let interactive = false;
  while (args[0] !== undefined && /^[-+]./.test(args[0])) {
    const flag = args.shift() ?? "";
    if (flag === "--") break;
    if (flag === "--login" || flag === "--norc" || flag === "--noprofile" || flag === "--posix") continue;
    if (flag === "-o") {
      const name = args.shift() ?? "";
      options.add({ errexit: "e", nounset: "u", xtrace: "x" }[name] ?? name);
      continue;
    }
    for (const letter of flag.slice(1)) {
      if (letter === "c") command = "";
      else if (letter === "i") interactive = true;
      else if (letter === "o") options.add(args.shift() ?? "");
      else if (letter !== "l" && letter !== "s") options.add(letter);
    }
  }
  if (command !== undefined) {
    command = args.shift();
    if (command === undefined) {
      await process.printError(`${called}: -c requires an argument\n`);
      return 2;
    }
    const shell = makeShell(process, flavor, args.shift() ?? process.argv[0] ?? "sh", args, options);
    const source = command;
    shell.inline = true;
    return runToExit(shell, () => shell.runSource(source, { replace: true }));
  }
  const script = args.shift();
  if (script !== undefined) return runScript(process, flavor, script, args, options);
  const shell = makeShell(process, flavor, process.argv[0] ?? "sh", [], options);
  if (process.terminal || interactive) return runPrompt(shell);
  return runToExit(shell, () => runInput(shell));
}

function makeShell(
  process: Process,
  flavor: ShellFlavor,
  name: string,
  parameters: readonly string[],
  options: ReadonlySet<string>,
): Shell {
  const shell = new Shell(process, flavor, name);
  shell.parameters = [...parameters];
  for (const option of options) shell.options.add(option);
  return shell;
}

async function runScript(
  process: Process,
  flavor: ShellFlavor,
  script: string,
  args: readonly string[],
  options: ReadonlySet<string>,
): Promise<number> {
  let source: string;
  try {
    source = process.fs.readFile(process.path(script)).toString();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const name = process.argv[0] ?? "sh";
    await process.printError(
      flavor === "busybox"
        ? `${name}: can't open '${script}': ${error.message}\n`
        : flavor === "dash"
          ? `${name}: 0: cannot open ${script}: No such file\n`
          : `${name}: ${script}: ${error.message}\n`,
    );
    return flavor === "bash" ? 127 : 2;
  }
  const shell = makeShell(process, flavor, script, args, options);
  return runToExit(shell, () => shell.runSource(source));
}

/** Line by line from standard input, so that commands can read the rest of it. */
async function runInput(shell: Shell): Promise<number> {
  let pending = "";
  for (;;) {
    const line = await readLine(shell.process.stdin, shell.process.signal);
    if (!line) return pending === "" ? shell.status : shell.runSource(pending);
    pending += `${line.text}\n`;
    if (isIncomplete(pending)) continue;
    const source = pending;
    pending = "";
    await shell.runSource(source);
  }
}

/** Whether more lines are needed; here-documents run to their end. */
export function isIncomplete(source: string): boolean {
  if (/(?:^|[^\\])(?:\\\\)*\\\n$/.test(source)) return true;
  try {
    const parser = new ShellParser(source);
    while (parser.next());
    return parser.inHereDocument;
  } catch (error) {
    if (error instanceof ShellSyntaxError) return error.incomplete;
    throw error;
  }
}

async function runPrompt(shell: Shell): Promise<number> {
  const { process } = shell;
  shell.interactive = true;
  // A prompt outlives Ctrl-C and TERM.
  process.on(2, () => shell.signals.interrupt());
  process.on(15, "ignore");
  process.on(3, "ignore");
  return runToExit(shell, async () => {
    let pending = "";
    for (;;) {
      await reportEndedJobs(shell);
      try {
        await shell.writeError(prompt(shell, pending === "" ? "PS1" : "PS2"));
        const line = await typedLine(shell);
        if (line === undefined) {
          if (shell.flavor === "bash") await shell.writeError("exit\n");
          return shell.status;
        }
        pending += `${line}\n`;
        if (isIncomplete(pending)) continue;
        const source = pending;
        pending = "";
        await shell.runSource(source);
        // A Ctrl-C that only ended a child is over now.
        shell.signals.clearInterrupt();
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        shell.signals.clearInterrupt();
        shell.status = 130;
        pending = "";
      }
    }
  });
}

/** A line from the terminal; Ctrl-C at the prompt is an Interrupted. */
async function typedLine(shell: Shell): Promise<string | undefined> {
  const { process } = shell;
  const abort = new AbortController();
  const interrupted = shell.signals.next().then(() => abort.abort(new Interrupted("interrupted")));
  void interrupted;
  const line = await readLine(process.stdin, AbortSignal.any([process.signal, abort.signal]));
  if (line === undefined) return undefined;
  if (process.terminal === undefined && !line.terminated && line.text === "") return undefined;
  return line.text;
}

function prompt(shell: Shell, name: "PS1" | "PS2"): string {
  const { process } = shell;
  const home = shell.get("HOME") ?? "";
  const shown =
    home !== "" && home !== "/" && (process.cwd === home || process.cwd.startsWith(`${home}/`))
      ? `~${process.cwd.slice(home.length)}`
      : process.cwd;
  const text = shell.get(name) ?? "";
  if (shell.flavor === "dash" && text === "\\w \\$ ") return process.uid === 0 ? "# " : "$ ";
  return text.replace(/\\([wWuhHs$nv[\]])/g, (_all, code: string) => {
    switch (code) {
      case "w":
        return shown;
      case "W":
        return shown.slice(shown.lastIndexOf("/") + 1) || "/";
      case "u":
        return accountName(process, "/etc/passwd", process.uid);
      case "h":
      case "H":
        return process.machine.hostname;
      case "$":
        return process.uid === 0 ? "#" : "$";
      case "s":
        return shell.name;
      case "n":
        return "\n";
      default:
        return "";
    }
  });
}

export const SHELL = [{ names: ["sh", "ash", "bash", "dash"], run: runShell }];
