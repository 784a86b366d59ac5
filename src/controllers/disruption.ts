import type { Pod } from "../api/generated/core-v1.ts";
import type { PodDisruptionBudget } from "../api/generated/policy-v1.ts";
import { disruptionAllowed, disruptionSyncFailed } from "../api/disruption-condition.ts";
import { selectorFromLabelSelector } from "../api/labels.ts";
import { keyOf } from "../api/meta.ts";
import { isPodReady, isPodTerminal, podCondition } from "../api/pod-facts.ts";
import { deployments } from "../api/resources/deployment.ts";
import { podDisruptionBudgets } from "../api/resources/pod-disruption-budget.ts";
import { pods } from "../api/resources/pod.ts";
import { replicaSets } from "../api/resources/replica-set.ts";
import { replicationControllers } from "../api/resources/replication-controller.ts";
import { statefulSets } from "../api/resources/stateful-set.ts";
import { messageOf } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { sameValue } from "./support/hash.ts";
import { controllerOf } from "./support/owners.ts";

const NAME = "disruption-controller";
/** How long a pod whose eviction was approved counts as gone. Upstream: DeletionTimeout */
const DELETION_TIMEOUT_MS = 2 * 60_000;
/** When a pod that was to be disrupted and still is there is believed to stay. Upstream: stalePodDisruptionTimeout */
const STALE_MS = 2 * 60_000;

/** How many pods of a budget may go. Upstream: pkg/controller/disruption */
export const disruptionController: Controller = { name: NAME, start: (context) => new DisruptionController(context).start() };

