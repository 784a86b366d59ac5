import { findExecutable, type LoadedProgram, ProcessTable } from "../containers/process-table.ts";
import { type Process, type Program, SpawnError } from "../containers/process.ts";
import { fromShellPath, userFiles } from "../host/user-files.ts";
import { runHostProgram, type TerminalStreams } from "./host-program.ts";
import { COMMANDS_FOLDER } from "./user-filesystem.ts";

const HEAD_BYTES = 200;
const SHELLS = /^(?:.*\/)?(sh|bash|dash|ash)$/;
const OF_ANY_SYSTEM = /^(?:\/usr)?\/bin\/(sh|bash|dash|ash|env)$/;

/** The shell's own commands, and behind them the programs of the user's machine. */
export class ShellProcessTable extends ProcessTable {
  readonly #streams: TerminalStreams;

  constructor(programs: ReadonlyMap<string, Program>, streams: TerminalStreams) {
    super(programs);
    this.#streams = streams;
  }

  override load(
    process: Process,
    argv: readonly string[],
    env: ReadonlyMap<string, string> = process.env,
    cwd: string = process.cwd,
  ): LoadedProgram {
    const [command = "", ...args] = argv;
    // `-n kube-system get pods`: kubectl's flags may come first.
    if (command.startsWith("-")) return super.load(process, ["kubectl", ...argv], env, cwd);
    // Scripts run in this shell, where kubectl is this very program.
    const shell = OF_ANY_SYSTEM.exec(command)?.[1];
    if (shell !== undefined) return super.load(process, [`${COMMANDS_FOLDER}/${shell}`, ...args], env, cwd);
    const file = findExecutable(process, command, env.get("PATH") ?? "", cwd);
    if (file.startsWith(`${COMMANDS_FOLDER}/`)) {
      const asked = SHELLS.test(file) && args.length === 0 && process.stdin === this.#streams.input && this.#streams.onTerminal;
      return (asked ? this.#shellOfHost(process, argv, env) : undefined) ?? super.load(process, argv, env, cwd);
    }
    // What is found along the PATH is the machine's own, whatever it is written in.
    return command.includes("/") && isShellScript(fromShellPath(file)) ? super.load(process, argv, env, cwd) : this.#ofHost(file, argv);
  }

  /** Who types only `bash` wants the machine's own. */
  #shellOfHost(process: Process, argv: readonly string[], env: ReadonlyMap<string, string>): LoadedProgram | undefined {
    const folders = (env.get("PATH") ?? "").split(":").filter((folder) => folder !== COMMANDS_FOLDER);
    try {
      return this.#ofHost(findExecutable(process, argv[0] ?? "", folders.join(":"), process.cwd), argv);
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      return undefined;
    }
  }

  #ofHost(file: string, argv: readonly string[]): LoadedProgram {
    return { program: (process) => runHostProgram(process, fromShellPath(file), this.#streams), argv, flavor: "gnu" };
  }
}

function isShellScript(file: string): boolean {
  const head = userFiles.head(file, HEAD_BYTES).toString("latin1");
  const [, interpreter = "", argument = ""] = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(head) ?? [];
  if (interpreter.endsWith("/env")) return SHELLS.test(argument);
  return interpreter === "" ? !/[^\t\n\r\x20-\x7e\x80-\xff]/.test(head) : SHELLS.test(interpreter);
}
