import { CpuMeter } from "../containers/cpu-meter.ts";
import { MemoryMeter } from "../containers/memory-meter.ts";
import { ExitError, type Machine, type Process } from "../containers/process.ts";
import { reportEndedJobs } from "../containers/shell/job-builtins.ts";
import { Interrupted } from "../containers/shell/shell-error.ts";
import { Shell } from "../containers/shell/shell.ts";
import * as host from "../host/cli-host.ts";
import { hostTerminal } from "../host/cli-prompt.ts";
import { HostClock } from "../host/host-clock.ts";
import { fromShellPath, toShellPath } from "../host/user-files.ts";
import type { NetworkNamespace } from "../network/network.ts";
import { createNetwork } from "../network/virtual-network.ts";
import { SeededRng } from "../util/rng.ts";
import { type CommandSource, editedCommands, PlainCommands } from "./command-source.ts";
import type { Completion } from "./line-editor/line-editor.ts";
import { PRELUDE } from "./prelude.ts";
import { shellPrograms, type ShellVocabulary } from "./programs.ts";
import { ShellProcessTable } from "./shell-process-table.ts";
import { StandardInput } from "./standard-input.ts";
import { COMMANDS_FOLDER, UserFileSystem } from "./user-filesystem.ts";

const SIGINT = 2;

export interface InteractiveShellOptions extends ShellVocabulary {
  /** Candidates for the end of a line. */
  complete(line: string): Promise<Completion>;
  prompt(): Promise<string>;
  /** Told of each command before it runs. */
  ran?(source: string): void;
}

/** Reads commands and runs them until `exit` or the end of the input. Resolves with the exit code of the last. */
export function runInteractiveShell(options: InteractiveShellOptions): Promise<number> {
  const onTerminal = host.isTerminal("in");
  const input = new StandardInput(onTerminal);
  const canEdit = onTerminal && host.isTerminal("out") && host.environment("TERM") !== "dumb";
  const commands = canEdit
    ? editedCommands({ terminal: hostTerminal, history: options.history, complete: (line) => options.complete(line) })
    : new PlainCommands(input, onTerminal ? host.writeOut : undefined);
  let background: (process: Process) => boolean = () => false;
  const streams = {
    input,
    output: { write: (data: Buffer) => host.writeOut(data) },
    errors: { write: (data: Buffer) => host.writeErr(data) },
    onTerminal,
    isBackground: (process: Process) => background(process),
  };
  const { programs, commands: names } = shellPrograms(streams, options);
  return new Promise((resolve) => {
    const main = async (process: Process) => {
      const shell = new Shell(process, "bash", "kubesim");
      shell.interactive = onTerminal;
      background = (other) => isBelowAJob(other, shell);
      const status = await new Session(shell, options).run(commands);
      resolve(status);
      return status;
    };
    const table = new ShellProcessTable(new Map([...programs, ["kubesim-shell", main]]), streams);
    table.start({
      machine: machineWith(table, new UserFileSystem(new Map([...names, ["kubesim-shell", "kubesim-shell"]]))),
      argv: ["kubesim-shell"],
      env: new Map([...host.environmentVariables(), ["PATH", searchPath()]]),
      cwd: toShellPath(host.workingFolder()),
      uid: 1000,
      gid: 1000,
      stdin: streams.input,
      stdout: streams.output,
      stderr: streams.errors,
    });
  });
}

/** The shell's own commands come first. Windows parts its folders otherwise: there are only the shell's own. */
const searchPath = () => (host.platform().startsWith("windows") ? COMMANDS_FOLDER : [COMMANDS_FOLDER, ...host.pathFolders()].join(":"));

function machineWith(table: ShellProcessTable, fs: UserFileSystem): Machine {
  const clock = new HostClock();
  const rng = new SeededRng(host.nowMs() % 2 ** 31);
  return {
    table,
    fs,
    network: emptyNetwork(clock, rng),
    hostname: "localhost",
    clock,
    rng,
    memory: new MemoryMeter(0),
    cpu: new CpuMeter(clock, 0),
    hooks: { hostFiles: true },
  };
}

/** The programs here are for files; what talks to the cluster is kubectl. */
function emptyNetwork(clock: HostClock, rng: SeededRng): NetworkNamespace {
  const network = createNetwork({ clock, rng, dnsServiceIp: "127.0.0.1" });
  network.addNode({ name: "localhost", ip: "127.0.0.1", podCIDR: "127.0.0.0/8" });
  return network.nodeNamespace("localhost");
}

/** Whether a process belongs to what was started with `&`. */
function isBelowAJob(process: Process, shell: Shell): boolean {
  for (let each: Process | undefined = process; each !== undefined; each = each.machine.table.get(each.parentPid))
    if (shell.jobs.some((job) => job.process === each)) return true;
  return false;
}

/** One command after the other. */
class Session {
  readonly #shell: Shell;
  readonly #options: InteractiveShellOptions;
  #linesRead = 0;

  constructor(shell: Shell, options: InteractiveShellOptions) {
    this.#shell = shell;
    this.#options = options;
  }

  async run(commands: CommandSource): Promise<number> {
    const shell = this.#shell;
    await shell.runSource(PRELUDE);
    for (;;) {
      if (shell.interactive) await reportEndedJobs(shell);
      this.#goAlong();
      const source = await commands.next(() => this.#options.prompt());
      if (source === undefined) return shell.status;
      if (source === null) shell.status = 128 + SIGINT;
      else if (source.trim() !== "") {
        this.#options.ran?.(source.trimEnd());
        const ended = await this.#runOne(source);
        if (ended !== undefined) return ended;
      }
      this.#linesRead += (source ?? "").split("\n").length - 1;
    }
  }

  /** The prompt and the completion look at the folder and the variables that the commands have. */
  #goAlong(): void {
    const environment = this.#shell.environment();
    environment.set(
      "PATH",
      (environment.get("PATH") ?? "")
        .split(":")
        .filter((folder) => folder !== COMMANDS_FOLDER)
        .join(":"),
    );
    host.goAlong(fromShellPath(this.#shell.process.cwd), environment);
  }

  /** Runs one command; Ctrl-C ends it and what it has started, not the shell. Resolves with an exit code when it was `exit`. */
  async #runOne(source: string): Promise<number | undefined> {
    const shell = this.#shell;
    const { process } = shell;
    let interrupted = false;
    const stopListening = host.onInterrupt(() => {
      interrupted = true;
      for (const other of process.machine.table.all()) if (other !== process && !isBelowAJob(other, shell)) other.kill(SIGINT);
      shell.signals.interrupt();
    });
    try {
      // In a script, messages tell the line.
      await shell.runSource(shell.interactive ? source : "\n".repeat(this.#linesRead) + source);
      return undefined;
    } catch (error) {
      if (error instanceof ExitError) return error.code;
      if (!(error instanceof Interrupted)) throw error;
      return undefined;
    } finally {
      stopListening();
      shell.signals.clearInterrupt();
      if (interrupted) shell.status = 128 + SIGINT;
    }
  }
}
