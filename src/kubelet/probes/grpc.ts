import type { GRPCAction } from "../../api/generated/core-v1.ts";
import { messageOf } from "../../api/status.ts";
import { checkGrpcHealth, GrpcError, grpcSession } from "../../network/grpc-health.ts";
import type { VirtualSocket } from "../../network/network.ts";
import { ProbeTimeout, withTimeout } from "./http-get.ts";
import type { ProbeOutcome, ProbeParts } from "./probe.ts";

/** gRPC's first wait before it connects again. */
const RECONNECT_MS = 1000;

const failure = (output: string): ProbeOutcome => ({ result: "failure", output });

/** Asks the health service. A connection that fails is tried again until the time is over. Upstream: pkg/probe/grpc/grpc.go */
export async function grpcProbe(action: GRPCAction, podIP: string, timeoutMs: number, parts: ProbeParts): Promise<ProbeOutcome> {
  const address = `${podIP}:${action.port}`;
  const limit = `${timeoutMs >= 60_000 ? `${Math.floor(timeoutMs / 60_000)}m` : ""}${(timeoutMs % 60_000) / 1000}s`;
  let connected = false;
  let socket: VirtualSocket | undefined;
  try {
    return await withTimeout(parts.clock, timeoutMs, async (signal) => {
      const session = await connectUntil(signal);
      connected = true;
      const status = await checkGrpcHealth(session, action.service ?? "", "kube-probe/1.36 grpc-go/1.78.0");
      return status === "SERVING"
        ? { result: "success", output: "service healthy" }
        : failure(`service unhealthy (responded with "${status}")`);
    });
  } catch (error) {
    if (error instanceof ProbeTimeout)
      return failure(
        connected
          ? `timeout: health rpc did not complete within ${limit}`
          : `timeout: failed to connect service "${address}" within ${limit}: context deadline exceeded`,
      );
    if (error instanceof GrpcError && error.code === "Unimplemented")
      return failure(`error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.description}`);
    return failure(`error: health rpc probe failed: ${messageOf(error)}`);
  } finally {
    socket?.destroy();
  }

  async function connectUntil(signal: AbortSignal) {
    for (;;) {
      try {
        socket = await parts.from.connect(podIP, action.port, signal);
        return await grpcSession(socket);
      } catch {
        socket?.destroy();
        await parts.clock.sleep(RECONNECT_MS, signal);
      }
    }
  }
}
