import type { ControllerRevision, StatefulSet } from "../api/generated/apps-v1.ts";
import type { PersistentVolumeClaim, Pod } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { isPodAvailable, isPodReady, isPodTerminal } from "../api/pod-facts.ts";
import { controllerRevisions } from "../api/resources/controller-revision.ts";
import { persistentVolumeClaims } from "../api/resources/persistent-volume-claim.ts";
import { pods } from "../api/resources/pod.ts";
import { statefulSets } from "../api/resources/stateful-set.ts";
import { isAlreadyExists, isNotFound, messageOf } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { isStaleClaim, retentionOwners } from "./support/claim-retention.ts";
import { sameValue } from "./support/hash.ts";
import { controllerOf, controllerReference } from "./support/owners.ts";
import { cleanUpHistory, ensureRevision, historyOf, REVISION_HASH, templateOf } from "./support/revisions.ts";

const NAME = "statefulset-controller";
const POD_NAME = "statefulset.kubernetes.io/pod-name";
const POD_INDEX = "apps.kubernetes.io/pod-index";

/** Pods with names and volumes of their own, made and taken away in order. Upstream: pkg/controller/statefulset */
export const statefulSetController: Controller = { name: NAME, start: (context) => new StatefulSetController(context).start() };

interface Revisions {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
}

