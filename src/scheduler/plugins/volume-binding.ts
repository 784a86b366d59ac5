import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../api/generated/core-v1.ts";
import { bestVolume, BIND_COMPLETED, classOfClaim, SELECTED_NODE } from "../../api/volume-matching.ts";
import { claimsOf } from "../../api/pod-claims.ts";
import type { Plugin, Rejection } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { Snapshot, VolumeLookups } from "../snapshot.ts";
import { volumeFitsNode } from "../support/node-affinity.ts";

interface State {
  readonly lookups: VolumeLookups;
  readonly bound: readonly PersistentVolumeClaim[];
  /** Claims whose volume is decided together with the node. */
  readonly delayed: readonly PersistentVolumeClaim[];
}

const NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity";
const BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind";
const NO_SUCH_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

/** Keeps pods where their volumes are, or can be made. Upstream: pkg/scheduler/framework/plugins/volumebinding */
export const volumeBinding: Plugin = {
  name: "VolumeBinding",
  preFilter(pod, snapshot) {
    const { volumes: lookups } = snapshot;
    if (!lookups || claimsOf(pod).length === 0) return { skip: true };
    const rejected = (reason: string) => ({ rejected: { reasons: [reason], unresolvable: true } });
    const bound: PersistentVolumeClaim[] = [];
    const delayed: PersistentVolumeClaim[] = [];
    let immediate = false;
    for (const name of claimsOf(pod)) {
      const claim = lookups.claim(pod.metadata.namespace ?? "", name);
      const problem = problemOf(pod, name, claim);
      if (problem !== undefined) return rejected(problem);
      if (!claim) continue;
      if (claim.spec.volumeName && claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) bound.push(claim);
      else if (!claim.spec.volumeName && lookups.storageClass(classOfClaim(claim))?.volumeBindingMode === "WaitForFirstConsumer")
        delayed.push(claim);
      else immediate = true;
    }
    if (immediate) return rejected("pod has unbound immediate PersistentVolumeClaims");
    return { state: { lookups, bound, delayed } satisfies State };
  },
  filter(_pod, node, state) {
    const { lookups, bound, delayed } = state as State;
    for (const claim of bound) {
      const volume = lookups.volume(claim.spec.volumeName ?? "");
      if (!volume) return reject(NO_SUCH_VOLUME);
      if (!volumeFitsNode(volume, node.node)) return reject(NODE_CONFLICT);
    }
    return volumesFor(delayed, node, lookups) ? undefined : { reasons: [BIND_CONFLICT] };
  },
  mayHelp: (event) => event.type === "volume-changed" || event.type === "node-added" || event.type === "node-updated",
};

const reject = (reason: string): Rejection => ({ reasons: [reason], unresolvable: true });

function problemOf(pod: Pod, name: string, claim: PersistentVolumeClaim | undefined): string | undefined {
  const quoted = JSON.stringify(name);
  const isEphemeral = pod.spec.volumes?.some((volume) => volume.ephemeral && `${pod.metadata.name}-${volume.name}` === name);
  if (!claim)
    return isEphemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim ${quoted}`
      : `persistentvolumeclaim ${quoted} not found`;
  if (claim.status.phase === "Lost")
    return `persistentvolumeclaim ${quoted} bound to non-existent persistentvolume ${JSON.stringify(claim.spec.volumeName ?? "")}`;
  if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim ${quoted} is being deleted`;
  if (isEphemeral && !claim.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === pod.metadata.uid)) {
    return `PVC ${pod.metadata.namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`;
  }
  return undefined;
}

/** For each claim the volume that would do on this node, or "provision"; undefined where one has neither. Upstream: FindPodVolumes */
export function volumesFor(
  claims: readonly PersistentVolumeClaim[],
  { node }: NodeInfo,
  lookups: VolumeLookups,
): Map<PersistentVolumeClaim, PersistentVolume | "provision"> | undefined {
  const found = new Map<PersistentVolumeClaim, PersistentVolume | "provision">();
  const taken = new Set<string>();
  for (const claim of claims) {
    const selected = claim.metadata.annotations?.[SELECTED_NODE];
    if (selected !== undefined && selected !== node.metadata.name) return undefined;
    const volume =
      selected === undefined
        ? bestVolume(lookups.volumesOfClass(classOfClaim(claim)), claim, false, { node, onNode: volumeFitsNode, taken })
        : undefined;
    if (volume) {
      taken.add(volume.metadata.name);
      found.set(claim, volume);
      continue;
    }
    const storageClass = lookups.storageClass(classOfClaim(claim));
    if (!storageClass || storageClass.provisioner === "kubernetes.io/no-provisioner") return undefined;
    const topologies = storageClass.allowedTopologies ?? [];
    const allowed =
      topologies.length === 0 ||
      topologies.some((term) =>
        (term.matchLabelExpressions ?? []).every(({ key, values }) => values.includes(node.metadata.labels?.[key] ?? "")),
      );
    if (!allowed) return undefined;
    found.set(claim, "provision");
  }
  return found;
}

/** The pod's claims that wait for a node. */
export function delayedClaims(pod: Pod, { volumes }: Snapshot): PersistentVolumeClaim[] {
  if (!volumes) return [];
  return claimsOf(pod).flatMap((name) => {
    const claim = volumes.claim(pod.metadata.namespace ?? "", name);
    return claim && !claim.spec.volumeName ? [claim] : [];
  });
}
