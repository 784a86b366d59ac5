import type { Deployment, ReplicaSet } from "../api/generated/apps-v1.ts";
import type { PodTemplateSpec } from "../api/generated/core-v1.ts";
import type { Kind } from "../api/kind.ts";
import { selectorFromLabelSelector } from "../api/labels.ts";
import { keyOf } from "../api/meta.ts";
import { deployments } from "../api/resources/deployment.ts";
import { pods } from "../api/resources/pod.ts";
import { replicaSets } from "../api/resources/replica-set.ts";
import { isAlreadyExists, isNotFound, messageOf } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import {
  bounds,
  HASH_LABEL,
  inherited,
  isComplete,
  isScaling,
  newest,
  REVISION,
  REVISION_HISTORY,
  revisionOf,
  sameTemplate,
} from "./support/deployment-facts.ts";
import { deploymentStatus } from "./support/deployment-status.ts";
import { maxSurge, maxUnavailable, newReplicas, total } from "./support/deployment-sizes.ts";
import { safeHash, sameValue } from "./support/hash.ts";
import { adoptedBy, controllerOf, controllerReference, orphanIndex, ORPHANS } from "./support/owners.ts";

/** Upstream: pkg/controller/deployment */
export const deploymentController: Controller = {
  name: "deployment-controller",
  start: (context) => new DeploymentController(context).start(),
};

class DeploymentController {
  readonly #context: ControllerContext;
  readonly #reconciler: Reconciler;

