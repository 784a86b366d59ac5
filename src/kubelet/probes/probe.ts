import type { Container, HTTPGetAction, Probe } from "../../api/generated/core-v1.ts";
import { messageOf } from "../../api/status.ts";
import { ContainerError, type ContainerRuntime } from "../../containers/runtime.ts";
import type { NetworkNamespace } from "../../network/network.ts";
import type { Clock } from "../../util/clock.ts";
import { grpcProbe } from "./grpc.ts";
import { dialError, httpGet, resolvePort, withTimeout } from "./http-get.ts";

export interface ProbeOutcome {
  /** Warning: a success with something to say. */
  readonly result: "success" | "warning" | "failure" | "unknown";
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
    if (probe.httpGet) return await httpProbe(probe.httpGet, target, timeoutMs, parts);
    if (probe.tcpSocket) return await tcpProbe(probe.tcpSocket, target, timeoutMs, parts);
    if (probe.grpc) return await grpcProbe(probe.grpc, target.podIP, timeoutMs, parts);
    return { result: "unknown", output: `missing probe handler for ${target.container.name}` };
  } catch (error) {
    return { result: "failure", output: messageOf(error) };
  }
}

const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 10;

/** Follows redirects to the same host; one that leads elsewhere is as good as an answer. Upstream: pkg/probe/http/http.go DoHTTPProbe, RedirectChecker */
async function httpProbe(action: HTTPGetAction, target: ProbeTarget, timeoutMs: number, parts: ProbeParts): Promise<ProbeOutcome> {
  let next = action;
  for (let count = 0; ; count++) {
    const response = await httpGet(next, target.container, { ...parts, podIP: target.podIP, timeoutMs, userAgent: "kube-probe/1.36" });
    const { status, headers = {}, body = "" } = response;
    const location = Object.entries(headers).find(([name]) => name.toLowerCase() === "location")?.[1];
    const followed = REDIRECTS.includes(status) && location !== undefined ? redirected(next, target, location) : undefined;
    if (followed) {
      if (count + 1 >= MAX_REDIRECTS)
        return { result: "failure", output: `Get ${JSON.stringify(location)}: stopped after ${MAX_REDIRECTS} redirects` };
      next = followed;
      continue;
    }
    if (status < 200 || status >= 400) return { result: "failure", output: `HTTP probe failed with statuscode: ${status}` };
    if (status < 300) return { result: "success", output: "" };
    return { result: "warning", output: `Probe terminated redirects, Response body: ${body.toString()}` };
  }
}

/** Undefined: to another host. */
function redirected(from: HTTPGetAction, { podIP, container }: ProbeTarget, location: string): HTTPGetAction | undefined {
  const scheme = (from.scheme ?? "HTTP").toLowerCase();
  const here = new URL(`${scheme}://${from.host || podIP}:${resolvePort(from.port, container)}${from.path ?? "/"}`);
  if (!URL.canParse(location, here.href)) return undefined;
  const there = new URL(location, here);
  if (there.hostname !== here.hostname) return undefined;
  const port = Number(there.port) || (there.protocol === "https:" ? 443 : 80);
  return { ...from, scheme: there.protocol.slice(0, -1).toUpperCase(), port, path: `${there.pathname}${there.search}` };
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
