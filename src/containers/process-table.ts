import { NULL_READER, NULL_WRITER, type ByteReader, type ByteWriter } from "./byte-pipe.ts";
import { SPAWN_CPU_MS } from "./cpu-meter.ts";
import { FileError, fileError } from "./filesystem.ts";
import { joinPath } from "./memory-filesystem.ts";
import { type Machine, Process, type Program, SpawnError, type SpawnOptions } from "./process.ts";
import type { Terminal } from "./terminal.ts";

export interface LoadedProgram {
  readonly program: Program;
  readonly argv: readonly string[];
  readonly flavor: string;
}

const ELF_MAGIC = "\x7fELF kubesim ";
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The bytes of an executable file that runs one of PROGRAMS. */
export function executable(program: string, flavor = "busybox"): Buffer {
  return Buffer.from(`${ELF_MAGIC}${program} ${flavor}\n`);
}

export interface InitOptions {
  readonly machine: Machine;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly uid: number;
  readonly groups?: readonly number[];
  readonly gid: number;
  readonly stdin?: ByteReader;
  readonly stdout?: ByteWriter;
  readonly stderr?: ByteWriter;
  readonly terminal?: Terminal | undefined;
  /** Undefined: a new group, whose leader takes all others along when it ends. */
  readonly group?: object | undefined;
}

/** A PID namespace. */
export class ProcessTable {
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #processes = new Map<number, Process>();
  readonly #leaders = new WeakMap<object, Process>();
  #nextPid = 1;

  constructor(programs: ReadonlyMap<string, Program>) {
    this.#programs = programs;
  }

  get(pid: number): Process | undefined {
    return this.#processes.get(pid);
  }

  all(): Process[] {
    return [...this.#processes.values()].sort((a, b) => a.pid - b.pid);
  }

  /** Starts a process from outside: the entry point or an exec. Throws a SpawnError. */
  start(options: InitOptions): Process {
    const group = options.group ?? {};
    const process = new Process({
      machine: options.machine,
      pid: this.#nextPid++,
      parentPid: 0,
      argv: options.argv,
      env: new Map(options.env),
      cwd: options.cwd,
      uid: options.uid,
      gid: options.gid,
      groups: options.groups ?? [],
      stdin: options.stdin ?? NULL_READER,
      stdout: options.stdout ?? NULL_WRITER,
      stderr: options.stderr ?? NULL_WRITER,
      terminal: options.terminal,
      group,
    });
    const loaded = this.load(process, options.argv);
    process.argv = loaded.argv;
    process.flavor = loaded.flavor;
    if (options.group === undefined) this.#leaders.set(group, process);
    this.#processes.set(process.pid, process);
    process.run(loaded.program);
    return process;
  }

  spawn(parent: Process, options: SpawnOptions): Process {
    const loaded = this.load(parent, options.argv, options.env, options.cwd);
    const child = this.#child(parent, loaded.argv, options);
    child.flavor = loaded.flavor;
    child.run(loaded.program);
    return child;
  }

  fork(parent: Process, program: Program, options: Omit<SpawnOptions, "argv">): Process {
    const child = this.#child(parent, parent.argv, options);
    child.flavor = parent.flavor;
    child.run(program);
    return child;
  }

  /** Called by a process that has ended. */
  ended(process: Process): void {
    this.#processes.delete(process.pid);
    const takesAll = process.pid === 1;
    const leads = this.#leaders.get(process.group) === process;
    if (!takesAll && !leads) return;
    for (const other of this.all()) if (takesAll || other.group === process.group) other.end(128 + 9, 9);
  }

  /** Finds the program of a command. Throws a SpawnError. */
  load(
    process: Process,
    argv: readonly string[],
    env: ReadonlyMap<string, string> = process.env,
    cwd: string = process.cwd,
  ): LoadedProgram {
    const command = argv[0] ?? "";
    const path = findExecutable(process, command, env.get("PATH") ?? DEFAULT_PATH, cwd);
    const text = process.fs.readFile(path).toString("latin1");
    if (text.startsWith(ELF_MAGIC)) {
      const [name = "", flavor = "busybox"] = text.slice(ELF_MAGIC.length).trim().split(" ");
      const program = this.#programs.get(name);
      if (!program) throw new SpawnError("EACCES", `${command}: Exec format error`);
      return { program, argv, flavor };
    }
    const shebang = /^#!\s*(\S+)(?:[ \t]+(\S.*))?/.exec(text);
    const interpreter = shebang?.[1] ?? "/bin/sh";
    if (!shebang && /[^\t\n\r\x20-\x7e\x80-\xff]/.test(text.slice(0, 200))) throw new SpawnError("EACCES", `${command}: Exec format error`);
    return this.load(process, [interpreter, ...(shebang?.[2] ? [shebang[2].trim()] : []), path, ...argv.slice(1)], env, cwd);
  }

  #child(parent: Process, argv: readonly string[], options: Omit<SpawnOptions, "argv">): Process {
    parent.machine.cpu.charge(SPAWN_CPU_MS);
    const child = new Process({
      machine: parent.machine,
      pid: this.#nextPid++,
      parentPid: parent.pid,
      argv,
      env: new Map(options.env ?? parent.env),
      cwd: options.cwd ?? parent.cwd,
      uid: parent.uid,
      gid: parent.gid,
      groups: parent.groups,
      stdin: options.stdin ?? parent.stdin,
      stdout: options.stdout ?? parent.stdout,
      stderr: options.stderr ?? parent.stderr,
      terminal: parent.terminal,
      group: parent.group,
    });
    this.#processes.set(child.pid, child);
    return child;
  }
}

/** Looks a command up along PATH. Throws a SpawnError. */
export function findExecutable(process: Pick<Process, "fs">, command: string, searchPath: string, cwd: string): string {
  const candidates = command.includes("/")
    ? [joinPath(cwd, command)]
    : searchPath.split(":").map((directory) => `${directory === "" ? cwd : directory}/${command}`);
  let denied = false;
  for (const candidate of candidates) {
    try {
      const stat = process.fs.stat(candidate);
      if (stat.type === "file" && (stat.mode & 0o111) !== 0) return candidate;
      denied ||= stat.type === "file" || command.includes("/");
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
  }
  if (denied) throw new SpawnError("EACCES", fileError("EACCES").message);
  throw new SpawnError("ENOENT", command.includes("/") ? fileError("ENOENT").message : "not found");
}
