import type { Deployment, ReplicaSet } from "../../api/generated/apps-v1.ts";

// How many pods a rollout may have and how many it must have. Upstream: pkg/controller/deployment/util/deployment_util.go

export const total = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number | undefined) =>
  sets.reduce((sum, set) => sum + (of(set) ?? 0), 0);

function scaled(value: number | string | undefined, of: number, up: boolean): number {
  if (typeof value === "number" || value === undefined) return value ?? 0;
  const exact = (Number.parseInt(value, 10) / 100) * of;
  return up ? Math.ceil(exact) : Math.floor(exact);
}

export function maxSurge(deployment: Deployment): number {
  return deployment.spec.strategy?.type === "RollingUpdate"
    ? scaled(deployment.spec.strategy.rollingUpdate?.maxSurge, deployment.spec.replicas ?? 0, true)
    : 0;
}

export function maxUnavailable(deployment: Deployment): number {
  const replicas = deployment.spec.replicas ?? 0;
  if (deployment.spec.strategy?.type !== "RollingUpdate" || replicas === 0) return 0;
  const unavailable = scaled(deployment.spec.strategy.rollingUpdate?.maxUnavailable, replicas, false);
  // Both rounding to nothing would deadlock the rollout.
  return Math.min(unavailable === 0 && maxSurge(deployment) === 0 ? 1 : unavailable, replicas);
}

/** Upstream: NewRSNewReplicas */
export function newReplicas(deployment: Deployment, all: readonly ReplicaSet[], current: ReplicaSet | undefined): number {
  const wanted = deployment.spec.replicas ?? 0;
  if (deployment.spec.strategy?.type === "Recreate") return wanted;
  const room = wanted + maxSurge(deployment) - total(all, (set) => set.spec.replicas);
  const now = current?.spec.replicas ?? 0;
  return room <= 0 ? now : now + Math.min(room, wanted - now);
}
