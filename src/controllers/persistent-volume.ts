import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../api/generated/core-v1.ts";
import type { StorageClass } from "../api/generated/storage-v1.ts";
import { keyOf, splitKey } from "../api/meta.ts";
import { isPodTerminal } from "../api/pod-facts.ts";
import { persistentVolumeClaims } from "../api/resources/persistent-volume-claim.ts";
import { persistentVolumes } from "../api/resources/persistent-volume.ts";
import { pods } from "../api/resources/pod.ts";
import { storageClasses } from "../api/resources/storage-class.ts";
import { isNotFound } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { claimsOf } from "../api/pod-claims.ts";
import {
  bestVolume,
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  classOfClaim,
  classOfVolume,
  isBoundTo,
  mismatchOf,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
} from "../api/volume-matching.ts";

const NAME = "persistentvolume-controller";
/** Claims that wait are looked at again so often. Upstream: --pvclaimbinder-sync-period */
const RESYNC_MS = 15_000;

/** Binds claims and volumes to each other and gives volumes back. Upstream: pkg/controller/volume/persistentvolume */
export const persistentVolumeController: Controller = { name: NAME, start: (context) => new PersistentVolumeController(context).start() };

class PersistentVolumeController {
  readonly #context: ControllerContext;
  readonly #claims: Reconciler;
  readonly #volumes: Reconciler;

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as("persistent-volume-binder"), events: context.events.from(NAME) };
    const { clock, tasks } = context;
    this.#claims = new Reconciler({ name: NAME, clock, tasks, workers: 1, log: context.log, reconcile: (key) => this.#syncClaim(key) });
    this.#volumes = new Reconciler({ name: NAME, clock, tasks, workers: 1, log: context.log, reconcile: (key) => this.#syncVolume(key) });
  }

  start(): void {
    const { informers } = this.#context;
    const claims = informers.of(persistentVolumeClaims);
    const volumes = informers.of(persistentVolumes);
    claims.addIndex("volume", (claim) => (claim.spec.volumeName ? [claim.spec.volumeName] : []));
    claims.addIndex("unboundClass", (claim) => (claim.metadata.annotations?.[BIND_COMPLETED] ? [] : [classOfClaim(claim)]));
    volumes.addIndex("class", (volume) => [classOfVolume(volume)]);
    informers.of(pods).addIndex("claims", (pod) => claimsOf(pod).map((name) => `${pod.metadata.namespace}/${name}`));
    const ofClaim = (claim: PersistentVolumeClaim) => {
      this.#claims.add(keyOf(claim));
      if (claim.spec.volumeName) this.#volumes.add(claim.spec.volumeName);
    };
    claims.addHandler({ added: ofClaim, updated: ofClaim, deleted: ofClaim });
    const ofVolume = (volume: PersistentVolume) => {
      this.#volumes.add(volume.metadata.name);
      for (const claim of claims.byIndex("volume", volume.metadata.name)) this.#claims.add(keyOf(claim));
      const reference = volume.spec.claimRef;
      if (reference) this.#claims.add(`${reference.namespace}/${reference.name}`);
      else for (const claim of claims.byIndex("unboundClass", classOfVolume(volume))) this.#claims.add(keyOf(claim));
    };
    volumes.addHandler({ added: ofVolume, updated: ofVolume, deleted: ofVolume });
    informers.of(storageClasses).addHandler({
      added: (found) => {
        for (const claim of claims.byIndex("unboundClass", found.metadata.name)) this.#claims.add(keyOf(claim));
      },
    });
  }

  async #syncClaim(key: string): Promise<{ requeueAfterMs: number } | void> {
    const claim = await this.#context.client.find(persistentVolumeClaims, splitKey(key));
    if (!claim) return;
    if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) return this.#syncBound(claim);
    if (claim.spec.volumeName) return this.#syncRequested(claim);
    const { informers } = this.#context;
    const storageClass = informers.of(storageClasses).find(classOfClaim(claim));
    const delayed = isDelayed(claim, storageClass);
    // A volume that is kept for the claim need not be of its class yet to be found; all others are.
    const found = bestVolume([...informers.of(persistentVolumes).byIndex("class", classOfClaim(claim))], claim, delayed);
    if (found) return this.#bind(found, claim);
    if (claim.metadata.deletionTimestamp) return;
    if (delayed) this.#tellWaiting(claim);
    else if (classOfClaim(claim) !== "") await this.#provision(claim, storageClass);
    else this.#event(claim, "Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
    return { requeueAfterMs: RESYNC_MS };
  }

  #tellWaiting(claim: PersistentVolumeClaim): void {
    const waiting = this.#context.informers
      .of(pods)
      .byIndex("claims", keyOf(claim))
      .filter((pod: Pod) => !isPodTerminal(pod));
    const unscheduled = waiting
      .filter((pod) => !pod.spec.nodeName)
      .map((pod) => pod.metadata.name)
      .sort();
    if (unscheduled.length > 0)
      this.#event(claim, "Normal", "WaitForPodScheduled", `waiting for pod ${unscheduled.join(",")} to be scheduled`);
    else this.#event(claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  }

  /** Hands the claim to a provisioner outside. Upstream: provisionClaim, provisionClaimOperationExternal */
  async #provision(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): Promise<void> {
    const name = classOfClaim(claim);
    if (!storageClass)
      return this.#event(claim, "Warning", "ProvisioningFailed", `storageclass.storage.k8s.io ${JSON.stringify(name)} not found`);
    const { provisioner } = storageClass;
    if (provisioner.startsWith("kubernetes.io/"))
      return this.#event(claim, "Warning", "ProvisioningFailed", `no volume plugin matched name: ${provisioner}`);
    const marks = { [BETA_STORAGE_PROVISIONER]: provisioner, [STORAGE_PROVISIONER]: provisioner };
    if (claim.metadata.annotations?.[STORAGE_PROVISIONER] !== provisioner) {
      await this.#context.client.mutate(persistentVolumeClaims, claim.metadata, (now) =>
        now.metadata.uid === claim.metadata.uid ? annotated(now, marks) : now,
      );
    }
    this.#event(
      claim,
      "Normal",
      "ExternalProvisioning",
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
    );
  }

  /** A claim that names its volume. Upstream: syncUnboundClaim, second half */
  async #syncRequested(claim: PersistentVolumeClaim): Promise<{ requeueAfterMs: number } | void> {
    const volume = await this.#context.client.find(persistentVolumes, { name: claim.spec.volumeName ?? "" });
    if (!volume) return { requeueAfterMs: RESYNC_MS };
    if (isBoundTo(volume, claim)) return this.#bind(volume, claim);
    if (volume.spec.claimRef) {
      this.#event(claim, "Warning", "FailedBinding", `volume ${JSON.stringify(volume.metadata.name)} already bound to a different claim.`);
      return { requeueAfterMs: RESYNC_MS };
    }
    const problem = mismatchOf(volume, claim);
    if (problem === undefined) return this.#bind(volume, claim);
    this.#event(claim, "Warning", "VolumeMismatch", `Cannot bind to requested volume ${JSON.stringify(volume.metadata.name)}: ${problem}`);
    return { requeueAfterMs: RESYNC_MS };
  }

  /** Upstream: syncBoundClaim */
  async #syncBound(claim: PersistentVolumeClaim): Promise<void> {
    if (!claim.spec.volumeName)
      return this.#lose(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
    const volume = await this.#context.client.find(persistentVolumes, { name: claim.spec.volumeName });
    if (!volume) return this.#lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    if (!volume.spec.claimRef || volume.spec.claimRef.uid === claim.metadata.uid) return this.#bind(volume, claim);
    return this.#lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
  }

  async #lose(claim: PersistentVolumeClaim, reason: string, message: string): Promise<void> {
    if (claim.status.phase === "Lost") return;
    this.#event(claim, "Warning", reason, message);
    await this.#context.client.mutate(persistentVolumeClaims, claim.metadata, (now) => ({ ...now, status: { phase: "Lost" } }), {
      subresource: "status",
    });
  }

  /** The volume points to the claim first, then the claim to the volume. Upstream: bind */
  async #bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const { client } = this.#context;
    const { namespace, name, uid } = claim.metadata;
    const bound = await client.mutate(persistentVolumes, volume.metadata, (now) => {
      if (now.spec.claimRef?.uid === uid || (now.spec.claimRef && !isBoundTo(now, claim))) return now;
      const claimRef = {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        namespace: namespace as string,
        name,
        uid,
        resourceVersion: claim.metadata.resourceVersion as string,
      };
      const next = { ...now, spec: { ...now.spec, claimRef } };
      return now.spec.claimRef ? next : annotated(next, { [BOUND_BY_CONTROLLER]: "yes" });
    });
    if (bound?.spec.claimRef?.uid !== uid) return this.#claims.addAfter(keyOf(claim), 0);
    await this.#setPhase(bound, "Bound");
    await client.mutate(persistentVolumeClaims, claim.metadata, (now) => {
      if (now.metadata.uid !== uid || (now.spec.volumeName && now.metadata.annotations?.[BIND_COMPLETED])) return now;
      return {
        ...annotated(now, { [BIND_COMPLETED]: "yes", ...(now.spec.volumeName ? {} : { [BOUND_BY_CONTROLLER]: "yes" }) }),
        spec: { ...now.spec, volumeName: bound.metadata.name },
      };
    });
    await client.mutate(
      persistentVolumeClaims,
      claim.metadata,
      (now) => {
        if (now.metadata.uid !== uid || now.status.phase === "Bound") return now;
        return {
          ...now,
          status: { ...now.status, phase: "Bound", accessModes: bound.spec.accessModes ?? [], capacity: { ...bound.spec.capacity } },
        };
      },
      { subresource: "status" },
    );
  }

  async #syncVolume(name: string): Promise<void> {
    const { client } = this.#context;
    const volume = await client.find(persistentVolumes, { name });
    if (!volume) return;
    const reference = volume.spec.claimRef;
    if (!reference?.uid) return this.#setPhase(volume, "Available");
    const claim = await client.find(persistentVolumeClaims, { namespace: reference.namespace ?? "", name: reference.name ?? "" });
    if (!claim || claim.metadata.uid !== reference.uid) return this.#reclaim(volume);
    if (!claim.spec.volumeName) return this.#claims.add(keyOf(claim));
    if (claim.spec.volumeName === name) return this.#setPhase(volume, "Bound");
    if (volume.metadata.annotations?.[PROVISIONED_BY] !== undefined && volume.spec.persistentVolumeReclaimPolicy === "Delete")
      return this.#reclaim(volume);
    return this.#unbind(volume);
  }

  /** The claim has gone. Upstream: reclaimVolume */
  async #reclaim(volume: PersistentVolume): Promise<void> {
    if (volume.status.phase !== "Released" && volume.status.phase !== "Failed") await this.#setPhase(volume, "Released");
    if (volume.status.phase === "Failed") return;
    // What a provisioner has made it takes away itself.
    const { persistentVolumeReclaimPolicy: policy } = volume.spec;
    const provisionedBy = volume.metadata.annotations?.[PROVISIONED_BY];
    if (policy === "Recycle") {
      await this.#fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!");
    } else if (policy === "Delete" && (provisionedBy === undefined || provisionedBy.startsWith("kubernetes.io/"))) {
      await this.#deleteStatic(volume);
    }
  }

  /** Only a volume below /tmp is deleted by hand. Upstream: pkg/volume/hostpath Delete */
  async #deleteStatic(volume: PersistentVolume): Promise<void> {
    const { hostPath } = volume.spec;
    if (!hostPath)
      return this.#fail(
        volume,
        "VolumeFailedDelete",
        `error getting deleter volume plugin for volume ${JSON.stringify(volume.metadata.name)}: no deletable volume plugin matched`,
      );
    if (!/^\/tmp\/.+/.test(hostPath.path))
      return this.#fail(volume, "VolumeFailedDelete", `host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`);
    await this.#context.client.delete(persistentVolumes, volume.metadata).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  async #fail(volume: PersistentVolume, reason: string, message: string): Promise<void> {
    this.#context.events.event({ object: volume }, "Warning", reason, message);
    await this.#setPhase(volume, "Failed", message);
  }

  async #unbind(volume: PersistentVolume): Promise<void> {
    const next = await this.#context.client.mutate(persistentVolumes, volume.metadata, (now) => {
      const { claimRef, ...spec } = now.spec;
      const { [BOUND_BY_CONTROLLER]: byController, ...annotations } = now.metadata.annotations ?? {};
      if (!claimRef) return now;
      if (byController !== undefined) return { ...now, metadata: { ...now.metadata, annotations }, spec };
      const { uid: _, ...kept } = claimRef;
      return { ...now, spec: { ...spec, claimRef: kept } };
    });
    if (next) await this.#setPhase(next, "Available");
  }

  async #setPhase(volume: PersistentVolume, phase: string, message?: string): Promise<void> {
    if (volume.status.phase === phase) return;
    const lastPhaseTransitionTime = rfc3339(this.#context.clock.now());
    await this.#context.client.mutate(
      persistentVolumes,
      volume.metadata,
      (now) => (now.status.phase === phase ? now : { ...now, status: { phase, lastPhaseTransitionTime, ...(message ? { message } : {}) } }),
      { subresource: "status" },
    );
  }

  #event(claim: PersistentVolumeClaim, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#context.events.event({ object: claim }, type, reason, message);
  }
}

/** Whether the claim's volume waits for the node of a pod. Upstream: IsDelayBindingMode */
function isDelayed(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === "WaitForFirstConsumer" && claim.metadata.annotations?.[SELECTED_NODE] === undefined;
}

function annotated<T extends PersistentVolume | PersistentVolumeClaim>(object: T, more: Readonly<Record<string, string>>): T {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...more } } };
}
