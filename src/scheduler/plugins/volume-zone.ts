import { claimsOf } from "../../api/pod-claims.ts";
import type { Plugin } from "../framework.ts";

const TOPOLOGY_LABELS = [
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
];

/** Volumes with a zone are used there. Upstream: pkg/scheduler/framework/plugins/volumezone */
export const volumeZone: Plugin = {
  name: "VolumeZone",
  preFilter(pod, { volumes }) {
    const wanted = claimsOf(pod).flatMap((name) => {
      const labels = volumes?.volume(volumes.claim(pod.metadata.namespace ?? "", name)?.spec.volumeName ?? "")?.metadata.labels ?? {};
      return TOPOLOGY_LABELS.flatMap((key) => (labels[key] === undefined ? [] : [{ key, values: labels[key].split("__") }]));
    });
    return wanted.length === 0 ? { skip: true } : { state: wanted };
  },
  filter(_pod, { node }, state) {
    const labels = node.metadata.labels ?? {};
    if (!TOPOLOGY_LABELS.some((key) => labels[key] !== undefined)) return undefined;
    const fits = (state as { key: string; values: string[] }[]).every(({ key, values }) => values.includes(labels[key] ?? ""));
    return fits ? undefined : { reasons: ["node(s) had no available volume zone"], unresolvable: true };
  },
  mayHelp: (event) => event.type === "volume-changed" || event.type === "node-added" || event.type === "node-updated",
};
