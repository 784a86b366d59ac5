import type { Condition } from "./generated/meta-v1.ts";
import type { PodDisruptionBudgetStatus } from "./generated/policy-v1.ts";

/** The conditions with DisruptionAllowed as the number of disruptions has it. Upstream: component-helpers/apps/poddisruptionbudget */
export function disruptionAllowed(status: PodDisruptionBudgetStatus, now: string): Condition[] {
  const allowed = (status.disruptionsAllowed ?? 0) > 0;
  return withCondition(
    status,
    { status: allowed ? "True" : "False", reason: allowed ? "SufficientPods" : "InsufficientPods", message: "" },
    now,
  );
}

/** Upstream: failSafe */
export function disruptionSyncFailed(status: PodDisruptionBudgetStatus, message: string, now: string): Condition[] {
  return withCondition(status, { status: "False", reason: "SyncFailed", message }, now);
}

function withCondition(
  status: PodDisruptionBudgetStatus,
  { status: value, reason, message }: { status: "True" | "False"; reason: string; message: string },
  now: string,
): Condition[] {
  const old = status.conditions?.find((condition) => condition.type === "DisruptionAllowed");
  const lastTransitionTime = old?.status === value ? old.lastTransitionTime : now;
  const condition: Condition = {
    lastTransitionTime,
    message,
    observedGeneration: status.observedGeneration ?? 0,
    reason,
    status: value,
    type: "DisruptionAllowed",
  };
  return [...(status.conditions ?? []).filter((other) => other !== old), condition];
}
