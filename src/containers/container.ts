import { SIGNALS } from "./signals.ts";
import { MemoryMeter } from "./memory-meter.ts";
import { CpuMeter } from "./cpu-meter.ts";
import type { FileSystem, MeasuredFileSystem, Mount } from "./filesystem.ts";
import type { TaggedImage } from "./images.ts";
import { kernelMounts, sandboxFiles } from "./live-files.ts";
import type { FrozenTree } from "./inode.ts";
import { createMemoryFileSystem } from "./memory-filesystem.ts";
import { MountedFileSystem } from "./mounted-filesystem.ts";
import { BytePipe, type ByteWriter } from "./byte-pipe.ts";
import { LogBuffer } from "./container-log.ts";
import { type Machine, type MachineHooks, type Process, SpawnError } from "./process.ts";
import type { ProcessTable } from "./process-table.ts";
import { DEFAULT_PATH } from "./process-table.ts";
import { type ContainerConfig, ContainerError, type ContainerInfo } from "./runtime.ts";
import type { Sandbox } from "./sandbox.ts";
import { Terminal } from "./terminal.ts";
import type { Clock } from "../util/clock.ts";
import type { Rng } from "../util/rng.ts";

export interface ContainerParts {
  readonly id: string;
  readonly pid: number;
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  readonly image: TaggedImage;
  readonly tree: FrozenTree;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly table: ProcessTable;
  readonly hooks: Omit<MachineHooks, "app">;
}

const ACCOUNTS: Readonly<Record<string, number>> = {
  root: 0,
  nonroot: 65532,
  curl_user: 100,
  nobody: 65534,
  nginx: 101,
  redis: 999,
  node: 1000,
};

/** One container of a node. */
export class Container {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  readonly image: TaggedImage;
  readonly log: LogBuffer;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly machine: Machine;
  /** What it wrote over its image. */
  readonly layer: MeasuredFileSystem;
  readonly uid: number;
  readonly gid: number;
  readonly input: BytePipe | undefined;
  /** Attached clients. */
  readonly listeners = new Set<{ readonly stdout: ByteWriter; readonly stderr: ByteWriter }>();
  readonly terminal: Terminal | undefined;
  process: Process | undefined;
  #state: ContainerInfo["state"] = "created";
  readonly #createdAtMs: number;
  #startedAtMs = 0;
  #finishedAtMs = 0;
  #exit = { exitCode: 0, signal: 0, reason: "", message: "" };
  readonly #pid: number;
  #info: ContainerInfo | undefined;
  #isOutOfMemory = false;

