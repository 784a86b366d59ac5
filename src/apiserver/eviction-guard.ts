import type { Pod } from "../api/generated/core-v1.ts";
import type { PodDisruptionBudget } from "../api/generated/policy-v1.ts";
import { selectorFromLabelSelector } from "../api/labels.ts";
import { disruptionAllowed } from "../api/disruption-condition.ts";
import { isPodReady } from "../api/pod-facts.ts";
import { podDisruptionBudgets } from "../api/resources/pod-disruption-budget.ts";
import { forbiddenRequest, StatusError } from "../api/status.ts";
import type { Kind } from "../api/kind.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Registry } from "./registry.ts";
import type { RequestContext } from "./request-context.ts";

const MAX_DISRUPTED_PODS = 2000;
const VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget.";

/** Takes one disruption from the pod's budget, or throws. Upstream: pkg/registry/core/pod/storage/eviction.go */
export function guardEviction(registry: Registry, pod: Pod, context: RequestContext): void {
  const { views } = registry.list(podDisruptionBudgets as unknown as Kind, { namespace: pod.metadata.namespace });
  const budgets = (views.map((view) => view.object) as PodDisruptionBudget[]).filter((budget) => selects(budget, pod));
  if (budgets.length > 1)
    throw new StatusError({
      code: 500,
      message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    });
  const [budget] = budgets;
  if (!budget || needsNoBudget(budget, pod)) return;
  const { status } = budget;
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0))
    throw tooMany(10, `The disruption budget ${budget.metadata.name} is still being processed by the server.`);
  const refuse = (why: string) => forbiddenRequest({ group: "policy", plural: "poddisruptionbudget" }, budget.metadata.name, why);
  const disruptionsAllowed = status.disruptionsAllowed ?? 0;
  if (disruptionsAllowed < 0) throw refuse("pdb disruptions allowed is negative");
  if (Object.keys(status.disruptedPods ?? {}).length > MAX_DISRUPTED_PODS)
    throw refuse("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  if (disruptionsAllowed === 0) {
    throw tooMany(
      0,
      `The disruption budget ${budget.metadata.name} needs ${status.desiredHealthy ?? 0} healthy pods and has ${status.currentHealthy ?? 0} currently`,
    );
  }
  if (context.dryRun) return;
  const now = rfc3339(registry.clock.now());
  registry.modify(
    podDisruptionBudgets as unknown as Kind,
    budget.metadata,
    (current) => {
      const before = current as PodDisruptionBudget;
      const left = (before.status.disruptionsAllowed ?? 0) - 1;
      const next = {
        ...before.status,
        disruptionsAllowed: left,
        disruptedPods: { ...before.status.disruptedPods, [pod.metadata.name]: now },
      };
      return { ...before, status: left === 0 ? { ...next, conditions: disruptionAllowed(next, now) } : next } as PodDisruptionBudget;
    },
    context,
    { direct: true, action: "takes a disruption from" },
  );
}

/** A selector that selects nothing in particular selects nothing. */
function selects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  if (!spec.selector) return false;
  return selectorFromLabelSelector(spec.selector).matches(pod.metadata.labels ?? {});
}

/** A pod that is not ready does not count as healthy: its going takes nothing away. */
function needsNoBudget({ spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  if (isPodReady(pod)) return false;
  if (spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  return (status.currentHealthy ?? 0) >= (status.desiredHealthy ?? 0) && (status.desiredHealthy ?? 0) > 0;
}

function tooMany(retryAfterSeconds: number, cause: string): StatusError {
  return new StatusError({
    code: 429,
    reason: "TooManyRequests",
    message: VIOLATES,
    details: { ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}), causes: [{ reason: "DisruptionBudget", message: cause }] },
  });
}
