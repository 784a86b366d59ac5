import type { Duplex, Readable, Writable } from "node:stream";
import type { Pod } from "../api/generated/core-v1.ts";

/**
 * What the API server needs of the kubelets for logs, exec, attach and port-forward. The kubelet
 * fits it; the daemon connects the two. Methods reject with a StatusError in the kubelet's words.
 */
export interface NodeGateway {
  /** Throws what the kubelet answers before any stream is there: UpgradeRefused or a StatusError. */
  admit(pod: Pod, container: string): void;
  logs(pod: Pod, options: LogOptions, signal: AbortSignal): Promise<Readable>;
  exec(pod: Pod, options: StreamOptions & { readonly command: readonly string[] }): Promise<StreamSession>;
  attach(pod: Pod, options: StreamOptions): Promise<StreamSession>;
  /** For as many connections to ports of this pod's sandbox as are wanted; throws as admit does. */
  portForward(pod: Pod): PortForwarder;
  /** A plain request to a kubelet's own port, as nodes/NAME/proxy sends it; undefined: the machine is off. */
  request(
    node: string,
    method: string,
    path: string,
    query: URLSearchParams,
  ): Promise<{ readonly status: number; readonly contentType: string; readonly body: string | Buffer } | undefined>;
  /** The kubelet's summary for metrics.k8s.io. */
  usage(pod: Pod, container: string): { readonly cpuNanoCores: number; readonly memoryBytes: number } | undefined;
}

/** What a machine uses besides its pods: the system, kubelet and container runtime. */
export const MACHINE_IDLE = { cpuNanoCores: 48_000_000, memoryBytes: 420 * 2 ** 20 };

/** The kubelet's plain words instead of a stream. */
export class UpgradeRefused extends Error {
  override readonly name = "UpgradeRefused";
}

/** Rejects with an Error whose message goes to the error stream, as the kubelet words it. */
export type PortForwarder = (port: number) => Promise<Duplex>;

export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  readonly sinceSeconds: number | undefined;
  /** RFC 3339. */
  readonly sinceTime: string | undefined;
  readonly stream: "All" | "Stdout" | "Stderr";
}

export interface StreamOptions {
  readonly container: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface StreamSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exitCode: Promise<number>;
  resize(columns: number, rows: number): void;
  disconnect(): void;
}
