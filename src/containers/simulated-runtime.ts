import { setMaxListeners } from "node:events";
import type { Duplex } from "node:stream";
import { type Network, NetworkError } from "../network/network.ts";
import type { Clock } from "../util/clock.ts";
import type { Journal } from "../util/journal.ts";
import type { Rng } from "../util/rng.ts";
import { BufferWriter } from "./byte-pipe.ts";
import { Container, execProblem } from "./container.ts";
import { usageOf } from "./container-usage.ts";
import { baseTree } from "./bases.ts";
import type { FileSystem } from "./filesystem.ts";
import type { ImageCatalogue } from "./images.ts";
import { createMemoryFileSystem } from "./memory-filesystem.ts";
import { NodeImages } from "./node-images.ts";
import { startPause } from "./pause-container.ts";
import { type Process, SpawnError } from "./process.ts";
import { ProcessTable } from "./process-table.ts";
import { PROGRAMS_BY_NAME } from "./programs/index.ts";
import {
  type ContainerConfig,
  ContainerError,
  type ContainerInfo,
  type ContainerLog,
  type ContainerResources,
  type ContainerRuntime,
  type ContainerUsage,
  type ExecOptions,
  type ExecSession,
  type ImageInfo,
  type PodSandbox,
  type PodSandboxConfig,
} from "./runtime.ts";
import { Sandbox } from "./sandbox.ts";
import { attachTo, execSession, openStreams } from "./sessions.ts";
import { signalNumber } from "./signals.ts";

export interface RuntimeOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly network: Network;
  readonly images: ImageCatalogue;
  readonly journal?: Journal;
  /** Told when the node's CNI agent has started or gone; default: tells the network. */
  readonly onCniReady?: (node: string, ready: boolean) => void;
  /** The node's nat table as `iptables -t nat -S` prints it. */
  readonly natRules?: (node: string) => string;
  /** The node's disk as it was when the daemon last ran. */
  readonly nodeFileSystem?: FileSystem;
}

export const NODE_PROGRAMS = [
  "generic",
  "docker",
  "crictl",
  "iptables",
  "systemctl",
  "journalctl",
  "ip",
  "ps",
  "wget",
  "curl",
  "nslookup",
  "ping",
  "netstat",
  "top",
  "free",
];
const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);
const KILL = 9;

export function createRuntime(options: RuntimeOptions): SimulatedRuntime {
  return new SimulatedRuntime(options);
}

