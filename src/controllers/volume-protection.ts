import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { isPodTerminal } from "../api/pod-facts.ts";
import { persistentVolumeClaims } from "../api/resources/persistent-volume-claim.ts";
import { persistentVolumes } from "../api/resources/persistent-volume.ts";
import { pods } from "../api/resources/pod.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { claimsOf } from "../api/pod-claims.ts";

const CLAIM_FINALIZER = "kubernetes.io/pvc-protection";
const VOLUME_FINALIZER = "kubernetes.io/pv-protection";

/** Keeps a deleted claim until no pod uses it. Upstream: pkg/controller/volume/pvcprotection */
export const claimProtectionController: Controller = {
  name: "pvc-protection-controller",
  start(context) {
    const { informers, clock, tasks } = context;
    const client = context.client.as("pvc-protection-controller");
    const reconciler = new Reconciler({
      name: "pvc-protection-controller",
      clock,
      tasks,
      log: context.log,
      async reconcile(key) {
        const claim = informers.of(persistentVolumeClaims).find(key);
        if (!claim?.metadata.deletionTimestamp || !claim.metadata.finalizers?.includes(CLAIM_FINALIZER) || isUsed(informers, key)) return;
        await client.mutate(persistentVolumeClaims, claim.metadata, (now) => without(now, CLAIM_FINALIZER));
      },
    });
    informers.of(pods).addIndex("claims", (pod) => claimsOf(pod).map((name) => `${pod.metadata.namespace}/${name}`));
    const ofClaim = (claim: PersistentVolumeClaim) => {
      if (claim.metadata.deletionTimestamp) reconciler.add(keyOf(claim));
    };
    informers.of(persistentVolumeClaims).addHandler({ added: ofClaim, updated: ofClaim });
    const ofPod = (pod: Pod) => {
      for (const name of claimsOf(pod))
        if (informers.of(persistentVolumeClaims).find(`${pod.metadata.namespace}/${name}`)?.metadata.deletionTimestamp)
          reconciler.add(`${pod.metadata.namespace}/${name}`);
    };
    informers.of(pods).addHandler({ updated: ofPod, deleted: ofPod });
  },
};

/** Whether a pod that has a node, and is not over, uses the claim. */
function isUsed(informers: ControllerContext["informers"], key: string): boolean {
  return informers
    .of(pods)
    .byIndex("claims", key)
    .some((pod) => pod.spec.nodeName && !isPodTerminal(pod));
}

/** Keeps a deleted volume until its claim has let go of it. Upstream: pkg/controller/volume/pvprotection */
export const volumeProtectionController: Controller = {
  name: "pv-protection-controller",
  start(context) {
    const { informers, clock, tasks } = context;
    const client = context.client.as("pv-protection-controller");
    const reconciler = new Reconciler({
      name: "pv-protection-controller",
      clock,
      tasks,
      log: context.log,
      async reconcile(key) {
        const volume = informers.of(persistentVolumes).find(key);
        if (
          !volume?.metadata.deletionTimestamp ||
          !volume.metadata.finalizers?.includes(VOLUME_FINALIZER) ||
          volume.status.phase === "Bound"
        )
          return;
        await client.mutate(persistentVolumes, volume.metadata, (now) => without(now, VOLUME_FINALIZER));
      },
    });
    const ofVolume = (volume: PersistentVolume) => {
      if (volume.metadata.deletionTimestamp) reconciler.add(volume.metadata.name);
    };
    informers.of(persistentVolumes).addHandler({ added: ofVolume, updated: ofVolume });
  },
};

function without<T extends PersistentVolume | PersistentVolumeClaim>(object: T, finalizer: string): T {
  if (!object.metadata.finalizers?.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: object.metadata.finalizers.filter((other) => other !== finalizer) } };
}
