import type { Pod, PodTemplateSpec } from "../../api/generated/core-v1.ts";
import type { Kind } from "../../api/kind.ts";
import { keyOf, type KubernetesObject } from "../../api/meta.ts";
import { podCondition, isPodActive, isPodAvailable, isPodReady, isPodTerminal } from "../../api/pod-facts.ts";
import type { Selector } from "../../api/labels.ts";
import { pods } from "../../api/resources/pod.ts";
import { Reconciler, type Result } from "../../client/reconciler.ts";
import { rfc3339 } from "../../util/clock.ts";
import type { ControllerContext } from "../controller.ts";
import { adoptedBy, controllerOf, orphanIndex, ORPHANS } from "./owners.ts";
import { Expectations, PodControl, slowStart } from "./pod-control.ts";

// Upstream: BurstReplicas.
const BURST = 500;

/** What ReplicaSets and ReplicationControllers have in common. */
export interface ReplicaOwner extends KubernetesObject {
  spec: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec };
  status: ReplicaStatus;
}

export interface ReplicaStatus {
  replicas?: number;
  fullyLabeledReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  terminatingReplicas?: number;
  observedGeneration?: number;
  conditions?: { type?: string; status?: string; reason?: string; message?: string; lastTransitionTime?: string }[];
}

export interface ReplicaManagerOptions<T extends ReplicaOwner> {
  readonly name: string;
  readonly kind: Kind<T>;
  selectorOf(owner: T): Selector;
}

/** Keeps as many pods as an object asks for. Upstream: pkg/controller/replicaset/replica_set.go */
export function startReplicaManager<T extends ReplicaOwner>(
  context: ControllerContext,
  { name, kind, selectorOf }: ReplicaManagerOptions<T>,
): void {
  const { informers, clock, tasks } = context;
  const client = context.client.as(name);
  const control = new PodControl<T>({ ...context, client, events: context.events.from(name) }, kind);
  const owners = informers.of(kind);
  const podInformer = informers.of(pods);
  podInformer.addIndex(ORPHANS, orphanIndex);
  const expectations = new Expectations();
  const reconciler = new Reconciler({ name, clock, tasks, reconcile, onError: (key, error) => context.log(name, key, error) });

  const enqueueOwner = (pod: Pod) => {
    const reference = controllerOf(pod);
    if (reference) {
      if (reference.kind === kind.kind) reconciler.add(`${pod.metadata.namespace}/${reference.name}`);
      return;
    }
    // An orphan may be adopted by whoever selects it.
    for (const owner of owners.inNamespace(pod.metadata.namespace ?? ""))
      if (selectorOf(owner).matches(pod.metadata.labels)) reconciler.add(keyOf(owner));
  };
  owners.addHandler({
    added: (owner) => reconciler.add(keyOf(owner)),
    updated: (owner) => reconciler.add(keyOf(owner)),
    deleted: (owner) => {
      expectations.forget(keyOf(owner));
      reconciler.add(keyOf(owner));
    },
  });
  podInformer.addHandler({
    added: enqueueOwner,
    updated: (pod, old) => {
      enqueueOwner(pod);
      const [now, before] = [controllerOf(pod), controllerOf(old)];
      if (before && before.uid !== now?.uid && before.kind === kind.kind) reconciler.add(`${pod.metadata.namespace}/${before.name}`);
    },
    deleted: (pod) => {
      const reference = controllerOf(pod);
      if (reference?.kind === kind.kind) expectations.seenDeleted(`${pod.metadata.namespace}/${reference.name}`, pod);
      enqueueOwner(pod);
    },
  });

  async function reconcile(key: string): Promise<Result | void> {
    const owner = owners.find(key);
    if (!owner) return {};
    const settled = expectations.settled(
      key,
      (podKey) => podInformer.find(podKey),
      (uid) => !podInformer.byIndex("owner", owner.metadata.uid).some((pod) => pod.metadata.uid === uid && !pod.metadata.deletionTimestamp),
    );
    const own = await claim(owner);
    let failure: Error | undefined;
    if (settled && !owner.metadata.deletionTimestamp) {
      try {
        await manage(owner, key, own.filter(isPodActive));
      } catch (error) {
        failure = error as Error;
      }
    }
    await updateStatus(owner, own, failure);
    if (failure) throw failure;
    const pending = own.filter(
      (pod) => isPodActive(pod) && isPodReady(pod) && !isPodAvailable(pod, owner.spec.minReadySeconds ?? 0, clock.now()),
    );
    return pending.length > 0 ? { requeueAfterMs: (owner.spec.minReadySeconds ?? 0) * 1000 } : {};
  }

  /** The pods that are its own: orphans that match are adopted, own ones that no longer match are let go. */
  async function claim(owner: T): Promise<Pod[]> {
    const selector = selectorOf(owner);
    const own: Pod[] = [];
    for (const pod of podInformer.byIndex("owner", owner.metadata.uid)) {
      if (selector.matches(pod.metadata.labels)) own.push(pod);
      else if (!owner.metadata.deletionTimestamp) await release(pod, owner);
    }
    if (owner.metadata.deletionTimestamp) return own;
    for (const pod of podInformer.byIndex(ORPHANS, owner.metadata.namespace ?? "")) {
      if (!isPodActive(pod) || !selector.matches(pod.metadata.labels)) continue;
      const adopted = await client.mutate(pods, pod.metadata, (current) => adoptedBy(current, kind, owner, pod.metadata.uid));
      if (adopted && controllerOf(adopted)?.uid === owner.metadata.uid) own.push(adopted);
    }
    return own;
  }

  async function release(pod: Pod, owner: T): Promise<void> {
    await client.mutate(pods, pod.metadata, (current) => ({
      ...current,
      metadata: {
        ...current.metadata,
        ownerReferences: current.metadata.ownerReferences?.filter((reference) => reference.uid !== owner.metadata.uid),
      } as Pod["metadata"],
    }));
  }

  async function manage(owner: T, key: string, active: readonly Pod[]): Promise<void> {
    const missing = (owner.spec.replicas ?? 0) - active.length;
    if (missing > 0 && owner.spec.template) {
      const template = owner.spec.template;
      await slowStart(clock, Math.min(missing, BURST), async () => expectations.expectCreated(key, await control.create(owner, template)));
    } else if (missing < 0) {
      const victims = leastNeeded(active, Math.min(-missing, BURST), clock.now());
      for (const victim of victims) expectations.expectDeleted(key, victim);
      await Promise.all(
        victims.map((victim) =>
          control.delete(owner, victim).catch((error: unknown) => {
            expectations.seenDeleted(key, victim);
            throw error;
          }),
        ),
      );
    }
  }

  async function updateStatus(owner: T, own: readonly Pod[], failure: Error | undefined): Promise<void> {
    const active = own.filter(isPodActive);
    const labels = Object.entries(owner.spec.template?.metadata?.labels ?? {});
    const status: ReplicaStatus = {
      ...owner.status,
      replicas: active.length,
      fullyLabeledReplicas: active.filter((pod) => labels.every(([label, value]) => pod.metadata.labels?.[label] === value)).length,
      readyReplicas: active.filter(isPodReady).length,
      availableReplicas: active.filter((pod) => isPodAvailable(pod, owner.spec.minReadySeconds ?? 0, clock.now())).length,
      ...(kind.kind === "ReplicaSet"
        ? { terminatingReplicas: own.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod)).length }
        : {}),
      observedGeneration: owner.metadata.generation ?? 0,
    };
    for (const field of ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"] as const)
      if (status[field] === 0) delete status[field];
    const reason = (owner.spec.replicas ?? 0) > active.length ? "FailedCreate" : "FailedDelete";
    const condition = failure
      ? { type: "ReplicaFailure", status: "True", lastTransitionTime: rfc3339(clock.now()), reason, message: failure.message }
      : undefined;
    const before = status.conditions?.find((other) => other.type === "ReplicaFailure");
    // The first failure stays told: every try's message may name another pod. Upstream: replica_set_utils.go calculateStatus
    if (condition && !before) status.conditions = [condition];
    else if (!condition && before) delete status.conditions;
    if (same(status, owner.status)) return;
    await client.mutate(
      kind,
      owner.metadata,
      (current) => (current.metadata.uid === owner.metadata.uid ? { ...current, status } : current),
      { subresource: "status" },
    );
  }
}

