import type { Pod } from "../../api/generated/core-v1.ts";
import type { Eviction } from "../../api/generated/policy-v1.ts";
import type { ObjectName } from "../../api/meta.ts";
import { badRequest } from "../../api/status.ts";
import type { DeleteOptions } from "../deletion.ts";
import type { Registry } from "../registry.ts";
import type { RequestContext } from "../request-context.ts";

/** Asked before a pod is evicted; throws TooManyRequests where a disruption budget forbids it. */
export type EvictionGuard = (registry: Registry, pod: Pod, context: RequestContext) => void;

/** Upstream: pkg/registry/core/pod/storage/eviction.go */
export function evictPod(
  registry: Registry,
  name: ObjectName,
  eviction: Eviction,
  context: RequestContext,
  guard: EvictionGuard | undefined,
): void {
  if (eviction.metadata?.name && eviction.metadata.name !== name.name)
    throw badRequest("name in URL does not match name in Eviction object");
  const kind = registry.kinds.core("Pod");
  const pod = registry.get(kind, name) as Pod;
  const options: DeleteOptions = eviction.deleteOptions ?? {};
  const dryRun = context.dryRun || (eviction.deleteOptions?.dryRun ?? []).includes("All");
  // A pod that does no work any more disturbs nobody by going.
  const harmless = pod.metadata.deletionTimestamp !== undefined || ["Succeeded", "Failed", "Pending"].includes(pod.status?.phase ?? "");
  if (!harmless) guard?.(registry, pod, context);
  if (!dryRun) addDisruptionTarget(registry, pod, context);
  registry.delete(kind, name, options, { ...context, dryRun });
}

function addDisruptionTarget(registry: Registry, pod: Pod, context: RequestContext): void {
  const now = new Date(registry.clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
  registry.modify(
    registry.kinds.core("Pod"),
    pod.metadata,
    (current) => {
      const before = current as Pod;
      const others = (before.status?.conditions ?? []).filter((condition) => condition.type !== "DisruptionTarget");
      const condition = {
        type: "DisruptionTarget",
        status: "True",
        reason: "EvictionByEvictionAPI",
        message: "Eviction API: evicting",
        lastProbeTime: null as unknown as string,
        lastTransitionTime: now,
      };
      return { ...before, status: { ...before.status, conditions: [...others, condition] } };
    },
    context,
    { direct: true, action: "evicts" },
  );
}
