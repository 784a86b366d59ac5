import type { Pod } from "../api/generated/core-v1.ts";

// Upstream: active_deadline.go
export const PAST_DEADLINE = {
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
};

/** When a pod has run as long as it may. */
export function deadlineMs({ spec }: Pod, startTime: string): number | undefined {
  return spec.activeDeadlineSeconds === undefined ? undefined : Date.parse(startTime) + spec.activeDeadlineSeconds * 1000;
}
