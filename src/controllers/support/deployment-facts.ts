import type { Deployment, DeploymentCondition, ReplicaSet } from "../../api/generated/apps-v1.ts";
import { rfc3339 } from "../../util/clock.ts";
import { maxSurge } from "./deployment-sizes.ts";
import { sameValue } from "./hash.ts";

export const HASH_LABEL = "pod-template-hash";
export const REVISION = "deployment.kubernetes.io/revision";
export const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";
/** Annotations that do not travel from a deployment to its replica sets. */
const OWN_ANNOTATIONS = [
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  "deprecated.deployment.rollback.to",
];

export const revisionOf = (set: ReplicaSet) => Number(set.metadata.annotations?.[REVISION] ?? 0);
export const optional = (name: string, value: number) => (value === 0 ? {} : { [name]: value });

export function sameTemplate(deployment: Deployment, set: ReplicaSet): boolean {
  const { [HASH_LABEL]: _hash, ...labels } = set.spec.template?.metadata?.labels ?? {};
  return sameValue(
    { ...set.spec.template, metadata: { ...set.spec.template?.metadata, labels } },
    {
      ...deployment.spec.template,
      metadata: { ...deployment.spec.template.metadata, labels: deployment.spec.template.metadata?.labels ?? {} },
    },
  );
}

export function newest(deployment: Deployment, all: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...all]
    .sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp))
    .find((set) => sameTemplate(deployment, set));
}

export function inherited(deployment: Deployment): Record<string, string> {
  return Object.fromEntries(Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.includes(key)));
}

export function bounds(deployment: Deployment): Record<string, string> {
  const replicas = deployment.spec.replicas ?? 0;
  return { [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(replicas + maxSurge(deployment)) };
}

export function isScaling(deployment: Deployment, all: readonly ReplicaSet[]): boolean {
  return all.some(
    (set) =>
      (set.spec.replicas ?? 0) > 0 &&
      set.metadata.annotations?.[DESIRED_REPLICAS] !== undefined &&
      Number(set.metadata.annotations[DESIRED_REPLICAS]) !== (deployment.spec.replicas ?? 0),
  );
}

export function isComplete(deployment: Deployment, status: Deployment["status"]): boolean {
  const wanted = deployment.spec.replicas ?? 0;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

export function isProgressing(before: Deployment["status"], now: Deployment["status"]): boolean {
  const old = (status: Deployment["status"]) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

export function withCondition(
  conditions: readonly DeploymentCondition[],
  wanted: { type: string; status: string; reason: string; message: string },
  nowMs: number,
  touch = false,
): DeploymentCondition[] {
  const old = conditions.find((condition) => condition.type === wanted.type);
  if (old?.status === wanted.status && old.reason === wanted.reason && (!touch || old.message === wanted.message) && !touch)
    return [...conditions];
  const now = rfc3339(nowMs);
  const next: DeploymentCondition = {
    lastTransitionTime: (old?.status === wanted.status ? old.lastTransitionTime : undefined) ?? now,
    lastUpdateTime: now,
    message: wanted.message,
    reason: wanted.reason,
    status: wanted.status,
    type: wanted.type,
  };
  return [...conditions.filter((condition) => condition.type !== wanted.type), next];
}