  constructor(context: ControllerContext) {
    const name = "deployment-controller";
    this.#context = { ...context, client: context.client.as(name), events: context.events.from(name) };
    this.#reconciler = new Reconciler({
      name,
      clock: context.clock,
      tasks: context.tasks,
      reconcile: (key) => this.#reconcile(key),
      log: context.log,
    });
  }

  start(): void {
    const { informers } = this.#context;
    informers.of(deployments).addHandler({
      added: (deployment) => this.#reconciler.add(keyOf(deployment)),
      updated: (deployment) => this.#reconciler.add(keyOf(deployment)),
    });
    const ofSet = (set: ReplicaSet) => {
      const owner = controllerOf(set);
      if (owner?.kind === "Deployment") this.#reconciler.add(`${set.metadata.namespace}/${owner.name}`);
      if (owner) return;
      for (const deployment of informers.of(deployments).inNamespace(set.metadata.namespace ?? "")) {
        if (selectorFromLabelSelector(deployment.spec.selector).matches(set.metadata.labels)) this.#reconciler.add(keyOf(deployment));
      }
    };
    informers.of(replicaSets).addIndex(ORPHANS, orphanIndex);
    informers.of(replicaSets).addHandler({ added: ofSet, updated: ofSet, deleted: ofSet });
    // Recreate waits for the last old pod to be gone.
    informers.of(pods).addHandler({
      deleted: (pod) => {
        const set = informers.of(replicaSets).find(`${pod.metadata.namespace}/${controllerOf(pod)?.name ?? ""}`);
        if (set) ofSet(set);
      },
    });
  }

  async #reconcile(key: string): Promise<Result | void> {
    const deployment = this.#context.informers.of(deployments).find(key);
    if (!deployment || deployment.metadata.deletionTimestamp) {
      if (deployment) await this.#updateStatus(deployment, this.#setsOf(deployment), undefined);
      return {};
    }
    const all = await this.#claim(deployment);
    const current = newest(deployment, all);
    if (deployment.spec.paused) {
      await this.#scale(deployment, all, current);
      return this.#updateStatus(deployment, all, current);
    }
    if (isScaling(deployment, all)) {
      await this.#scale(deployment, all, current);
      return this.#updateStatus(deployment, this.#setsOf(deployment), current);
    }
    return deployment.spec.strategy?.type === "Recreate" ? this.#recreate(deployment, all) : this.#roll(deployment, all);
  }

  /** Its own sets, and orphans that match: what a deployment deleted with --cascade=orphan has left. Upstream: getReplicaSetsForDeployment */
  async #claim(deployment: Deployment): Promise<ReplicaSet[]> {
    const { client, informers } = this.#context;
    const own = this.#setsOf(deployment);
    const selector = selectorFromLabelSelector(deployment.spec.selector);
    for (const orphan of informers.of(replicaSets).byIndex(ORPHANS, deployment.metadata.namespace ?? "")) {
      if (orphan.metadata.deletionTimestamp || !selector.matches(orphan.metadata.labels)) continue;
      const adopted = await client.mutate(replicaSets, orphan.metadata, (now) =>
        adoptedBy(now, deployments, deployment, orphan.metadata.uid),
      );
      if (adopted && controllerOf(adopted)?.uid === deployment.metadata.uid) own.push(adopted);
    }
    return own;
  }

  #setsOf(deployment: Deployment): ReplicaSet[] {
    return this.#context.informers.of(replicaSets).byIndex("owner", deployment.metadata.uid);
  }

  async #roll(deployment: Deployment, all: readonly ReplicaSet[]): Promise<Result | void> {
    const current = await this.#ensureNewSet(deployment, all);
    if (!current) return {};
    const olds = all.filter((set) => set.metadata.uid !== current.metadata.uid);
    const scaledUp = await this.#scaleUpNew(deployment, current, olds);
    if (!scaledUp) await this.#scaleDownOld(deployment, current, olds);
    await this.#cleanUp(deployment, olds);
    return this.#updateStatus(deployment, [...olds, current], current);
  }

  async #recreate(deployment: Deployment, all: readonly ReplicaSet[]): Promise<Result | void> {
    const found = newest(deployment, all);
    const olds = all.filter((set) => set.metadata.uid !== found?.metadata.uid);
    let scaled = false;
    for (const set of olds) if ((set.spec.replicas ?? 0) > 0) scaled = (await this.#resize(deployment, set, 0)) || scaled;
    const podInformer = this.#context.informers.of(pods);
    const remaining = olds.some((set) =>
      podInformer.byIndex("owner", set.metadata.uid).some((pod) => pod.status.phase !== "Succeeded" && pod.status.phase !== "Failed"),
    );
    if (scaled || remaining) return this.#updateStatus(deployment, all, found);
    const current = await this.#ensureNewSet(deployment, all);
    if (!current) return {};
    await this.#resize(deployment, current, deployment.spec.replicas ?? 0);
    await this.#cleanUp(deployment, olds);
    return this.#updateStatus(deployment, [...olds, current], current);
  }

  /** The set of the deployment's present template; made when there is none. Undefined: try again with a fresher cache. */
  async #ensureNewSet(deployment: Deployment, all: readonly ReplicaSet[]): Promise<ReplicaSet | undefined> {
    const existing = newest(deployment, all);
    const olds = all.filter((set) => set.metadata.uid !== existing?.metadata.uid);
    const revision = String(Math.max(0, ...olds.map(revisionOf)) + 1);
    if (existing) return this.#adoptRevision(deployment, existing, revision);
    const { client, events } = this.#context;
    const hash = safeHash(deployment.spec.template, deployment.status.collisionCount ?? 0);
    const replicas = newReplicas(deployment, all, undefined);
    const template: PodTemplateSpec = {
      ...deployment.spec.template,
      metadata: { ...deployment.spec.template.metadata, labels: { ...deployment.spec.template.metadata?.labels, [HASH_LABEL]: hash } },
    };
    const name = `${deployment.metadata.name}-${hash}`;
    try {
      const created = await client.create(replicaSets, {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        metadata: {
          name,
          namespace: deployment.metadata.namespace as string,
          labels: template.metadata?.labels ?? {},
          annotations: { ...inherited(deployment), ...bounds(deployment), [REVISION]: revision },
          ownerReferences: [controllerReference(deployments as unknown as Kind<never>, deployment)],
        },
        spec: {
          replicas,
          minReadySeconds: deployment.spec.minReadySeconds,
          selector: { ...deployment.spec.selector, matchLabels: { ...deployment.spec.selector.matchLabels, [HASH_LABEL]: hash } },
          template: structuredClone(template),
        },
      } as never);
      if (replicas > 0)
        events.event({ object: deployment }, "Normal", "ScalingReplicaSet", `Scaled up replica set ${name} from 0 to ${replicas}`);
      await this.#annotate(deployment, revision);
      return created;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const clash = await client.find(replicaSets, { namespace: deployment.metadata.namespace, name });
      if (clash && controllerOf(clash)?.uid === deployment.metadata.uid && sameTemplate(deployment, clash)) return clash;
      await client.mutate(
        deployments,
        deployment.metadata,
        (now) => ({ ...now, status: { ...now.status, collisionCount: (now.status.collisionCount ?? 0) + 1 } }),
        { subresource: "status" },
      );
      return undefined;
    }
  }

  async #adoptRevision(deployment: Deployment, set: ReplicaSet, revision: string): Promise<ReplicaSet> {
    let result = set;
    const old = set.metadata.annotations?.[REVISION];
    const wanted = Math.max(Number(revision), Number(old ?? 0));
    if (old !== String(wanted) || (set.spec.minReadySeconds ?? 0) !== (deployment.spec.minReadySeconds ?? 0)) {
      const history = [set.metadata.annotations?.[REVISION_HISTORY], old].filter(Boolean).join(",");
      const updated = await this.#context.client.mutate(replicaSets, set.metadata, (now) => ({
        ...now,
        metadata: {
          ...now.metadata,
          annotations: {
            ...now.metadata.annotations,
            ...inherited(deployment),
            [REVISION]: String(wanted),
            ...(old !== undefined && old !== String(wanted) ? { [REVISION_HISTORY]: history } : {}),
          },
        },
        spec: {
          ...now.spec,
          ...(deployment.spec.minReadySeconds === undefined ? {} : { minReadySeconds: deployment.spec.minReadySeconds }),
        },
      }));
      result = updated ?? set;
    }
    await this.#annotate(deployment, String(wanted));
    return result;
  }

  async #annotate(deployment: Deployment, revision: string): Promise<void> {
    if (deployment.metadata.annotations?.[REVISION] === revision) return;
    const annotate = (now: Deployment) =>
      now.metadata.annotations?.[REVISION] === revision
        ? now
        : { ...now, metadata: { ...now.metadata, annotations: { ...now.metadata.annotations, [REVISION]: revision } } };
    await this.#context.client.mutate(deployments, deployment.metadata, annotate, { subresource: "status" });
  }

  async #scaleUpNew(deployment: Deployment, current: ReplicaSet, olds: readonly ReplicaSet[]): Promise<boolean> {
    const wanted = deployment.spec.replicas ?? 0;
    if (current.spec.replicas === wanted) return false;
    if ((current.spec.replicas ?? 0) > wanted) return this.#resize(deployment, current, wanted);
    return this.#resize(deployment, current, newReplicas(deployment, [...olds, current], current));
  }

  /** Old pods go as far as availability allows: the unhealthy ones first. */
  async #scaleDownOld(deployment: Deployment, current: ReplicaSet, olds: readonly ReplicaSet[]): Promise<void> {
    const oldTotal = total(olds, (set) => set.spec.replicas);
    if (oldTotal === 0) return;
    const minAvailable = (deployment.spec.replicas ?? 0) - maxUnavailable(deployment);
    const unavailableNew = (current.spec.replicas ?? 0) - (current.status.availableReplicas ?? 0);
    let budget = oldTotal + (current.spec.replicas ?? 0) - minAvailable - unavailableNew;
    if (budget <= 0) return;
    const byAge = [...olds].sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp));
    const sizes = new Map(byAge.map((set) => [set, set.spec.replicas ?? 0]));
    for (const set of byAge) {
      const unhealthy = Math.min(budget, (sizes.get(set) ?? 0) - (set.status.availableReplicas ?? 0));
      if (unhealthy <= 0) continue;
      sizes.set(set, (sizes.get(set) ?? 0) - unhealthy);
      budget -= unhealthy;
    }
    let spare = total([...olds, current], (set) => set.status.availableReplicas) - minAvailable;
    for (const set of byAge) {
      const healthy = Math.min(spare, sizes.get(set) ?? 0);
      if (healthy <= 0) continue;
      sizes.set(set, (sizes.get(set) ?? 0) - healthy);
      spare -= healthy;
    }
    for (const [set, size] of sizes) if (size !== (set.spec.replicas ?? 0)) await this.#resize(deployment, set, size);
  }

  /** Only the size changed: all active sets take their share. Upstream: sync.go scale */
  async #scale(deployment: Deployment, all: readonly ReplicaSet[], current: ReplicaSet | undefined): Promise<void> {
    const active = all.filter((set) => (set.spec.replicas ?? 0) > 0);
    const wanted = deployment.spec.replicas ?? 0;
    const only = active.length === 0 ? current : active.length === 1 ? active[0] : undefined;
    if (only) {
      if (only.spec.replicas !== wanted) await this.#resize(deployment, only, wanted);
      return;
    }
    if (deployment.spec.strategy?.type !== "RollingUpdate") return;
    const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0;
    let toAdd = allowed - total(active, (set) => set.spec.replicas);
    const sign = Math.sign(toAdd);
    const sorted = [...active].sort((a, b) => (sign > 0 ? 1 : -1) * ((b.spec.replicas ?? 0) - (a.spec.replicas ?? 0)));
    const before = total(active, (set) => set.spec.replicas);
    for (const [index, set] of sorted.entries()) {
      const share =
        index === sorted.length - 1
          ? toAdd
          : sign *
            Math.min(
              Math.abs(toAdd),
              Math.abs(Math.round(((set.spec.replicas ?? 0) * allowed) / Math.max(1, before)) - (set.spec.replicas ?? 0)),
            );
      toAdd -= share;
      await this.#resize(deployment, set, Math.max(0, (set.spec.replicas ?? 0) + share));
    }
  }

  async #resize(deployment: Deployment, set: ReplicaSet, size: number): Promise<boolean> {
    const from = set.spec.replicas ?? 0;
    const annotations = bounds(deployment);
    const stale = Object.entries(annotations).some(([key, value]) => set.metadata.annotations?.[key] !== value);
    if (from === size && !stale) return false;
    await this.#context.client.mutate(replicaSets, set.metadata, (now) => ({
      ...now,
      metadata: { ...now.metadata, annotations: { ...now.metadata.annotations, ...annotations } },
      spec: { ...now.spec, replicas: size },
    }));
    if (from !== size)
      this.#context.events.event(
        { object: deployment },
        "Normal",
        "ScalingReplicaSet",
        `Scaled ${size > from ? "up" : "down"} replica set ${set.metadata.name} from ${from} to ${size}`,
      );
    return from !== size;
  }

  /** Old, empty sets beyond the history limit are deleted. */
  async #cleanUp(deployment: Deployment, olds: readonly ReplicaSet[]): Promise<void> {
    const limit = deployment.spec.revisionHistoryLimit;
    if (limit === undefined || !isComplete(deployment, deployment.status)) return;
    const empty = olds
      .filter((set) => (set.spec.replicas ?? 0) === 0 && (set.status.replicas ?? 0) === 0 && !set.metadata.deletionTimestamp)
      .sort((a, b) => revisionOf(a) - revisionOf(b));
    for (const set of empty.slice(0, Math.max(0, empty.length - limit))) {
      await this.#context.client.delete(replicaSets, set.metadata, { propagationPolicy: "Background" }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }

  async #updateStatus(deployment: Deployment, all: readonly ReplicaSet[], current: ReplicaSet | undefined): Promise<Result> {
    const { clock, client } = this.#context;
    const { status, requeue } = deploymentStatus(deployment, all, current, clock.now());
    if (!sameValue(status, deployment.status)) {
      await client
        .mutate(deployments, deployment.metadata, (now) => (now.metadata.uid === deployment.metadata.uid ? { ...now, status } : now), {
          subresource: "status",
        })
        .catch((error: unknown) => {
          throw new Error(messageOf(error), { cause: error });
        });
    }
    return requeue;
  }
}
