import type { Deployment, ReplicaSet } from "../../api/generated/apps-v1.ts";
import type { Result } from "../../client/reconciler.ts";
import { isComplete, isProgressing, optional, withCondition } from "./deployment-facts.ts";
import { maxUnavailable, total } from "./deployment-sizes.ts";

type Status = Deployment["status"];

/** What is known when a status is worked out. */
interface Observed {
  readonly deployment: Deployment;
  readonly all: readonly ReplicaSet[];
  readonly current: ReplicaSet | undefined;
  readonly nowMs: number;
}

/** What a deployment and its sets come to, and when to look again. Upstream: sync.go calculateStatus, progress.go syncRolloutStatus */
export function deploymentStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  current: ReplicaSet | undefined,
  nowMs: number,
): { readonly status: Status; readonly requeue: Result } {
  const available = total(all, (set) => set.status.availableReplicas);
  const unavailable = Math.max(0, total(all, (set) => set.spec.replicas) - available);
  const status: Status = {
    ...optional("availableReplicas", available),
    ...(deployment.status.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
    conditions: withCondition(deployment.status.conditions ?? [], availability(deployment, available), nowMs),
    observedGeneration: deployment.metadata.generation ?? 0,
    ...optional(
      "readyReplicas",
      total(all, (set) => set.status.readyReplicas),
    ),
    ...optional(
      "replicas",
      total(all, (set) => set.status.replicas),
    ),
    terminatingReplicas: total(all, (set) => set.status.terminatingReplicas),
    ...optional("unavailableReplicas", unavailable),
    ...optional("updatedReplicas", current?.status.replicas ?? 0),
  };
  return { status, requeue: setProgress({ deployment, all, current, nowMs }, status) };
}

function availability(deployment: Deployment, available: number) {
  return available >= (deployment.spec.replicas ?? 0) - maxUnavailable(deployment)
    ? { type: "Available", status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
    : {
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
}

/** The Progressing and ReplicaFailure conditions. */
function setProgress({ deployment, all, current, nowMs }: Observed, status: Status): Result {
  const before = status.conditions?.find((condition) => condition.type === "Progressing");
  const deadlineMs = (deployment.spec.progressDeadlineSeconds ?? 600) * 1000;
  const set = (value: { status: string; reason: string; message: string }, touch = true) => {
    status.conditions = withCondition(status.conditions ?? [], { type: "Progressing", ...value }, nowMs, touch);
  };
  if (deployment.spec.paused) {
    if (before?.reason !== "DeploymentPaused") set({ status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" });
    return {};
  }
  if (before?.reason === "DeploymentPaused") set({ status: "Unknown", reason: "DeploymentResumed", message: "Deployment is resumed" });
  setFailure(status, all, nowMs);
  const name = JSON.stringify(current?.metadata.name ?? "");
  if (isComplete(deployment, status)) {
    const message = current
      ? `ReplicaSet ${name} has successfully progressed.`
      : `Deployment ${JSON.stringify(deployment.metadata.name)} has successfully progressed.`;
    const isNews = before?.reason !== "NewReplicaSetAvailable" || before.message !== message;
    set({ status: "True", reason: "NewReplicaSetAvailable", message }, isNews);
    return {};
  }
  if (before === undefined && current) {
    set({ status: "True", reason: "NewReplicaSetCreated", message: `Created new replica set ${name}` });
    return { requeueAfterMs: deadlineMs };
  }
  if (isProgressing(deployment.status, status) || (before?.reason === "NewReplicaSetAvailable" && current !== undefined)) {
    set({ status: "True", reason: "ReplicaSetUpdated", message: `ReplicaSet ${name} is progressing.` });
    return { requeueAfterMs: deadlineMs };
  }
  if (before?.reason === "ProgressDeadlineExceeded") return {};
  const sinceMs = Date.parse(before?.lastUpdateTime ?? "") || nowMs;
  if (nowMs - sinceMs < deadlineMs) return { requeueAfterMs: sinceMs + deadlineMs - nowMs + 1000 };
  set({ status: "False", reason: "ProgressDeadlineExceeded", message: `ReplicaSet ${name} has timed out progressing.` });
  return {};
}

function setFailure(status: Status, all: readonly ReplicaSet[], nowMs: number): void {
  const conditions = status.conditions ?? [];
  const failure = all.flatMap((set) => set.status.conditions ?? []).find(({ type }) => type === "ReplicaFailure");
  status.conditions = failure
    ? withCondition(
        conditions,
        { type: "ReplicaFailure", status: failure.status ?? "True", reason: failure.reason ?? "", message: failure.message ?? "" },
        nowMs,
      )
    : conditions.filter(({ type }) => type !== "ReplicaFailure");
}
