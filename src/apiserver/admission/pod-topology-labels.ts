import type { Node, Pod } from "../../api/generated/core-v1.ts";
import type { AdmissionPlugin } from "./admission.ts";

const LABELS = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/** A pod that is made with its node named shows where that is. Upstream: plugin/pkg/admission/podtopologylabels */
export const podTopologyLabels: AdmissionPlugin = {
  name: "PodTopologyLabels",
  mutate({ operation, kind, subresource, object }, cluster) {
    if (operation !== "CREATE" || kind.group !== "" || kind.kind !== "Pod" || subresource !== undefined) return;
    const pod = object as Pod;
    const node = pod.spec?.nodeName ? (cluster.find("", "Node", { name: pod.spec.nodeName }) as Node | undefined) : undefined;
    const shown = LABELS.flatMap((key) => (node?.metadata.labels?.[key] === undefined ? [] : [[key, node.metadata.labels[key]] as const]));
    if (shown.length > 0) pod.metadata.labels = { ...pod.metadata.labels, ...Object.fromEntries(shown) };
  },
};
