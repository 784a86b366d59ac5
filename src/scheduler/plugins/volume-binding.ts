import type { Plugin } from "../framework.ts";

/** Pods that use claims wait until those exist and are bound: kubesim has no provisioner of its own. */
export const volumeBinding: Plugin = {
  name: "VolumeBinding",
  preFilter(pod, snapshot) {
    const claims = (pod.spec.volumes ?? []).flatMap((volume) => (volume.persistentVolumeClaim ? [volume.persistentVolumeClaim.claimName] : []));
    if (claims.length === 0) return { skip: true };
    for (const name of claims) {
      const claim = snapshot.claims?.(pod.metadata.namespace ?? "", name);
      if (!claim) return { rejected: { reasons: [`persistentvolumeclaim ${JSON.stringify(name)} not found`], unresolvable: true } };
      if (claim.metadata.deletionTimestamp) return { rejected: { reasons: [`persistentvolumeclaim ${JSON.stringify(name)} is being deleted`], unresolvable: true } };
      if (!claim.spec.volumeName) return { rejected: { reasons: ["pod has unbound immediate PersistentVolumeClaims"], unresolvable: true } };
    }
    return { skip: true };
  },
  mayHelp: (event) => event.type === "volume-changed",
};
