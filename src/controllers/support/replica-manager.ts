import type { Pod, PodTemplateSpec } from "../../api/generated/core-v1.ts";
import type { Kind } from "../../api/kind.ts";
import { keyOf, type KubernetesObject } from "../../api/meta.ts";
import { podCondition, isPodActive, isPodReady } from "../../api/pod-facts.ts";
import type { Selector } from "../../api/labels.ts";
import { pods } from "../../api/resources/pod.ts";
import type { Informer } from "../../client/informer.ts";
import { Reconciler, type Result } from "../../client/reconciler.ts";
import { rfc3339 } from "../../util/clock.ts";
import type { ControllerContext } from "../controller.ts";
import { adoptedBy, controllerOf, orphanIndex, ORPHANS } from "./owners.ts";
import { Expectations, PodControl, slowStart } from "./pod-control.ts";
import { type PodCounts, PodCounting, type PodFacts, PodTally } from "./pod-tally.ts";

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
export function startReplicaManager<T extends ReplicaOwner>(context: ControllerContext, options: ReplicaManagerOptions<T>): void {
  new ReplicaManager(context, options).start();
}

class ReplicaManager<T extends ReplicaOwner> {
  readonly #options: ReplicaManagerOptions<T>;
  readonly #context: ControllerContext;
  readonly #control: PodControl<T>;
  readonly #expectations = new Expectations();
  readonly #owners: Informer<T>;
  readonly #pods: Informer<Pod>;
  readonly #reconciler: Reconciler;
  readonly #tally: PodTally<T>;