class StatefulSetController {
  readonly #context: ControllerContext;
  readonly #reconciler: Reconciler;

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as(NAME), events: context.events.from(NAME) };
    this.#reconciler = new Reconciler({
      name: NAME,
      clock: context.clock,
      tasks: context.tasks,
      reconcile: (key) => this.#reconcile(key),
      log: context.log,
    });
  }

  start(): void {
    const { informers } = this.#context;
    informers
      .of(statefulSets)
      .addHandler({ added: (set) => this.#reconciler.add(keyOf(set)), updated: (set) => this.#reconciler.add(keyOf(set)) });
    const ofPod = (pod: Pod) => {
      const owner = controllerOf(pod);
      if (owner?.kind === "StatefulSet") this.#reconciler.add(`${pod.metadata.namespace}/${owner.name}`);
    };
    informers.of(pods).addHandler({ added: ofPod, updated: ofPod, deleted: ofPod });
    informers.of(controllerRevisions);
    // A claim that had to go first is gone: its pod may come back now.
    informers.of(persistentVolumeClaims).addHandler({
      deleted: ({ metadata }) => {
        for (const { kind, name } of metadata.ownerReferences ?? [])
          if (kind === "StatefulSet" || kind === "Pod")
            this.#reconciler.add(`${metadata.namespace}/${kind === "Pod" ? name.replace(/-\d+$/, "") : name}`);
      },
    });
  }

  async #reconcile(key: string): Promise<Result | void> {
    const { informers, clock } = this.#context;
    const set = informers.of(statefulSets).find(key);
    if (!set || set.metadata.deletionTimestamp) return;
    const update = await ensureRevision(this.#context, statefulSets, set);
    const current = historyOf(this.#context, set).find((revision) => revision.metadata.name === set.status.currentRevision) ?? update;
    const own = () => informers.of(pods).byIndex("owner", set.metadata.uid);
    let failure: unknown;
    await this.#manage(set, own(), { current, update }).catch((error: unknown) => {
      failure = error;
    });
    await this.#updateStatus(set, own(), { current, update });
    await cleanUpHistory(this.#context, set, new Set([current, update].map((revision) => revision.metadata.labels?.[REVISION_HASH])));
    if (failure) throw failure;
    const waitSeconds = set.spec.minReadySeconds ?? 0;
    const pending = waitSeconds > 0 && own().some((pod) => isPodReady(pod) && !isPodAvailable(pod, waitSeconds, clock.now()));
    if (pending) return { requeueAfterMs: waitSeconds * 1000 };
  }

  /** One step for an ordered set; everything at once for a parallel one. Upstream: updateStatefulSet */
  async #manage(set: StatefulSet, own: readonly Pod[], revisions: Revisions): Promise<void> {
    const ordered = set.spec.podManagementPolicy !== "Parallel";
    const start = set.spec.ordinals?.start ?? 0;
    const end = start + (set.spec.replicas ?? 0);
    const byOrdinal = new Map(own.map((pod) => [ordinalOf(set, pod), pod]));
    for (let ordinal = start; ordinal < end; ordinal++) {
      const pod = byOrdinal.get(ordinal);
      if (!pod) await this.#create(set, ordinal, revisions);
      else if (isPodTerminal(pod) && !pod.metadata.deletionTimestamp) {
        this.#context.events.event(
          { object: set },
          "Warning",
          "RecreatingFailedPod",
          `StatefulSet ${keyOf(set)} is recreating failed Pod ${pod.metadata.name}`,
        );
        await this.#delete(set, pod);
      } else {
        await this.#keepClaims(set, pod, false);
        if (this.#isHealthy(set, pod)) continue;
      }
      if (ordered) return;
    }
    const condemned = own
      .filter((pod) => ordinalOf(set, pod) < start || ordinalOf(set, pod) >= end)
      .sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a));
    for (const pod of condemned) await this.#keepClaims(set, pod, true);
    const firstUnhealthy = condemned.findLast((pod) => !this.#isHealthy(set, pod));
    for (const pod of condemned) {
      // A pod that is on its way out holds up the next; so does one that is unwell, unless it is the lowest of them.
      if (ordered && (pod.metadata.deletionTimestamp || (!this.#isHealthy(set, pod) && pod !== firstUnhealthy))) return;
      if (!pod.metadata.deletionTimestamp) await this.#delete(set, pod);
      if (ordered) return;
    }
    if (set.spec.updateStrategy?.type !== "RollingUpdate") return;
    await this.#roll(set, byOrdinal, revisions.update);
  }

  /** Highest first, down to the partition: one at a time, or as many as may be missing. Upstream: updateStatefulSetAfterInvariantEstablished */
  async #roll(set: StatefulSet, byOrdinal: ReadonlyMap<number, Pod>, update: ControllerRevision): Promise<void> {
    const start = set.spec.ordinals?.start ?? 0;
    const { partition = 0, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {};
    const lowest = start + partition;
    if (maxUnavailable !== undefined) {
      const present = [...byOrdinal].filter(([ordinal]) => ordinal >= start && ordinal < start + (set.spec.replicas ?? 0));
      // Who has just been made again is not here yet.
      const unavailable = (set.spec.replicas ?? 0) - present.filter(([, pod]) => this.#isHealthy(set, pod)).length;
      const outdated = present
        .filter(([ordinal, pod]) => ordinal >= lowest && pod.metadata.labels?.[REVISION_HASH] !== update.metadata.name)
        .filter(([, pod]) => !pod.metadata.deletionTimestamp)
        .sort(([a], [b]) => b - a);
      const allowed = Math.max(1, resolved(maxUnavailable, set.spec.replicas ?? 0)) - unavailable;
      for (const [, pod] of outdated.slice(0, Math.max(0, allowed))) await this.#delete(set, pod);
      return;
    }
    for (let ordinal = start + (set.spec.replicas ?? 0) - 1; ordinal >= lowest; ordinal--) {
      const pod = byOrdinal.get(ordinal);
      if (!pod) return;
      if (pod.metadata.labels?.[REVISION_HASH] !== update.metadata.name && !pod.metadata.deletionTimestamp) return this.#delete(set, pod);
      if (!this.#isHealthy(set, pod)) return;
    }
  }

  #isHealthy(set: StatefulSet, pod: Pod): boolean {
    return (
      pod.status.phase === "Running" &&
      !pod.metadata.deletionTimestamp &&
      isPodAvailable(pod, set.spec.minReadySeconds ?? 0, this.#context.clock.now())
    );
  }

  async #create(set: StatefulSet, ordinal: number, revisions: Revisions): Promise<void> {
    const { client, events } = this.#context;
    const name = `${set.metadata.name}-${ordinal}`;
    try {
      if (!(await this.#createClaims(set, ordinal))) return;
      await client.create(pods, podOf(set, ordinal, this.#revisionFor(set, ordinal, revisions)) as never);
      events.event({ object: set }, "Normal", "SuccessfulCreate", `create Pod ${name} in StatefulSet ${set.metadata.name} successful`);
    } catch (error) {
      if (isAlreadyExists(error)) return;
      events.event(
        { object: set },
        "Warning",
        "FailedCreate",
        `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`,
      );
      throw error;
    }
  }

  /** Below the partition, or not yet reached by the update: the revision before. Upstream: newVersionedStatefulSetPod */
  #revisionFor(set: StatefulSet, ordinal: number, { current, update }: Revisions): ControllerRevision {
    if (set.spec.updateStrategy?.type !== "RollingUpdate") return update;
    const start = set.spec.ordinals?.start ?? 0;
    const partition = set.spec.updateStrategy.rollingUpdate?.partition ?? 0;
    return ordinal < start + (partition > 0 ? partition : (set.status.currentReplicas ?? 0)) ? current : update;
  }

  /** False: a claim of before has to go first. */
  async #createClaims(set: StatefulSet, ordinal: number): Promise<boolean> {
    const { client, events, informers } = this.#context;
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const name = `${template.metadata.name}-${set.metadata.name}-${ordinal}`;
      const known = informers.of(persistentVolumeClaims).find(`${set.metadata.namespace}/${name}`);
      if (known && isStaleClaim(known, `${set.metadata.name}-${ordinal}`)) return false;
      if (known) continue;
      const labels = { ...template.metadata.labels, ...set.spec.selector.matchLabels };
      const claim: Partial<PersistentVolumeClaim> = {
        metadata: { ...template.metadata, name, namespace: set.metadata.namespace as string, labels },
        spec: structuredClone(template.spec),
      };
      try {
        await client.create(persistentVolumeClaims, claim as never);
        events.event(
          { object: set },
          "Normal",
          "SuccessfulCreate",
          `create Claim ${name} Pod ${set.metadata.name}-${ordinal} in StatefulSet ${set.metadata.name} success`,
        );
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
    return true;
  }

  /** Upstream: UpdatePodClaimForRetentionPolicy */
  async #keepClaims(set: StatefulSet, pod: Pod, isCondemned: boolean): Promise<void> {
    const { client, informers } = this.#context;
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const key = `${set.metadata.namespace}/${template.metadata.name}-${pod.metadata.name}`;
      const claim = informers.of(persistentVolumeClaims).find(key);
      if (!claim || !retentionOwners(claim, set, pod, isCondemned)) continue;
      await client.mutate(persistentVolumeClaims, claim.metadata, (now) => {
        const owners = retentionOwners(now, set, pod, isCondemned);
        if (!owners || now.metadata.uid !== claim.metadata.uid) return now;
        const { ownerReferences: _, ...metadata } = now.metadata;
        return { ...now, metadata: owners.length > 0 ? { ...metadata, ownerReferences: [...owners] } : metadata };
      });
    }
  }

  async #delete(set: StatefulSet, pod: Pod): Promise<void> {
    const { client, events } = this.#context;
    try {
      await client.delete(pods, pod.metadata, { preconditions: { uid: pod.metadata.uid } });
      events.event(
        { object: set },
        "Normal",
        "SuccessfulDelete",
        `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #updateStatus(set: StatefulSet, own: readonly Pod[], { current, update }: Revisions): Promise<void> {
    const nowMs = this.#context.clock.now();
    const count = (matches: (pod: Pod) => boolean) => own.filter(matches).length;
    const ofRevision = (revision: ControllerRevision) =>
      count((pod) => pod.metadata.labels?.[REVISION_HASH] === revision.metadata.name && !pod.metadata.deletionTimestamp);
    const ready = count((pod) => pod.status.phase === "Running" && isPodReady(pod));
    const updated = ofRevision(update);
    const done = updated === (set.spec.replicas ?? 0) && own.length === updated && ready === updated;
    const currentReplicas = done ? updated : ofRevision(current);
    const status: StatefulSet["status"] = {
      availableReplicas: count((pod) => pod.status.phase === "Running" && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)),
      collisionCount: set.status.collisionCount ?? 0,
      ...(currentReplicas > 0 ? { currentReplicas } : {}),
      currentRevision: (done ? update : current).metadata.name,
      observedGeneration: set.metadata.generation ?? 0,
      ...(ready > 0 ? { readyReplicas: ready } : {}),
      replicas: own.length,
      updateRevision: update.metadata.name,
      ...(updated > 0 ? { updatedReplicas: updated } : {}),
    };
    if (sameValue(status, set.status)) return;
    await this.#context.client.mutate(
      statefulSets,
      set.metadata,
      (now) => (now.metadata.uid === set.metadata.uid ? { ...now, status } : now),
      { subresource: "status" },
    );
  }
}

/** A number, or a part rounded down. */
const resolved = (value: number | string, of: number) =>
  typeof value === "number" ? value : Math.floor((Number.parseInt(value, 10) / 100) * of);

function ordinalOf(set: StatefulSet, pod: Pod): number {
  return Number(pod.metadata.name.slice(set.metadata.name.length + 1));
}

/** Upstream: newStatefulSetPod, initIdentity, updateStorage */
function podOf(set: StatefulSet, ordinal: number, revision: ControllerRevision): object {
  const template = templateOf(revision) ?? set.spec.template;
  const name = `${set.metadata.name}-${ordinal}`;
  const claims = (set.spec.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: `${claim.metadata.name}-${name}` },
  }));
  const spec = structuredClone(template.spec);
  const volumes = [...claims, ...(spec.volumes ?? []).filter((volume) => !claims.some((claim) => claim.name === volume.name))];
  return {
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: { ...template.metadata?.labels, [POD_INDEX]: String(ordinal), [POD_NAME]: name, [REVISION_HASH]: revision.metadata.name },
      annotations: { ...template.metadata?.annotations },
      ownerReferences: [controllerReference(statefulSets as never, set)],
    },
    spec: {
      ...spec,
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}
