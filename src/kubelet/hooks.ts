import type { Container, EphemeralContainer, LifecycleHandler } from "../api/generated/core-v1.ts";
import type { ContainerRuntime } from "../containers/runtime.ts";
import type { NetworkNamespace } from "../network/network.ts";
import type { Clock } from "../util/clock.ts";
import { httpGet } from "./probes/http-get.ts";

export interface HookParts {
  readonly clock: Clock;
  readonly runtime: ContainerRuntime;
  readonly from: NetworkNamespace;
  readonly podIP: string;
}

/** Upstream waits for a hook without limit (postStart) or as long as the grace period (preStop). */
const NO_LIMIT_MS = 3_600_000;

/** Runs postStart or preStop; rejects when it fails. Upstream: pkg/kubelet/lifecycle/handlers.go */
export async function runHook(
  handler: LifecycleHandler,
  container: Container | EphemeralContainer,
  containerId: string,
  parts: HookParts,
  signal: AbortSignal,
): Promise<void> {
  if (handler.exec) {
    const command = handler.exec.command ?? [];
    const { exitCode, stdout, stderr } = await parts.runtime.execSync(containerId, command, NO_LIMIT_MS);
    if (exitCode !== 0) throw new Error(`command '${command.join(" ")}' exited with ${exitCode}: ${stdout}${stderr}`);
    return;
  }
  if (handler.httpGet) {
    await httpGet(handler.httpGet, container, { ...parts, timeoutMs: NO_LIMIT_MS, userAgent: "kube-lifecycle/1.36" });
    return;
  }
  if (handler.sleep) {
    await parts.clock.sleep(handler.sleep.seconds * 1000, signal);
    return;
  }
  throw new Error("invalid handler: &LifecycleHandler{Exec:nil,HTTPGet:nil,TCPSocket:nil,Sleep:nil,}");
}
