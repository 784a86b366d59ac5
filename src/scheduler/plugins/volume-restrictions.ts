import { claimsOf } from "../../api/pod-claims.ts";
import type { Plugin } from "../framework.ts";

/** A ReadWriteOncePod claim serves one pod at a time. Upstream: pkg/scheduler/framework/plugins/volumerestrictions */
export const volumeRestrictions: Plugin = {
  name: "VolumeRestrictions",
  preFilter(pod, snapshot) {
    const { volumes } = snapshot;
    const namespace = pod.metadata.namespace ?? "";
    const alone = claimsOf(pod).filter((name) => volumes?.claim(namespace, name)?.spec.accessModes?.includes("ReadWriteOncePod"));
    if (alone.length === 0) return { skip: true };
    for (const { info } of snapshot.inNamespace(namespace)) {
      if (claimsOf(info.pod).some((name) => alone.includes(name))) return { state: { claims: new Set(alone) } };
    }
    return { skip: true };
  },
  filter(pod, node, state) {
    const { claims } = state as { claims: ReadonlySet<string> };
    const shared = [...node.pods.values()].some(
      ({ pod: other }) => other.metadata.namespace === pod.metadata.namespace && claimsOf(other).some((name) => claims.has(name)),
    );
    return shared
      ? { reasons: ["node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"] }
      : undefined;
  },
  mayHelp: (event) => event.type === "pod-gone" || event.type === "volume-changed",
};
