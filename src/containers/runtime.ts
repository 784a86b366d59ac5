import type { Duplex, Readable, Writable } from "node:stream";
import type { NetworkNamespace, PodNetworkConfig } from "../network/network.ts";
import type { FileSystem, Mount } from "./filesystem.ts";

/**
 * The container runtime interface between a kubelet and its node's runtime: simulated containerd.
 * Times are simulated ms since the epoch. Ids are 64 hex digits.
 */
export interface ContainerRuntime {
  readonly node: string;
  /** `containerd://2.1.4` without the scheme. */
  readonly version: string;
  /** The node's own file system (/etc, /var/log/pods, hostPath volumes). */
  readonly nodeFileSystem: FileSystem;

  /** Takes simulated time as a pull does. Rejects with an ImagePullError. */
  pullImage(image: string, signal: AbortSignal): Promise<ImageInfo>;
  /** Undefined when the image is not on the node. */
  findImage(image: string): ImageInfo | undefined;
  listImages(): readonly ImageInfo[];

  runPodSandbox(config: PodSandboxConfig): Promise<PodSandbox>;
  /** Stops all containers at once and frees the network. */
  stopPodSandbox(sandboxId: string): Promise<void>;
  removePodSandbox(sandboxId: string): Promise<void>;
  listPodSandboxes(): readonly PodSandbox[];

  /** Rejects with ContainerError for CreateContainerError cases. */
  createContainer(sandboxId: string, config: ContainerConfig): Promise<string>;
  /** Rejects with ContainerError "StartError" (exit code 128) when the command is not in the image. */
  startContainer(containerId: string): Promise<void>;
  /** The stop signal to process 1, SIGKILL after `graceMs`; resolves when the container has exited. */
  stopContainer(containerId: string, graceMs: number): Promise<void>;
  removeContainer(containerId: string): Promise<void>;
  /** New limits for a container that runs. */
  updateContainerResources(containerId: string, resources: ContainerResources): void;
  containerStatus(containerId: string): ContainerInfo | undefined;
  listContainers(): readonly ContainerInfo[];
  /** Told once of every container that exits, whatever the cause. */
  onContainerExit(listener: (container: ContainerInfo) => void): () => void;

  /** Runs a command in a running container. Rejects with ContainerError when it cannot start. */
  exec(containerId: string, options: ExecOptions): Promise<ExecSession>;
  /** For probes and hooks: collected output. Timed out: rejects with ContainerError reason "DeadlineExceeded". */
  execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
  ): Promise<{ stdout: string; stderr: string; exitCode: number }>;
  /** Joins the streams of process 1. */
  attach(containerId: string, options: { readonly stdin: boolean; readonly tty: boolean }): ExecSession;
  /** The log of one container, also after it has exited, until it is removed. */
  readLog(containerId: string): ContainerLog;
  /** A connection to a port of the pod's loopback, for port-forward. Rejects with NetworkError. */
  connectToPort(sandboxId: string, port: number): Promise<Duplex>;
  /** What a container takes of its node's disk: what it wrote over its image, and its log. */
  writtenBytes(containerId: string): number;
  /** Told whenever that may have changed. */
  watchStorage(containerId: string, onChange: () => void): () => void;
  /** CPU and memory now, for metrics and top. */
  usage(containerId: string): ContainerUsage;
}

export interface ContainerUsage {
  /** Over the last whole window. */
  readonly cpuNanoCores: number;
  /** Since it began. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** Why an image could not be had; message in containerd's words. */
export class ImagePullError extends Error {
  override readonly name = "ImagePullError";
}

export class ContainerError extends Error {
  override readonly name = "ContainerError";
  /** "CreateContainerError", "StartError", "NotFound", "NotRunning", "DeadlineExceeded", "ExecFailed" */
  readonly reason: string;
  /** The exit code a failed start or exec reports (126, 127, 128). */
  readonly exitCode: number;
  constructor(reason: string, message: string, exitCode = 128) {
    super(message);
    this.reason = reason;
    this.exitCode = exitCode;
  }
}

export interface ImageInfo {
  /** `sha256:…`: what status.containerStatuses[].imageID ends in. */
  readonly id: string;
  /** Fully qualified: `docker.io/luksa/kubia:latest`. */
  readonly name: string;
  /** `docker.io/luksa/kubia@sha256:…` */
  readonly repoDigest: string;
  readonly sizeBytes: number;
  readonly user: string;
}

export interface PodSandboxConfig {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly attempt: number;
  readonly network: PodNetworkConfig;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly shareProcessNamespace: boolean;
  /** Its containers see the node's processes. */
  readonly hostPid: boolean;
}

export interface PodSandbox {
  readonly id: string;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly state: "ready" | "notready";
  readonly network: NetworkNamespace;
}

/** 0: none. */
export interface ContainerResources {
  /** For OOM kills (137, reason OOMKilled) and what the kernel tells of the control group. */
  readonly memoryLimitBytes: number;
  readonly cpuLimitMillis: number;
}

export interface ContainerConfig extends ContainerResources {
  readonly name: string;
  readonly image: string;
  readonly attempt: number;
  /** The id of the container whose PID namespace it joins. */
  readonly pidNamespaceOf: string | undefined;
  /** Overrides the image's ENTRYPOINT. */
  readonly command: readonly string[] | undefined;
  /** Overrides the image's CMD. */
  readonly args: readonly string[] | undefined;
  readonly workingDir: string | undefined;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly readOnlyRootFilesystem: boolean;
  readonly runAsUser: number | undefined;
  readonly runAsGroup: number | undefined;
  /** Besides its own: fsGroup is one of them. */
  readonly supplementalGroups: readonly number[];
  /** Overrides the image's STOPSIGNAL. */
  readonly stopSignal: string | undefined;
}

export interface ContainerInfo {
  readonly id: string;
  readonly sandboxId: string;
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly attempt: number;
  readonly state: "created" | "running" | "exited";
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  /** The signal that ended it, 0 for none. */
  readonly signal: number;
  /** "Completed", "Error", "OOMKilled", "StartError", "ContainerStatusUnknown". */
  readonly reason: string;
  readonly message: string;
  /** The entry point as `docker ps` shows it. */
  readonly commandLine: string;
  /** Process id on the node. */
  readonly pid: number;
  /** The container's root, as its processes see it: terminationMessagePath is read from here. */
  readonly fileSystem: FileSystem;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

export interface ExecSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Never has data with a tty. */
  readonly stderr: Readable;
  /** Resolves with the exit code once all output is in stdout and stderr. */
  readonly exitCode: Promise<number>;
  resize(columns: number, rows: number): void;
  /** The client went away: SIGHUP with a tty, nothing without, as containerd does. */
  disconnect(): void;
}

export interface LogLine {
  readonly timeMs: number;
  readonly stream: "stdout" | "stderr";
  /** Without its newline. */
  readonly text: string;
  /** The line was cut (no newline yet, or longer than 16 KiB). */
  readonly partial: boolean;
}

/** Bounded (10 MiB a container, as the kubelet's rotation); oldest lines go first. */
export interface ContainerLog {
  readonly lines: readonly LogLine[];
  /** Called with lines as they come, until the returned function is called; `onEnd` when the container has exited. */
  follow(onLine: (line: LogLine) => void, onEnd: () => void): () => void;
}
