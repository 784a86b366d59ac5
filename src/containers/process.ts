import type { MemoryMeter } from "./memory-meter.ts";
import { UserFileSystem } from "./user-file-system.ts";
import type { NetworkNamespace } from "../network/network.ts";
import type { Clock } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";
import { BrokenPipeError, type ByteReader, type ByteWriter, readAll } from "./byte-pipe.ts";
import { FileError, type FileSystem } from "./filesystem.ts";
import { joinPath } from "./memory-filesystem.ts";
import { IGNORED_BY_DEFAULT, SIGNALS } from "./signals.ts";
import type { CpuMeter } from "./cpu-meter.ts";
import type { ProcessTable } from "./process-table.ts";
import type { Terminal } from "./terminal.ts";

/** Steps of long work before others get their turn. */
const STEPS_A_TURN = 100;

/** What a binary does. Resolves with the exit code. */
export type Program = (process: Process) => Promise<number>;

/** Ends a process from anywhere in its program. */
export class ExitError extends Error {
  override readonly name = "ExitError";
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The reason of a killed process's abort signal. */
export class KilledError extends Error {
  override readonly name = "KilledError";
}

/** A command that cannot be run: ENOENT 127, EACCES 126. */
export class SpawnError extends Error {
  override readonly name = "SpawnError";
  readonly code: "ENOENT" | "EACCES";
  constructor(code: "ENOENT" | "EACCES", message: string) {
    super(message);
    this.code = code;
  }
}

/** All that a process shares with its container. */
export interface Machine {
  readonly table: ProcessTable;
  readonly fs: FileSystem;
  readonly network: NetworkNamespace;
  readonly hostname: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly memory: MemoryMeter;
  readonly cpu: CpuMeter;
  /** For programs with a say outside their container: kindnet. */
  readonly hooks: MachineHooks;
}

export interface MachineHooks {
  /** These are the user's own files: the host says who may what. */
  readonly hostFiles?: boolean;
  readonly onCniReady?: (ready: boolean) => void;
  /** The simulated app that the image declares. */
  readonly app?: unknown;
  /** The node's tools. */
  readonly node?: unknown;
}

export interface SpawnOptions {
  readonly argv: readonly string[];
  readonly env?: ReadonlyMap<string, string>;
  readonly cwd?: string;
  readonly stdin?: ByteReader;
  readonly stdout?: ByteWriter;
  readonly stderr?: ByteWriter;
}

export interface ProcessConfig {
  readonly machine: Machine;
  readonly pid: number;
  readonly parentPid: number;
  readonly argv: readonly string[];
  readonly env: Map<string, string>;
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups?: readonly number[];
  readonly stdin: ByteReader;
  readonly stdout: ByteWriter;
  readonly stderr: ByteWriter;
  readonly terminal: Terminal | undefined;
  /** What dies together: a container's processes. */
  readonly group: object;
}

/** A simulated process. Killed ones stop at the next thing they wait for or write. */
export class Process {
  readonly machine: Machine;
  readonly pid: number;
  readonly parentPid: number;
  readonly startedAtMs: number;
  readonly env: Map<string, string>;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Root sees all files as they are. */
  readonly fs: FileSystem;
  readonly group: object;
  readonly terminal: Terminal | undefined;
  argv: readonly string[];
  cwd: string;
  stdin: ByteReader;
  stdout: ByteWriter;
  stderr: ByteWriter;
  /** Whose words its messages use: "busybox" or "gnu". */
  flavor = "busybox";
  exitCode: number | undefined;
  /** The signal that ended it, 0 for none. */
  endedBy = 0;
  readonly exited: Promise<number>;
  #resolveExit: (code: number) => void = () => {};
  #abort: AbortController | undefined;
  #handlers: Map<number, (() => void) | "ignore"> | undefined;
  #onExit: (() => void)[] | undefined;
  #steps = 0;
  /** When it last had to wait for something, or gave others their turn: since then it has been running. */
  #runsSinceMs: number | undefined;

  constructor(config: ProcessConfig) {
    this.machine = config.machine;
    this.pid = config.pid;
    this.parentPid = config.parentPid;
    this.argv = config.argv;
    this.env = config.env;
    this.cwd = config.cwd;
    this.uid = config.uid;
    this.gid = config.gid;
    this.groups = config.groups ?? [];
    this.fs = this.uid === 0 || config.machine.hooks.hostFiles ? config.machine.fs : new UserFileSystem(config.machine.fs, this);
    this.stdin = config.stdin;
    this.stdout = config.stdout;
    this.stderr = config.stderr;
    this.terminal = config.terminal;
    this.group = config.group;
    this.startedAtMs = config.machine.clock.now();
    this.exited = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
  }

  get network(): NetworkNamespace {
    return this.machine.network;
  }
  get clock(): Clock {
    return this.machine.clock;
  }
  get args(): readonly string[] {
    return this.argv.slice(1);
  }
  /** Aborted when the process has ended. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.exitCode !== undefined && !this.#abort.signal.aborted) this.#abort.abort(new KilledError("killed"));
    return this.#abort.signal;
  }

  /** Runs the program to its end. */
  run(program: Program): void {
    void this.#main(program);
  }

