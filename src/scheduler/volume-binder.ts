import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { claimsOf } from "../api/pod-claims.ts";
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, isBoundTo, SELECTED_NODE } from "../api/volume-matching.ts";
import { persistentVolumeClaims } from "../api/resources/persistent-volume-claim.ts";
import { persistentVolumes } from "../api/resources/persistent-volume.ts";
import { storageClasses } from "../api/resources/storage-class.ts";
import type { ComponentContext } from "../client/component.ts";
import { delayedClaims, volumesFor } from "./plugins/volume-binding.ts";
import type { Snapshot, VolumeLookups } from "./snapshot.ts";

/** Upstream: --bind-timeout-seconds of VolumeBindingArgs */
const BIND_TIMEOUT_MS = 600_000;

export function volumeLookups({ informers }: ComponentContext): VolumeLookups {
  const claims = informers.of(persistentVolumeClaims);
  const volumes = informers.of(persistentVolumes);
  const classes = informers.of(storageClasses);
  volumes.addIndex("class", (volume) => [
    volume.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? volume.spec.storageClassName ?? "",
  ]);
  return {
    claim: (namespace, name) => claims.find(`${namespace}/${name}`),
    volume: (name) => volumes.find(name),
    volumesOfClass: (name) => volumes.byIndex("class", name),
    storageClass: (name) => classes.find(name),
  };
}

/** Between the choice of a node and the binding: has the pod's claims bound to volumes that this node can reach. Upstream: BindPodVolumes */
export class VolumeBinder {
  readonly #context: ComponentContext;
  readonly #snapshot: Snapshot;
  readonly #waiting = new Set<() => void>();

  constructor(context: ComponentContext, snapshot: Snapshot) {
    this.#context = context;
    this.#snapshot = snapshot;
    const wake = () => {
      for (const check of this.#waiting) check();
    };
    context.informers.of(persistentVolumeClaims).addHandler({ updated: wake, deleted: wake });
  }

  /** Throws where it cannot be done; the pod is then tried again. */
  async bind(pod: Pod, nodeName: string): Promise<void> {
    const claims = delayedClaims(pod, this.#snapshot);
    const node = this.#snapshot.find(nodeName);
    if (claims.length === 0 || !node || !this.#snapshot.volumes) return;
    const choice = volumesFor(claims, node, this.#snapshot.volumes);
    if (!choice) throw new Error('running PreBind plugin "VolumeBinding": binding volumes: the volumes are no longer available');
    for (const [claim, volume] of choice) await (volume === "provision" ? this.#select(claim, nodeName) : this.#reserve(claim, volume));
    await this.#allBound(pod);
  }

  async #select(claim: PersistentVolumeClaim, nodeName: string): Promise<void> {
    await this.#context.client.mutate(persistentVolumeClaims, claim.metadata, (now) =>
      now.metadata.annotations?.[SELECTED_NODE] === nodeName
        ? now
        : { ...now, metadata: { ...now.metadata, annotations: { ...now.metadata.annotations, [SELECTED_NODE]: nodeName } } },
    );
  }

  async #reserve(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { namespace, name, uid, resourceVersion } = claim.metadata;
    const reserved = await this.#context.client.mutate(persistentVolumes, volume.metadata, (now) => {
      if (now.spec.claimRef) return now;
      const claimRef = {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        namespace: namespace as string,
        name,
        uid,
        resourceVersion: resourceVersion as string,
      };
      return {
        ...now,
        metadata: { ...now.metadata, annotations: { ...now.metadata.annotations, [BOUND_BY_CONTROLLER]: "yes" } },
        spec: { ...now.spec, claimRef },
      };
    });
    if (!reserved || !isBoundTo(reserved, claim))
      throw new Error(
        `running PreBind plugin "VolumeBinding": binding volumes: volume ${JSON.stringify(volume.metadata.name)} already bound to a different claim.`,
      );
  }

  #allBound(pod: Pod): Promise<void> {
    const { clock, tasks } = this.#context;
    const claims = this.#context.informers.of(persistentVolumeClaims);
    return new Promise((resolve, reject) => {
      const end = (error?: Error) => {
        this.#waiting.delete(check);
        timer.cancel();
        if (error) reject(error);
        else resolve();
      };
      const check = () => {
        if (tasks.signal.aborted) return end(new Error("stopped"));
        for (const name of claimsOf(pod)) {
          const claim = claims.find(`${pod.metadata.namespace}/${name}`);
          if (!claim)
            return end(
              new Error(
                `running PreBind plugin "VolumeBinding": binding volumes: error getting PVC ${JSON.stringify(`${pod.metadata.namespace}/${name}`)}: persistentvolumeclaim ${JSON.stringify(name)} not found`,
              ),
            );
          if (!claim.spec.volumeName || claim.metadata.annotations?.[BIND_COMPLETED] === undefined) return;
        }
        end();
      };
      const timer = clock.after(BIND_TIMEOUT_MS, () =>
        end(new Error(`running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded (${keyOf(pod)})`)),
      );
      tasks.signal.addEventListener("abort", check, { once: true });
      this.#waiting.add(check);
      check();
    });
  }
}