  constructor(context: ControllerContext, options: ReplicaManagerOptions<T>) {
    const { name, kind } = options;
    const client = context.client.as(name);
    this.#options = options;
    this.#context = { ...context, client, events: context.events.from(name) };
    this.#control = new PodControl<T>(this.#context, kind);
    this.#owners = context.informers.of(kind);
    this.#pods = context.informers.of(pods);
    this.#tally = new PodTally((owner) => options.selectorOf(owner));
    this.#reconciler = new Reconciler({
      name,
      clock: context.clock,
      tasks: context.tasks,
      reconcile: (key) => this.#reconcile(key),
      log: context.log,
    });
  }

  start(): void {
    const { kind } = this.#options;
    this.#pods.addIndex(ORPHANS, orphanIndex);
    this.#owners.addHandler({
      added: (owner) => this.#reconciler.add(keyOf(owner)),
      updated: (owner) => this.#reconciler.add(keyOf(owner)),
      deleted: (owner) => {
        this.#expectations.forget(keyOf(owner));
        this.#reconciler.add(keyOf(owner));
      },
    });
    this.#pods.addHandler({
      added: (pod) => this.#enqueueOwner(pod),
      updated: (pod, old) => {
        this.#enqueueOwner(pod);
        const [now, before] = [controllerOf(pod), controllerOf(old)];
        if (before && before.uid !== now?.uid && before.kind === kind.kind)
          this.#reconciler.add(`${pod.metadata.namespace}/${before.name}`);
      },
      deleted: (pod) => {
        const reference = controllerOf(pod);
        if (reference?.kind === kind.kind) this.#expectations.seenDeleted(`${pod.metadata.namespace}/${reference.name}`, pod);
        this.#enqueueOwner(pod);
      },
    });
  }

  #enqueueOwner(pod: Pod): void {
    const { kind, selectorOf } = this.#options;
    const reference = controllerOf(pod);
    if (reference) {
      if (reference.kind === kind.kind) this.#reconciler.add(`${pod.metadata.namespace}/${reference.name}`);
      return;
    }
    // An orphan may be adopted by whoever selects it.
    for (const owner of this.#owners.inNamespace(pod.metadata.namespace ?? ""))
      if (selectorOf(owner).matches(pod.metadata.labels)) this.#reconciler.add(keyOf(owner));
  }

  async #reconcile(key: string): Promise<Result | void> {
    const owner = this.#owners.find(key);
    if (!owner) return {};
    const settled = this.#expectations.settled(
      key,
      (podKey) => this.#pods.find(podKey),
      (uid) => !this.#pods.byIndex("owner", owner.metadata.uid).some((pod) => pod.metadata.uid === uid && !pod.metadata.deletionTimestamp),
    );
    const { own, counts } = await this.#claim(owner);
    let failure: Error | undefined;
    if (settled && !owner.metadata.deletionTimestamp && counts.active !== (owner.spec.replicas ?? 0)) {
      try {
        await this.#manage(owner, key, own.filter(isPodActive));
      } catch (error) {
        failure = error as Error;
      }
    }
    await this.#updateStatus(owner, counts, failure);
    if (failure) throw failure;
    return counts.ready > counts.available ? { requeueAfterMs: (owner.spec.minReadySeconds ?? 0) * 1000 } : {};
  }

  /** The pods that are its own: orphans that match are adopted, own ones that no longer match are let go. */
  async #claim(owner: T): Promise<{ readonly own: readonly Pod[]; readonly counts: PodCounts }> {
    const { kind } = this.#options;
    const own: Pod[] = [];
    const counting = new PodCounting(owner.spec.minReadySeconds ?? 0, this.#context.clock.now());
    const factsOf = this.#tally.factsFor(owner);
    const take = (pod: Pod, facts: PodFacts) => {
      own.push(pod);
      counting.add(pod, facts);
    };
    for (const pod of this.#pods.byIndex("owner", owner.metadata.uid)) {
      const facts = factsOf(pod);
      if (facts.selected) take(pod, facts);
      else if (!owner.metadata.deletionTimestamp) await this.#release(pod, owner);
    }
    const { counts } = counting;
    if (owner.metadata.deletionTimestamp) return { own, counts };
    for (const pod of this.#pods.byIndex(ORPHANS, owner.metadata.namespace ?? "")) {
      const { active, selected } = factsOf(pod);
      if (!active || !selected) continue;
      const adopt = (current: Pod) => adoptedBy(current, kind, owner, pod.metadata.uid);
      const adopted = await this.#context.client.mutate(pods, pod.metadata, adopt);
      if (adopted && controllerOf(adopted)?.uid === owner.metadata.uid) take(adopted, factsOf(adopted));
    }
    return { own, counts };
  }

  async #release(pod: Pod, owner: T): Promise<void> {
    await this.#context.client.mutate(pods, pod.metadata, (current) => ({
      ...current,
      metadata: {
        ...current.metadata,
        ownerReferences: current.metadata.ownerReferences?.filter((reference) => reference.uid !== owner.metadata.uid),
      } as Pod["metadata"],
    }));
  }

  async #manage(owner: T, key: string, active: readonly Pod[]): Promise<void> {
    const { clock } = this.#context;
    const missing = (owner.spec.replicas ?? 0) - active.length;
    if (missing > 0 && owner.spec.template) {
      const template = owner.spec.template;
      const create = async () => this.#expectations.expectCreated(key, await this.#control.create(owner, template));
      await slowStart(clock, Math.min(missing, BURST), create);
    } else if (missing < 0) {
      const victims = leastNeeded(active, Math.min(-missing, BURST), clock.now());
      for (const victim of victims) this.#expectations.expectDeleted(key, victim);
      await Promise.all(
        victims.map((victim) =>
          this.#control.delete(owner, victim).catch((error: unknown) => {
            this.#expectations.seenDeleted(key, victim);
            throw error;
          }),
        ),
      );
    }
  }

  async #updateStatus(owner: T, counts: PodCounts, failure: Error | undefined): Promise<void> {
    const { kind } = this.#options;
    const { client, clock } = this.#context;
    const status: ReplicaStatus = {
      ...owner.status,
      replicas: counts.active,
      fullyLabeledReplicas: counts.labelled,
      readyReplicas: counts.ready,
      availableReplicas: counts.available,
      ...(kind.kind === "ReplicaSet" ? { terminatingReplicas: counts.terminating } : {}),
      observedGeneration: owner.metadata.generation ?? 0,
    };
    for (const field of ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"] as const)
      if (status[field] === 0) delete status[field];
    const reason = (owner.spec.replicas ?? 0) > counts.active ? "FailedCreate" : "FailedDelete";
    const condition = failure
      ? { type: "ReplicaFailure", status: "True", lastTransitionTime: rfc3339(clock.now()), reason, message: failure.message }
      : undefined;
    const before = status.conditions?.find((other) => other.type === "ReplicaFailure");
    // The first failure stays told: every try's message may name another pod. Upstream: replica_set_utils.go calculateStatus
    if (condition && !before) status.conditions = [condition];
    else if (!condition && before) delete status.conditions;
    if (same(status, owner.status)) return;
    const write = (current: T) => (current.metadata.uid === owner.metadata.uid ? { ...current, status } : current);
    await client.mutate(kind, owner.metadata, write, { subresource: "status" });
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