function same(a: ReplicaStatus, b: ReplicaStatus): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof ReplicaStatus>;
  return [...keys].every((key) => JSON.stringify(a[key]) === JSON.stringify(b[key]));
}

const PHASES: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/** Whom to delete first. Upstream: ActivePodsWithRanks */
function leastNeeded(active: readonly Pod[], count: number, nowMs: number): Pod[] {
  if (count >= active.length) return [...active];
  const perNode = new Map<string, number>();
  for (const pod of active) perNode.set(pod.spec.nodeName ?? "", (perNode.get(pod.spec.nodeName ?? "") ?? 0) + 1);
  const cost = (pod: Pod) => Number(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0);
  const restarts = (pod: Pod) => Math.max(0, ...(pod.status.containerStatuses ?? []).map((container) => container.restartCount));
  const readySince = (pod: Pod) => Date.parse(podCondition(pod, "Ready")?.lastTransitionTime ?? "") || nowMs;
  // Upstream compares ages by orders of magnitude, so that not always the same pods go.
  const magnitude = (ms: number) => Math.floor(Math.log2(Math.max(1, (nowMs - ms) / 1000)));
  return [...active]
    .sort(
      (a, b) =>
        Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
        (PHASES[a.status.phase ?? ""] ?? 0) - (PHASES[b.status.phase ?? ""] ?? 0) ||
        Number(isPodReady(a)) - Number(isPodReady(b)) ||
        cost(a) - cost(b) ||
        (perNode.get(b.spec.nodeName ?? "") ?? 0) - (perNode.get(a.spec.nodeName ?? "") ?? 0) ||
        magnitude(readySince(a)) - magnitude(readySince(b)) ||
        restarts(b) - restarts(a) ||
        magnitude(Date.parse(a.metadata.creationTimestamp)) - magnitude(Date.parse(b.metadata.creationTimestamp)) ||
        (a.metadata.uid < b.metadata.uid ? -1 : 1),
    )
    .slice(0, count);
}
