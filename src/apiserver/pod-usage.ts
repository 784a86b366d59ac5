import type { Pod } from "../api/generated/core-v1.ts";
import type { NodeGateway } from "./node-gateway.ts";

/** How often the figures are taken; what is younger has none yet. metrics-server's --metric-resolution. */
export const USAGE_WINDOW_MS = 15_000;

export interface PodUsage {
  readonly timestampMs: number;
  readonly windowMs: number;
  readonly containers: readonly { readonly name: string; readonly cpuNanoCores: number; readonly memoryBytes: number }[];
}

/** The end of the newest whole window. */
export const usageTimestampMs = (nowMs: number) => Math.floor(nowMs / USAGE_WINDOW_MS) * USAGE_WINDOW_MS;

/** What a running pod uses; undefined while one of its containers has not been measured yet. Upstream: sigs.k8s.io/metrics-server/pkg/storage */
export function podUsage(gateway: Pick<NodeGateway, "usage"> | undefined, pod: Pod, nowMs: number): PodUsage | undefined {
  if (pod.status?.phase !== "Running") return undefined;
  const timestampMs = usageTimestampMs(nowMs);
  const containers = [];
  for (const { name, state } of pod.status.containerStatuses ?? []) {
    const startedAt = state?.running?.startedAt;
    const amount =
      startedAt !== undefined && Date.parse(startedAt) + USAGE_WINDOW_MS <= timestampMs ? gateway?.usage(pod, name) : undefined;
    if (!amount) return undefined;
    containers.push({ name, cpuNanoCores: amount.cpuNanoCores, memoryBytes: amount.memoryBytes });
  }
  return containers.length > 0 ? { timestampMs, windowMs: USAGE_WINDOW_MS, containers } : undefined;
}
