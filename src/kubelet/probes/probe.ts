import type { Container, Probe } from "../../api/generated/core-v1.ts";
import { messageOf } from "../../api/status.ts";
import { ContainerError, type ContainerRuntime } from "../../containers/runtime.ts";
import type { NetworkNamespace } from "../../network/network.ts";
import type { Clock } from "../../util/clock.ts";
import { grpcProbe } from "./grpc.ts";
import { dialError, httpGet, resolvePort, withTimeout } from "./http-get.ts";

export interface ProbeOutcome {
  readonly result: "success" | "failure" | "unknown";
  readonly output: string;
}

export interface ProbeTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
}

export interface ProbeParts {
  readonly clock: Clock;
  readonly runtime: ContainerRuntime;
  /** Where probes come from: the node's own namespace. */
  readonly from: NetworkNamespace;
}

/** One attempt. Upstream: pkg/kubelet/prober/prober.go runProbe, pkg/probe */
export async function runProbe(probe: Probe, target: ProbeTarget, parts: ProbeParts): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.exec) return await execProbe(probe.exec.command ?? [], target, timeoutMs, parts);
    if (probe.httpGet) {
      const response = await httpGet(probe.httpGet, target.container, {
        ...parts,
        podIP: target.podIP,
        timeoutMs,
        userAgent: "kube-probe/1.36",
      });
      if (response.status >= 200 && response.status < 400) return { result: "success", output: "" };
      return { result: "failure", output: `HTTP probe failed with statuscode: ${response.status}` };
    }
    if (probe.tcpSocket) return await tcpProbe(probe.tcpSocket, target, timeoutMs, parts);
    if (probe.grpc) return await grpcProbe(probe.grpc, target.podIP, timeoutMs, parts);
    return { result: "unknown", output: `missing probe handler for ${target.container.name}` };
  } catch (error) {
    return { result: "failure", output: messageOf(error) };
  }
}

async function execProbe(
  command: readonly string[],
  target: ProbeTarget,
  timeoutMs: number,
  { runtime }: ProbeParts,
): Promise<ProbeOutcome> {
  try {
    const { stdout, stderr, exitCode } = await runtime.execSync(target.containerId, command, timeoutMs);
    return { result: exitCode === 0 ? "success" : "failure", output: stdout + stderr };
  } catch (error) {
    if (error instanceof ContainerError && error.reason === "DeadlineExceeded") {
      return { result: "failure", output: `command timed out: "${command.join(" ")}" timed out after ${timeoutMs / 1000}s` };
    }
    return { result: error instanceof ContainerError && error.reason === "ExecFailed" ? "failure" : "unknown", output: messageOf(error) };
  }
}

async function tcpProbe(
  action: NonNullable<Probe["tcpSocket"]>,
  target: ProbeTarget,
  timeoutMs: number,
  { clock, from }: ProbeParts,
): Promise<ProbeOutcome> {
  const host = action.host || target.podIP;
  const port = resolvePort(action.port, target.container);
  try {
    const socket = await withTimeout(clock, timeoutMs, (signal) => from.connect(host, port, signal));
    socket.on("error", () => undefined);
    socket.destroy();
    return { result: "success", output: "" };
  } catch (error) {
    return { result: "failure", output: dialError(error, host, port) };
  }
}
