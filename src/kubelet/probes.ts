import type { Container, Pod, Probe } from "../api/generated/core-v1.ts";
import { ContainerError, type ContainerRuntime } from "../containers/runtime.ts";
import { NetworkError, type NetworkNamespace } from "../network/network.ts";
import type { Clock, Timer } from "../util/clock.ts";

export type ProbeType = "Liveness" | "Readiness" | "Startup";
export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly output: string };

export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
  readonly startedAtMs: number;
  /** The namespace that the kubelet probes from: its node's. */
  readonly from: NetworkNamespace;
  readonly runtime: ContainerRuntime;
}

/** A named port's number, or the number itself; undefined for a name that no container port has. */
export function portNumber(container: Container, port: number | string | undefined): number | undefined {
  if (typeof port === "number") return port;
  return container.ports?.find((candidate) => candidate.name === port)?.containerPort;
}

/** One probe, once. Upstream: pkg/probe */
export async function runProbe(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec) return probeExec(probe.exec.command ?? [], target, timeoutMs);
  if (probe.httpGet) return probeHttp(probe.httpGet, target, signal);
  if (probe.tcpSocket) return probeTcp(probe.tcpSocket, target, signal);
  return { ok: false, output: "kubesim has no gRPC probes yet" };
}

async function probeExec(command: readonly string[], { runtime, containerId }: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
  try {
    const { stdout, stderr, exitCode } = await runtime.execSync(containerId, command, timeoutMs);
    return exitCode === 0 ? { ok: true } : { ok: false, output: stdout + stderr };
  } catch (error) {
    if (error instanceof ContainerError && error.reason === "DeadlineExceeded") return { ok: false, output: `command timed out: ${JSON.stringify(command.join(" "))} timed out after ${timeoutMs / 1000}s` };
    return { ok: false, output: (error as Error).message };
  }
}

async function probeHttp(get: NonNullable<Probe["httpGet"]>, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
  const port = portNumber(target.container, get.port);
  if (port === undefined) return { ok: false, output: `couldn't find port ${JSON.stringify(get.port)} in container` };
  const host = get.host || target.podIP;
  const path = get.path?.startsWith("/") ? get.path : `/${get.path ?? ""}`;
  const url = `${(get.scheme ?? "HTTP").toLowerCase()}://${host}:${port}${path}`;
  const headers: Record<string, string> = { host: `${host}:${port}`, "user-agent": "kube-probe/1.36", accept: "*/*", connection: "close" };
  for (const header of get.httpHeaders ?? []) headers[header.name.toLowerCase()] = header.value;
  try {
    const response = await target.from.http(host, port, { method: "GET", path, headers, body: Buffer.alloc(0) }, signal);
    return response.status >= 200 && response.status < 400 ? { ok: true } : { ok: false, output: `HTTP probe failed with statuscode: ${response.status}` };
  } catch (error) {
    if (signal.aborted) return { ok: false, output: `Get ${JSON.stringify(url)}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)` };
    return { ok: false, output: `Get ${JSON.stringify(url)}: ${dialError(error, host, port)}` };
  }
}

async function probeTcp(socket: NonNullable<Probe["tcpSocket"]>, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
  const port = portNumber(target.container, socket.port);
  if (port === undefined) return { ok: false, output: `couldn't find port ${JSON.stringify(socket.port)} in container` };
  const host = socket.host || target.podIP;
  try {
    const connection = await target.from.connect(host, port, signal);
    connection.on("error", () => undefined);
    connection.destroy();
    return { ok: true };
  } catch (error) {
    return { ok: false, output: signal.aborted ? `dial tcp ${host}:${port}: i/o timeout` : dialError(error, host, port) };
  }
}

/** A failed connection in Go's words. */
export function dialError(error: unknown, host: string, port: number): string {
  const words: Record<string, string> = {
    ECONNREFUSED: "connect: connection refused", EHOSTUNREACH: "connect: no route to host", ENETUNREACH: "connect: network is unreachable", ETIMEDOUT: "i/o timeout", ECONNRESET: "read: connection reset by peer",
  };
  const code = error instanceof NetworkError ? error.code : "";
  return `dial tcp ${host}:${port}: ${words[code] ?? (error as Error).message}`;
}

export interface ProbeWorkerOptions {
  readonly type: ProbeType;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly target: ProbeTarget;
  /** Told whenever the verdict changes; for liveness and startup, `false` means: restart the container. */
  onChange(ok: boolean, output: string): void;
  /** Told of every single failure, for the Unhealthy event. */
  onFailure(output: string): void;
  /** Whether it is this probe's turn: liveness and readiness wait for startup. */
  mayRun(): boolean;
}

/** Probes one container again and again. Upstream: pkg/kubelet/prober/worker.go */
export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  #timer: Timer | undefined;
  #stopped = false;
  #lastOk: boolean | undefined;
  #run = 0;
  #verdict: boolean;
  #onHold = false;

  constructor(options: ProbeWorkerOptions) {
    this.#options = options;
    // Until proven otherwise a container lives, but is not ready.
    this.#verdict = options.type === "Liveness";
    this.#schedule(0);
  }

  get verdict(): boolean {
    return this.#verdict;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    const { probe, clock, target } = this.#options;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    const startMs = clock.now();
    const due = startMs - target.startedAtMs >= (probe.initialDelaySeconds ?? 0) * 1000;
    if (due && !this.#onHold && this.#options.mayRun()) await this.#probeOnce();
    if (this.#stopped) return;
    if (this.#options.type === "Startup" && this.#verdict) return;
    this.#schedule(Math.max(0, periodMs - (clock.now() - startMs)));
  }

  async #probeOnce(): Promise<void> {
    const { probe, clock, target } = this.#options;
    const abort = new AbortController();
    const deadline = clock.after((probe.timeoutSeconds ?? 1) * 1000, () => abort.abort(new Error("timed out")));
    const result = await runProbe(probe, target, abort.signal);
    deadline.cancel();
    if (this.#stopped) return;
    if (!result.ok) this.#options.onFailure(result.output);
    if (this.#lastOk === result.ok) this.#run++;
    else this.#run = 1;
    this.#lastOk = result.ok;
    const threshold = result.ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (this.#run < threshold) return;
    const changed = this.#verdict !== result.ok;
    this.#verdict = result.ok;
    // The container is going to be restarted: no more probing of this one.
    if (!result.ok && this.#options.type !== "Readiness") this.#onHold = true;
    if (changed || this.#onHold) this.#options.onChange(result.ok, result.ok ? "" : result.output);
  }
}
