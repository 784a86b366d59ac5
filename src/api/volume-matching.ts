import type { Node, PersistentVolume, PersistentVolumeClaim } from "./generated/core-v1.ts";
import { selectorFromLabelSelector } from "./labels.ts";
import { parseQuantity } from "./quantity.ts";

// Upstream: component-helpers/storage/volume/{helpers,pv_helpers}.go

export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
export const STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner";
export const BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";

export const classOfClaim = (claim: PersistentVolumeClaim) =>
  claim.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? claim.spec.storageClassName ?? "";
export const classOfVolume = (volume: PersistentVolume) =>
  volume.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? volume.spec.storageClassName ?? "";

/** Whether the volume is the claim's, or kept for a claim of that name. */
export function isBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec.claimRef;
  if (reference?.name !== claim.metadata.name || reference.namespace !== claim.metadata.namespace) return false;
  return !reference.uid || reference.uid === claim.metadata.uid;
}

const sizeOf = (text: string | undefined) => parseQuantity(text ?? "0");

/** Why the claim cannot have the volume that it asks for by name. Upstream: checkVolumeSatisfyClaim */
export function mismatchOf(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (sizeOf(volume.spec.capacity?.["storage"]).compare(sizeOf(claim.spec.resources?.requests?.["storage"])) < 0)
    return "requested PV is too small";
  if (classOfVolume(volume) !== classOfClaim(claim)) return "storageClassName does not match";
  if ((volume.spec.volumeMode ?? "Filesystem") !== (claim.spec.volumeMode ?? "Filesystem")) return "incompatible volumeMode";
  return hasAccessModes(volume, claim) ? undefined : "incompatible accessMode";
}

function hasAccessModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode));
}

/** The smallest volume that will do; one that is kept for the claim comes first. Upstream: FindMatchingVolume */
export function bestVolume(
  volumes: readonly PersistentVolume[],
  claim: PersistentVolumeClaim,
  delayed: boolean,
  fits?: { readonly node: Node; readonly onNode: (volume: PersistentVolume, node: Node) => boolean; readonly taken: ReadonlySet<string> },
): PersistentVolume | undefined {
  const selector = claim.spec.selector ? selectorFromLabelSelector(claim.spec.selector) : undefined;
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (volume.metadata.deletionTimestamp || fits?.taken.has(volume.metadata.name)) continue;
    if ((volume.spec.volumeMode ?? "Filesystem") !== (claim.spec.volumeMode ?? "Filesystem")) continue;
    if (sizeOf(volume.spec.capacity?.["storage"]).compare(sizeOf(claim.spec.resources?.requests?.["storage"])) < 0) continue;
    if (!hasAccessModes(volume, claim) || (volume.spec.volumeAttributesClassName ?? "") !== (claim.spec.volumeAttributesClassName ?? ""))
      continue;
    if (fits && !fits.onNode(volume, fits.node)) continue;
    if (volume.spec.claimRef) {
      if (isBoundTo(volume, claim) && (!fits || classOfVolume(volume) === classOfClaim(claim))) return volume;
      continue;
    }
    // Which volume it is to be is decided together with the node.
    if (delayed) continue;
    if (volume.status.phase !== "Available" || classOfVolume(volume) !== classOfClaim(claim)) continue;
    if (selector && !selector.matches(volume.metadata.labels ?? {})) continue;
    if (!best || sizeOf(volume.spec.capacity?.["storage"]).compare(sizeOf(best.spec.capacity?.["storage"])) < 0) best = volume;
  }
  return best;
}