class DisruptionController {
  readonly #context: ControllerContext;
  readonly #budgets: Reconciler;
  readonly #stale: Reconciler;

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as(NAME), events: context.events.from("controllermanager") };
    const { clock, tasks } = context;
    this.#budgets = new Reconciler({ name: NAME, clock, tasks, log: context.log, reconcile: (key) => this.#sync(key) });
    this.#stale = new Reconciler({ name: NAME, clock, tasks, log: context.log, reconcile: (key) => this.#clearStale(key) });
  }

  start(): void {
    const { informers } = this.#context;
    const budgets = informers.of(podDisruptionBudgets);
    const enqueue = (budget: PodDisruptionBudget) => this.#budgets.add(keyOf(budget));
    budgets.addHandler({ added: enqueue, updated: enqueue });
    const ofPod = (pod: Pod) => {
      for (const budget of budgets.inNamespace(pod.metadata.namespace ?? "")) if (selects(budget, pod)) enqueue(budget);
      if (podCondition(pod, "DisruptionTarget")?.status === "True" && !pod.metadata.deletionTimestamp && !isPodTerminal(pod))
        this.#stale.add(keyOf(pod));
    };
    informers.of(pods).addHandler({
      added: ofPod,
      updated: (pod, old) => {
        ofPod(pod);
        if (old.metadata.labels !== pod.metadata.labels) ofPod(old);
      },
      deleted: ofPod,
    });
    for (const kind of [deployments, replicaSets, replicationControllers, statefulSets]) {
      informers.of(kind as typeof replicaSets).addHandler({
        updated: (now, old) => {
          if (now.spec.replicas !== old.spec.replicas)
            for (const budget of budgets.inNamespace(now.metadata.namespace ?? "")) enqueue(budget);
        },
      });
    }
  }

  async #sync(key: string): Promise<Result | void> {
    const { informers, events, clock } = this.#context;
    const budget = informers.of(podDisruptionBudgets).find(key);
    if (!budget) return;
    const nowMs = clock.now();
    const own = informers
      .of(pods)
      .inNamespace(budget.metadata.namespace ?? "")
      .filter((pod) => selects(budget, pod));
    if (own.length === 0) events.event({ object: budget }, "Normal", "NoPods", "No matching pods found");
    let counts: { readonly expected: number; readonly desired: number; readonly unmanaged: boolean };
    try {
      counts = this.#expected(budget, own);
    } catch (error) {
      events.event(
        { object: budget },
        "Warning",
        "CalculateExpectedPodCountFailed",
        `Failed to calculate the number of expected pods: ${messageOf(error)}`,
      );
      const status = {
        ...budget.status,
        disruptionsAllowed: 0,
        conditions: disruptionSyncFailed(budget.status, messageOf(error), rfc3339(nowMs)),
      };
      return this.#write(budget, status);
    }
    if (counts.unmanaged) {
      events.event(
        { object: budget },
        "Warning",
        "UnmanagedPods",
        `Pods selected by this PodDisruptionBudget (selector: ${renderSelector(budget)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
      );
    }
    const disrupted = this.#disrupted(budget, own, nowMs);
    const healthy = own.filter(
      (pod) => !pod.metadata.deletionTimestamp && disrupted[pod.metadata.name] === undefined && isPodReady(pod),
    ).length;
    const allowed = counts.expected <= 0 ? 0 : Math.max(0, healthy - counts.desired);
    const status: PodDisruptionBudget["status"] = {
      ...(budget.status.conditions ? { conditions: budget.status.conditions } : {}),
      currentHealthy: healthy,
      desiredHealthy: counts.desired,
      ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
      disruptionsAllowed: allowed,
      expectedPods: counts.expected,
      observedGeneration: budget.metadata.generation ?? 0,
    };
    await this.#write(budget, { ...status, conditions: disruptionAllowed(status, rfc3339(nowMs)) });
    const dueMs = Object.values(disrupted).map((time) => Date.parse(time) + DELETION_TIMEOUT_MS - nowMs);
    if (dueMs.length > 0) return { requeueAfterMs: Math.max(1, Math.min(...dueMs)) };
  }

  async #write(budget: PodDisruptionBudget, status: PodDisruptionBudget["status"]): Promise<void> {
    if (sameValue(status, budget.status)) return;
    // What an eviction has taken in the meantime must not be given back: a conflict is tried again.
    await this.#context.client.updateStatus(podDisruptionBudgets, { ...budget, status });
  }

  /** Pods whose eviction was approved and that are still there. Upstream: buildDisruptedPodMap */
  #disrupted(budget: PodDisruptionBudget, own: readonly Pod[], nowMs: number): Record<string, string> {
    const result: Record<string, string> = {};
    for (const pod of own) {
      const time = budget.status.disruptedPods?.[pod.metadata.name];
      if (time === undefined || pod.metadata.deletionTimestamp) continue;
      if (Date.parse(time) + DELETION_TIMEOUT_MS > nowMs) result[pod.metadata.name] = time;
      else
        this.#context.events.event(
          { object: pod },
          "Warning",
          "NotDeleted",
          `Pod was expected by PDB ${budget.metadata.namespace}/${budget.metadata.namespace} to be deleted but it wasn't`,
        );
    }
    return result;
  }

  #expected({ spec }: PodDisruptionBudget, own: readonly Pod[]): { expected: number; desired: number; unmanaged: boolean } {
    if (spec.maxUnavailable !== undefined) {
      const { scale, unmanaged } = this.#scale(own);
      return { expected: scale, desired: Math.max(0, scale - scaledUp(spec.maxUnavailable, scale)), unmanaged };
    }
    if (typeof spec.minAvailable === "string") {
      const { scale, unmanaged } = this.#scale(own);
      return { expected: scale, desired: scaledUp(spec.minAvailable, scale), unmanaged };
    }
    return { expected: spec.minAvailable === undefined ? 0 : own.length, desired: spec.minAvailable ?? 0, unmanaged: false };
  }

  /** The size that the pods' controllers are to have, together. Upstream: getExpectedScale */
  #scale(own: readonly Pod[]): { scale: number; unmanaged: boolean } {
    const scales = new Map<string, number>();
    let unmanaged = false;
    for (const pod of own) {
      const owner = controllerOf(pod);
      if (!owner) unmanaged = true;
      else if (!scales.has(owner.uid)) {
        const found = this.#scaleOf(pod, owner);
        if (!found) throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
        scales.set(found.uid, found.replicas);
      }
    }
    return { scale: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
  }

  #scaleOf(
    pod: Pod,
    owner: { readonly kind: string; readonly name: string; readonly uid: string },
  ): { uid: string; replicas: number } | undefined {
    const { informers } = this.#context;
    const key = `${pod.metadata.namespace}/${owner.name}`;
    const take = (found: { metadata: { uid: string }; spec: { replicas?: number } } | undefined) =>
      found?.metadata.uid === owner.uid ? { uid: owner.uid, replicas: found.spec.replicas ?? 0 } : undefined;
    if (owner.kind === "ReplicationController") return take(informers.of(replicationControllers).find(key));
    if (owner.kind === "StatefulSet") return take(informers.of(statefulSets).find(key));
    if (owner.kind !== "ReplicaSet") return undefined;
    const set = informers.of(replicaSets).find(key);
    const above = set && controllerOf(set);
    const deployment = above?.kind === "Deployment" ? informers.of(deployments).find(`${pod.metadata.namespace}/${above.name}`) : undefined;
    return deployment ? { uid: deployment.metadata.uid, replicas: deployment.spec.replicas ?? 0 } : take(set);
  }

  async #clearStale(key: string): Promise<Result | void> {
    const { informers, client, clock } = this.#context;
    const pod = informers.of(pods).find(key);
    const condition = pod && podCondition(pod, "DisruptionTarget");
    if (
      !pod ||
      condition?.status !== "True" ||
      condition.reason === "TerminationByKubelet" ||
      pod.metadata.deletionTimestamp ||
      isPodTerminal(pod)
    )
      return;
    const leftMs = Date.parse(condition.lastTransitionTime ?? "") + STALE_MS - clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    const cleared = { type: "DisruptionTarget", status: "False", lastTransitionTime: rfc3339(clock.now()) };
    await client.mutate(
      pods,
      pod.metadata,
      (now) => {
        if (now.metadata.uid !== pod.metadata.uid || podCondition(now, "DisruptionTarget")?.status !== "True") return now;
        return {
          ...now,
          status: {
            ...now.status,
            conditions: [...(now.status.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget"), cleared],
          },
        };
      },
      { subresource: "status" },
    );
  }
}

function selects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  return spec.selector !== undefined && selectorFromLabelSelector(spec.selector).matches(pod.metadata.labels ?? {});
}

function scaledUp(value: number | string, of: number): number {
  return typeof value === "number" ? value : Math.ceil((Number.parseInt(value, 10) / 100) * of);
}

/** As Go prints a LabelSelector. */
function renderSelector({ spec }: PodDisruptionBudget): string {
  const labels = Object.entries(spec.selector?.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
    .join("");
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{},}`;
}
