import type { StatefulSet } from "../../api/generated/apps-v1.ts";
import type { PersistentVolumeClaim, Pod } from "../../api/generated/core-v1.ts";
import type { OwnerReference } from "../../api/generated/meta-v1.ts";
import { pods } from "../../api/resources/pod.ts";
import { statefulSets } from "../../api/resources/stateful-set.ts";
import { controllerReference } from "./owners.ts";

type Named = { readonly metadata: { readonly name: string } };

const refersTo = (reference: OwnerReference, kind: string, owner: Named) =>
  reference.kind === kind && reference.name === owner.metadata.name;

/**
 * Whose going takes the claim along: the set's, or that of a pod which is scaled away. Undefined: as it is now.
 * Upstream: pkg/controller/statefulset/stateful_set_utils.go updateClaimOwnerRefForSetAndPod
 */
export function retentionOwners(
  claim: PersistentVolumeClaim,
  set: StatefulSet,
  pod: Pod,
  isCondemned: boolean,
): readonly OwnerReference[] | undefined {
  const now = claim.metadata.ownerReferences ?? [];
  const others = now.filter((reference) => !refersTo(reference, "StatefulSet", set) && !refersTo(reference, "Pod", pod));
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const owners = [...others];
  // A claim that something else controls is that one's to take away.
  if (!others.some((reference) => reference.controller)) {
    if (whenScaled === "Delete" && isCondemned) owners.push(controllerReference(pods as never, pod));
    else if (whenDeleted === "Delete") owners.push(controllerReference(statefulSets as never, set));
  }
  const isSame =
    owners.length === now.length &&
    owners.every(({ uid, controller }) =>
      now.some((reference) => reference.uid === uid && (reference.controller ?? false) === (controller ?? false)),
    );
  return isSame ? undefined : owners;
}

/** A claim that goes away, or that belonged to a pod of the same name which is gone. Upstream: PodClaimIsStale */
export function isStaleClaim(claim: PersistentVolumeClaim, podName: string): boolean {
  return (
    claim.metadata.deletionTimestamp !== undefined ||
    (claim.metadata.ownerReferences ?? []).some((reference) => reference.kind === "Pod" && reference.name === podName)
  );
}