  /** execve: another program goes on in this process. */
  become(argv: readonly string[]): Promise<number> {
    const loaded = this.machine.table.load(this, argv);
    this.argv = loaded.argv;
    this.flavor = loaded.flavor;
    if (this.#handlers) for (const [signal, handler] of this.#handlers) if (handler !== "ignore") this.#handlers.delete(signal);
    return loaded.program(this);
  }

  /** fork and exec. Throws a SpawnError. */
  spawn(options: SpawnOptions): Process {
    return this.machine.table.spawn(this, options);
  }

  /** fork: the same program's code goes on in a child, as a subshell does. */
  fork(program: Program, options: Omit<SpawnOptions, "argv"> = {}): Process {
    return this.machine.table.fork(this, program, options);
  }

  on(signal: number, handler: (() => void) | "ignore" | "default"): void {
    this.#handlers ??= new Map();
    if (handler === "default") this.#handlers.delete(signal);
    else this.#handlers.set(signal, handler);
  }

  /** Delivers a signal; `outside`: from the node, not from a process of this PID namespace. */
  kill(signal: number, outside = false): void {
    if (this.exitCode !== undefined || signal === 0) return;
    const first = this.pid === 1;
    if (signal === SIGNALS["KILL"]) {
      if (!first || outside) this.end(128 + signal, signal);
      return;
    }
    const handler = this.#handlers?.get(signal);
    if (handler === "ignore") return;
    if (handler) handler();
    // The kernel drops signals that process 1 of a namespace has no handler for.
    else if (!first && !IGNORED_BY_DEFAULT.has(signal)) this.end(128 + signal, signal);
  }

  /** The process is over, now. */
  end(code: number, signal = 0): void {
    if (this.exitCode !== undefined) return;
    this.exitCode = code & 255;
    this.endedBy = signal;
    this.#abort?.abort(new KilledError("killed"));
    for (const callback of this.#onExit ?? []) callback();
    this.machine.table.ended(this);
    this.#resolveExit(this.exitCode);
  }

  /** Frees what the process held: listeners, files. */
  onExit(callback: () => void): void {
    if (this.exitCode !== undefined) callback();
    else (this.#onExit ??= []).push(callback);
  }

  exit(code: number): never {
    throw new ExitError(code);
  }

  print(text: string | Uint8Array): void | Promise<void> {
    return this.write(this.stdout, text);
  }

  printError(text: string | Uint8Array): void | Promise<void> {
    return this.write(this.stderr, text);
  }

  write(writer: ByteWriter, text: string | Uint8Array): void | Promise<void> {
    if (this.exitCode !== undefined) throw new KilledError("killed");
    const waiting = writer.write(typeof text === "string" ? Buffer.from(text) : Buffer.from(text));
    return waiting instanceof Promise ? this.race(waiting) : undefined;
  }

  read(): Promise<Buffer | undefined> {
    this.#runsSinceMs = undefined;
    return this.stdin.read(this.signal);
  }

  async readAllInput(): Promise<string> {
    return (await readAll(this.stdin, this.signal)).toString();
  }

  sleep(delayMs: number): Promise<void> {
    this.#runsSinceMs = undefined;
    return this.clock.sleep(delayMs, this.signal);
  }

  /** Waits for another promise, but no longer than this process lives. */
  race<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    this.#runsSinceMs = undefined;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const abort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", abort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }

  /** Runs until it is killed: what a server does after it has begun to listen. Holds no timer. */
  untilKilled(): Promise<never> {
    return new Promise(() => {});
  }

  /** Long work calls this at every step: others get their turn, and a kill takes effect. */
  async checkpoint(): Promise<void> {
    if (this.exitCode !== undefined) throw new KilledError("killed");
    if (++this.#steps % STEPS_A_TURN === 0) await this.#turn();
    if (this.exitCode !== undefined) throw new KilledError("killed");
  }

  /** Who did not wait for anything since the last turn has had a core for itself all the time. */
  async #turn(): Promise<void> {
    const sinceMs = this.#runsSinceMs;
    const nowMs = this.clock.now();
    if (sinceMs !== undefined && nowMs > sinceMs) this.machine.cpu.charge(nowMs - sinceMs, sinceMs);
    this.#runsSinceMs = nowMs;
    await this.clock.yield();
  }

  /** A path as the process means it. */
  path(path: string): string {
    const whole = path.startsWith("/") ? path : joinPath(this.cwd, path);
    return path.endsWith("/") && whole !== "/" && !whole.endsWith("/") ? `${whole}/` : whole;
  }

  async #main(program: Program): Promise<void> {
    try {
      this.end(await program(this));
    } catch (error) {
      if (this.exitCode !== undefined) return;
      if (error instanceof ExitError) this.end(error.code);
      else if (error instanceof BrokenPipeError) this.end(128 + 13, 13);
      else {
        try {
          void this.printError(
            `${this.argv[0]}: ${error instanceof FileError || error instanceof SpawnError ? error.message : String(error instanceof Error ? error.message : error)}\n`,
          );
        } catch {
          // Its stderr is closed too; there is nobody to tell.
        }
        this.end(1);
      }
    }
  }
}
