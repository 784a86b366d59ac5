import type { Pod } from "./generated/core-v1.ts";

/** Names of the claims that a pod's volumes use, those of generic ephemeral volumes included. Upstream: component-helpers/storage/ephemeral */
export function claimsOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${pod.metadata.name}-${volume.name}`] : [];
  });
}
