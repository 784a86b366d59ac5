import type { Node } from "../../api/generated/core-v1.ts";
import type { AdmissionPlugin } from "./admission.ts";

const NOT_READY = "node.kubernetes.io/not-ready";

/** A new node takes no pods until the node lifecycle controller has seen it ready. Upstream: plugin/pkg/admission/nodetaint/admission.go */
export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  mutate({ operation, kind, object, subresource }) {
    if (operation !== "CREATE" || kind.group !== "" || kind.kind !== "Node" || subresource !== undefined) return;
    const node = object as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some((taint) => taint.key === NOT_READY && taint.effect === "NoSchedule")) return;
    node.spec = { ...node.spec, taints: [...taints, { key: NOT_READY, effect: "NoSchedule" }] };
  },
};