  constructor(parts: ContainerParts) {
    const { sandbox, config, image, clock } = parts;
    this.id = parts.id;
    this.#pid = parts.pid;
    this.sandbox = sandbox;
    this.config = config;
    this.image = image;
    this.#createdAtMs = clock.now();
    this.log = new LogBuffer(() => clock.now());
    this.argv = entryPoint(config, image);
    this.uid = config.runAsUser ?? userId(image.image.user);
    this.gid = config.runAsGroup ?? (config.runAsUser === undefined ? this.uid : 0);
    this.cwd = config.workingDir ?? (image.image.workingDir || "/");
    this.env = environment(config, image, sandbox.hostname, this.uid);
    this.layer = createMemoryFileSystem({ base: parts.tree, now: () => clock.now() });
    this.machine = makeMachine(parts, this.layer, () => this.#runOutOfMemory());
    const output: ByteWriter = { write: (data) => this.#output("stdout", data) };
    this.terminal = config.tty ? new Terminal(output, (signal) => this.#signalForeground(signal)) : undefined;
    this.input = this.terminal?.input ?? (config.stdin ? new BytePipe() : undefined);
    const { fs } = this.machine;
    if (!fs.exists(this.cwd)) fs.mkdir(this.cwd, { recursive: true });
  }

  get state(): ContainerInfo["state"] {
    return this.#state;
  }

  get info(): ContainerInfo {
    this.#info ??= {
      id: this.id,
      sandboxId: this.sandbox.id,
      podUid: this.sandbox.uid,
      podName: this.sandbox.name,
      podNamespace: this.sandbox.namespace,
      name: this.config.name,
      image: this.image.info.name,
      imageId: this.image.info.repoDigest,
      attempt: this.config.attempt,
      state: this.#state,
      createdAtMs: this.#createdAtMs,
      startedAtMs: this.#startedAtMs,
      finishedAtMs: this.#finishedAtMs,
      ...this.#exit,
      commandLine: this.argv.join(" "),
      pid: this.#state === "running" ? this.#pid : 0,
      fileSystem: this.machine.fs,
    };
    return this.#info;
  }

  /** Throws a ContainerError "StartError". */
  start(onExit: (container: Container) => void): void {
    const out = (stream: "stdout" | "stderr"): ByteWriter => this.terminal ?? { write: (data) => this.#output(stream, data) };
    try {
      this.process = this.machine.table.start({
        machine: this.machine,
        argv: this.argv,
        env: this.env,
        cwd: this.cwd,
        uid: this.uid,
        gid: this.gid,
        groups: this.config.supplementalGroups,
        ...(this.input ? { stdin: this.input } : {}),
        stdout: out("stdout"),
        stderr: out("stderr"),
        terminal: this.terminal,
      });
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      const message = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${execProblem(this.argv[0] ?? "", error)}`;
      this.#finish({ exitCode: 128, signal: 0, reason: "StartError", message });
      onExit(this);
      throw new ContainerError("StartError", message, 128);
    }
    const { process } = this;
    this.#state = "running";
    this.#startedAtMs = this.machine.clock.now();
    this.#info = undefined;
    process.onExit(() => {
      const code = process.exitCode ?? 0;
      const reason = this.#isOutOfMemory ? "OOMKilled" : code === 0 ? "Completed" : "Error";
      this.#finish({ exitCode: code, signal: process.endedBy, reason, message: "" });
    });
    void process.exited.then(() => onExit(this));
  }

  /** Writes to the log and to who is attached. */
  #output(stream: "stdout" | "stderr", data: Buffer): void | Promise<void> {
    void this.log.writer(stream).write(data);
    if (this.listeners.size === 0) return undefined;
    const waiting = [...this.listeners].map((listener) => listener[stream].write(data)).filter((result) => result instanceof Promise);
    return waiting.length > 0 ? Promise.all(waiting).then(() => {}) : undefined;
  }

  #signalForeground(signal: number): void {
    for (const process of this.machine.table.all()) if (process.terminal === this.terminal) process.kill(signal);
  }

  /** The kernel kills all of a container's processes at once. */
  #runOutOfMemory(): void {
    this.#isOutOfMemory = true;
    for (const process of this.machine.table.all()) if (process.machine === this.machine) process.kill(SIGNALS["KILL"] ?? 9, true);
  }

  #finish(exit: { exitCode: number; signal: number; reason: string; message: string }): void {
    if (this.#state === "exited") return;
    this.#state = "exited";
    this.#finishedAtMs = this.machine.clock.now();
    this.#exit = exit;
    this.#info = undefined;
    this.log.end();
    this.input?.closeReader();
  }
}

/** What runc says of a command that it cannot run. */
export function execProblem(command: string, error: SpawnError): string {
  if (error.code === "EACCES") return `exec: "${command}": permission denied`;
  return command.includes("/")
    ? `exec: "${command}": stat ${command}: no such file or directory`
    : `exec: "${command}": executable file not found in $PATH`;
}

function entryPoint(config: ContainerConfig, { image, info }: TaggedImage): readonly string[] {
  const given = config.command && config.command.length > 0 ? config.command : undefined;
  const args = config.args && config.args.length > 0 ? config.args : undefined;
  const argv = given ? [...given, ...(args ?? [])] : [...image.entrypoint, ...(args ?? image.cmd)];
  // The stand-in for an unknown image runs whatever command the pod gives, where its base has it.
  if (argv.length === 0)
    throw new ContainerError(
      "CreateContainerError",
      `failed to generate container "${info.name}" spec: failed to generate spec: no command specified`,
    );
  return image.generic && !given ? [...image.entrypoint, ...(args ?? [])] : argv;
}

function environment(config: ContainerConfig, { image }: TaggedImage, hostname: string, uid: number): Map<string, string> {
  const env = new Map([
    ["PATH", DEFAULT_PATH],
    ["HOSTNAME", hostname],
  ]);
  for (const entry of image.env) env.set(entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1));
  for (const { name, value } of config.env) env.set(name, value);
  if (config.tty && !env.has("TERM")) env.set("TERM", "xterm");
  if (!env.has("HOME")) env.set("HOME", uid === 0 ? "/root" : "/");
  return env;
}

function userId(user: string): number {
  const [name = ""] = user.split(":");
  return name === "" ? 0 : /^\d+$/.test(name) ? Number(name) : (ACCOUNTS[name] ?? 1000);
}

function makeMachine(parts: ContainerParts, root: FileSystem, onOutOfMemory: () => void): Machine {
  const { sandbox, config, image, clock, rng, table, hooks } = parts;
  const files = sandboxFiles(sandbox.network, sandbox.hostname);
  const mount = (containerPath: string, fileSystem: Mount["fileSystem"], sourcePath: string, type: string, readOnly = false): Mount => ({
    containerPath,
    fileSystem,
    sourcePath,
    readOnly,
    type,
  });
  const mounts: readonly Mount[] = [
    ...kernelMounts(
      () => machine,
      () => fs.mounts,
    ),
    ...["hosts", "hostname", "resolv.conf"].map((name) => mount(`/etc/${name}`, files, `/${name}`, "ext4")),
    ...config.mounts,
  ];
  const fs: MountedFileSystem = new MountedFileSystem(root, mounts, config.readOnlyRootFilesystem);
  fs.rootOf = (pid) => table.get(pid)?.fs;
  const machine: Machine = {
    table,
    fs,
    network: sandbox.network,
    hostname: sandbox.hostname,
    clock,
    rng,
    memory: new MemoryMeter(config.memoryLimitBytes, onOutOfMemory),
    cpu: new CpuMeter(clock, config.cpuLimitMillis),
    hooks: { ...hooks, app: image.app },
  };
  return machine;
}