/** Simulated containerd of one node. */
export class SimulatedRuntime implements ContainerRuntime {
  readonly version = "2.1.4";
  readonly node: string;
  readonly nodeFileSystem: FileSystem;
  readonly #options: RuntimeOptions;
  readonly #images: NodeImages;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, Container>();
  readonly #exitListeners = new Set<(container: ContainerInfo) => void>();
  readonly #waiters = new Map<string, (() => void)[]>();
  #nextPid = 1200;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.node = options.node;
    this.#images = new NodeImages(options);
    this.nodeFileSystem =
      options.nodeFileSystem ?? createMemoryFileSystem({ base: baseTree("debian", NODE_PROGRAMS), now: () => options.clock.now() });
    this.nodeFileSystem.writeFile("/etc/hostname", `${options.node}\n`);
  }

  async pullImage(image: string, signal: AbortSignal): Promise<ImageInfo> {
    return (await this.#images.pull(image, signal)).info;
  }

  findImage(image: string): ImageInfo | undefined {
    return this.#images.find(image)?.info;
  }

  listImages(): readonly ImageInfo[] {
    return this.#images.list();
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<PodSandbox> {
    const { clock, rng, network } = this.#options;
    await clock.sleep(rng.int(70, 130), NEVER);
    // Upstream: pkg/kubelet/kuberuntime: what containerd answers when CNI is not there is wrapped by the kubelet.
    const namespace = network.attachPod(this.node, config.network);
    const sandbox = new Sandbox({
      id: rng.hex(64),
      pid: this.#takePid(),
      config,
      createdAtMs: clock.now(),
      network: namespace,
      sharedTable: config.shareProcessNamespace ? new ProcessTable(PROGRAMS_BY_NAME) : undefined,
    });
    if (sandbox.sharedTable) startPause(sandbox, sandbox.sharedTable, this.#options);
    this.#sandboxes.set(sandbox.id, sandbox);
    this.#note(sandbox, "starts the pod sandbox");
    return sandbox;
  }

  async stopPodSandbox(sandboxId: string): Promise<void> {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (!sandbox || sandbox.state === "notready") return;
    sandbox.state = "notready";
    const running = this.#containersOf(sandboxId).filter((container) => container.state === "running");
    await Promise.all(running.map((container) => this.stopContainer(container.id, 0)));
    sandbox.sharedTable?.get(1)?.kill(KILL, true);
    if (!sandbox.config.network.hostNetwork) this.#options.network.detachPod(sandbox.uid);
    this.#note(sandbox, "stops the pod sandbox");
  }

  async removePodSandbox(sandboxId: string): Promise<void> {
    await this.stopPodSandbox(sandboxId);
    for (const container of this.#containersOf(sandboxId)) await this.removeContainer(container.id);
    this.#sandboxes.delete(sandboxId);
  }

  listPodSandboxes(): readonly Sandbox[] {
    return [...this.#sandboxes.values()];
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    const { clock, rng, images } = this.#options;
    await clock.sleep(rng.int(20, 50), NEVER);
    const sandbox = this.#sandboxes.get(sandboxId);
    if (!sandbox || sandbox.state !== "ready")
      throw new ContainerError("CreateContainerError", `failed to find sandbox id "${sandboxId}": not found`);
    const image = this.#images.find(config.image);
    if (!image)
      throw new ContainerError(
        "CreateContainerError",
        `failed to get image from containerd "${config.image}": image "${config.image}": not found`,
      );
    const container = new Container({
      id: rng.hex(64),
      pid: this.#takePid(),
      sandbox,
      config,
      image,
      tree: images.tree(image.image),
      clock,
      rng,
      table: this.#tableOf(config.pidNamespaceOf) ?? sandbox.sharedTable ?? new ProcessTable(PROGRAMS_BY_NAME),
      hooks: {
        onCniReady: (ready) => this.#cniReady(ready),
        ...(sandbox.config.hostPid ? { node: { runtime: this, natRules: () => this.#options.natRules?.(this.node) ?? "" } } : {}),
      },
    });
    this.#containers.set(container.id, container);
    this.#note(sandbox, `creates container ${config.name}`);
    return container.id;
  }

  async startContainer(containerId: string): Promise<void> {
    const { clock, rng } = this.#options;
    await clock.sleep(rng.int(20, 50), NEVER);
    const container = this.#container(containerId);
    if (container.state !== "created") throw new ContainerError("StartError", `container is in ${container.state.toUpperCase()} state`);
    container.start((ended) => this.#exited(ended));
    this.#note(container.sandbox, `starts container ${container.config.name}`);
  }

  async stopContainer(containerId: string, graceMs: number): Promise<void> {
    const container = this.#containers.get(containerId);
    if (!container || container.state !== "running") return;
    const { process } = container;
    if (!process) return;
    const over = this.#whenExited(container);
    if (graceMs > 0) {
      process.kill(signalNumber(container.config.stopSignal ?? container.image.image.stopSignal) ?? 15, true);
      if (process.exitCode === undefined) {
        const timer = this.#options.clock.after(graceMs, () => process.kill(KILL, true));
        await over;
        timer.cancel();
        return;
      }
    } else {
      process.kill(KILL, true);
    }
    // In a shared PID namespace the entry point is not process 1 and a kill always lands.
    if (process.exitCode === undefined) process.end(128 + KILL, KILL);
    await over;
  }

  async removeContainer(containerId: string): Promise<void> {
    const container = this.#containers.get(containerId);
    if (!container) return;
    if (container.state === "running") await this.stopContainer(containerId, 0);
    this.#containers.delete(containerId);
  }

  updateContainerResources(containerId: string, { memoryLimitBytes, cpuLimitMillis }: ContainerResources): void {
    const { memory, cpu } = this.#running(containerId).machine;
    cpu.setLimit(cpuLimitMillis);
    memory.setLimit(memoryLimitBytes);
  }

  containerStatus(containerId: string): ContainerInfo | undefined {
    return this.#containers.get(containerId)?.info;
  }

  listContainers(): readonly ContainerInfo[] {
    return [...this.#containers.values()].map((container) => container.info);
  }

  onContainerExit(listener: (container: ContainerInfo) => void): () => void {
    this.#exitListeners.add(listener);
    return () => this.#exitListeners.delete(listener);
  }

  async exec(containerId: string, options: ExecOptions): Promise<ExecSession> {
    const container = this.#running(containerId);
    const streams = openStreams(options, (signal, terminal) => {
      for (const process of container.machine.table.all()) if (process.terminal === terminal) process.kill(signal);
    });
    const process = this.#startExec(container, options.command, {
      ...(streams.input ? { stdin: streams.input } : {}),
      stdout: streams.output,
      stderr: streams.errors,
      terminal: streams.terminal,
      group: container.process?.group,
    });
    return execSession(streams, process);
  }

  async execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
  ): Promise<{ stdout: string; stderr: string; exitCode: number }> {
    const container = this.#running(containerId);
    const stdout = new BufferWriter();
    const stderr = new BufferWriter();
    const process = this.#startExec(container, command, { stdout, stderr, group: container.process?.group });
    let timedOut = false;
    const timer = this.#options.clock.after(timeoutMs > 0 ? timeoutMs : 3_600_000, () => {
      timedOut = true;
      process.end(128 + KILL, KILL);
    });
    const exitCode = await process.exited;
    timer.cancel();
    if (timedOut)
      throw new ContainerError(
        "DeadlineExceeded",
        `rpc error: code = DeadlineExceeded desc = failed to exec in container: timeout ${timeoutMs / 1000}s exceeded: context deadline exceeded`,
      );
    return { stdout: stdout.text, stderr: stderr.text, exitCode };
  }

  attach(containerId: string, options: { readonly stdin: boolean; readonly tty: boolean }): ExecSession {
    return attachTo(this.#running(containerId), options);
  }

  readLog(containerId: string): ContainerLog {
    return this.#container(containerId).log;
  }

  async connectToPort(sandboxId: string, port: number): Promise<Duplex> {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (!sandbox) throw new ContainerError("NotFound", `failed to find sandbox "${sandboxId}" in store: not found`);
    if (sandbox.state !== "ready") throw new ContainerError("NotFound", `sandbox container "${sandboxId}" is not running`);
    try {
      return await sandbox.network.connect("127.0.0.1", port, NEVER);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      const namespace = `/var/run/netns/cni-${sandbox.uid}`;
      throw new NetworkError(
        error.code,
        `failed to execute portforward in network namespace "${namespace}": failed to connect to localhost:${port} inside namespace "${sandbox.id}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused IPv6 dial tcp6 [::1]:${port}: connect: connection refused `,
      );
    }
  }

  writtenBytes(containerId: string): number {
    const { layer, log } = this.#container(containerId);
    return layer.usedBytes() + log.bytes;
  }

  watchStorage(containerId: string, onChange: () => void): () => void {
    const { layer, log } = this.#container(containerId);
    const stops = [layer.onChange(onChange), log.follow(onChange, () => undefined)];
    return () => stops.forEach((stop) => stop());
  }

  usage(containerId: string): ContainerUsage {
    return usageOf(this.#container(containerId), this.#options.clock.now());
  }

  /** For the node's own tools. */
  findContainer(prefix: string): Container | undefined {
    return this.#containers.get(prefix) ?? [...this.#containers.values()].find((container) => container.id.startsWith(prefix));
  }

  get containers(): readonly Container[] {
    return [...this.#containers.values()];
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get rng(): Rng {
    return this.#options.rng;
  }

  /** The node loses power: nothing runs any more, images and files stay. */
  powerOff(): void {
    for (const container of this.#containers.values()) container.process?.end(128 + KILL, KILL);
    for (const sandbox of this.#sandboxes.values())
      if (!sandbox.config.network.hostNetwork && sandbox.state === "ready") this.#options.network.detachPod(sandbox.uid);
    this.#containers.clear();
    this.#sandboxes.clear();
  }

  #startExec(container: Container, command: readonly string[], io: Partial<Parameters<ProcessTable["start"]>[0]>): Process {
    const { machine, env, cwd, uid, gid } = container;
    try {
      return machine.table.start({
        machine,
        argv: command,
        env: io.terminal ? new Map([...env, ["TERM", "xterm"]]) : env,
        cwd,
        uid,
        gid,
        groups: container.config.supplementalGroups,
        ...io,
      });
    } catch (error) {
      if (!(error instanceof SpawnError)) throw error;
      const message = `failed to exec in container: failed to start exec "${this.#options.rng.hex(64)}": OCI runtime exec failed: exec failed: unable to start container process: ${execProblem(command[0] ?? "", error)}`;
      throw new ContainerError("ExecFailed", message, error.code === "EACCES" ? 126 : 127);
    }
  }

  #tableOf(containerId: string | undefined): ProcessTable | undefined {
    const target = containerId === undefined ? undefined : this.#containers.get(containerId);
    return target?.state === "running" ? target.machine.table : undefined;
  }

  #cniReady(ready: boolean): void {
    const { onCniReady, network } = this.#options;
    if (onCniReady) onCniReady(this.node, ready);
    else network.setCniReady(this.node, ready);
  }

  #exited(container: Container): void {
    const { info } = container;
    this.#note(container.sandbox, `container ${info.name} exits with code ${info.exitCode}`);
    for (const wake of this.#waiters.get(container.id) ?? []) wake();
    this.#waiters.delete(container.id);
    for (const listener of this.#exitListeners) listener(info);
  }

  #whenExited(container: Container): Promise<void> {
    return new Promise((resolve) => this.#waiters.set(container.id, [...(this.#waiters.get(container.id) ?? []), resolve]));
  }

  #containersOf(sandboxId: string): Container[] {
    return [...this.#containers.values()].filter((container) => container.sandbox.id === sandboxId);
  }

  #container(id: string): Container {
    const container = this.#containers.get(id);
    if (!container) throw new ContainerError("NotFound", `an error occurred when try to find container "${id}": not found`);
    return container;
  }

  #running(id: string): Container {
    const container = this.#container(id);
    if (container.state !== "running")
      throw new ContainerError("NotRunning", `container is in CONTAINER_${container.state.toUpperCase()} state`);
    return container;
  }

  #takePid(): number {
    this.#nextPid += this.#options.rng.int(1, 40);
    return this.#nextPid;
  }

  #note(sandbox: Sandbox, action: string): void {
    this.#options.journal?.record("containerd", `pods/${sandbox.namespace}/${sandbox.name}`, action);
  }
}
