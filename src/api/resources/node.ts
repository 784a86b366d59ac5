import type { Node } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { invalid } from "../field-errors.ts";
import { age, text } from "./support/columns.ts";

/** Upstream: pkg/registry/core/node/strategy.go */
export const nodes: Kind<Node> = {
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  singular: "node",
  shortNames: ["no"],
  namespaced: false,
  schema: { package: "core/v1", type: "Node" },
  subresources: {
    proxy: { verbs: ["create", "delete", "get", "patch", "update"], responseKind: { group: "", version: "v1", kind: "NodeProxyOptions" } },
    status: { verbs: ["get", "patch", "update"] },
  },
  setDefaults(node) {
    node.spec ??= {};
    node.status ??= {};
    if (node.status.capacity && !node.status.allocatable) node.status.allocatable = { ...node.status.capacity };
  },
  validate(node) {
    return (node.spec.taints ?? []).flatMap((taint, index) =>
      ["NoSchedule", "PreferNoSchedule", "NoExecute"].includes(taint.effect)
        ? []
        : [
            {
              type: "FieldValueNotSupported" as const,
              field: `spec.taints[${index}].effect`,
              badValue: taint.effect,
              detail: 'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
            },
          ],
    );
  },
  validateUpdate: (node, old) =>
    old.spec.providerID && node.spec.providerID !== old.spec.providerID
      ? [invalid("spec.providerID", node.spec.providerID, "field is immutable")]
      : [],
  selectableFields: (node) => ({ "spec.unschedulable": String(node.spec.unschedulable ?? false) }),
  columns: [
    text("Status", "Whether the node is ready, and whether it takes pods.", status),
    text("Roles", "The roles its labels give it.", roles),
    age(),
    text("Version", "The kubelet's version.", (node) => node.status.nodeInfo?.kubeletVersion ?? ""),
    text("Internal-IP", "Its address inside the cluster.", (node) => address(node, "InternalIP"), 1),
    text("External-IP", "Its address outside.", (node) => address(node, "ExternalIP"), 1),
    text("OS-Image", "The operating system.", (node) => node.status.nodeInfo?.osImage || "<unknown>", 1),
    text("Kernel-Version", "The kernel.", (node) => node.status.nodeInfo?.kernelVersion || "<unknown>", 1),
    text(
      "Container-Runtime",
      "The container runtime and its version.",
      (node) => node.status.nodeInfo?.containerRuntimeVersion || "<unknown>",
      1,
    ),
  ],
};

function status(node: Node): string {
  const ready = node.status.conditions?.find((condition) => condition.type === "Ready");
  const words = [ready ? (ready.status === "True" ? "Ready" : "NotReady") : "Unknown"];
  if (node.spec.unschedulable) words.push("SchedulingDisabled");
  return words.join(",");
}

function roles(node: Node): string {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith("node-role.kubernetes.io/") && key.length > "node-role.kubernetes.io/".length)
      found.add(key.slice("node-role.kubernetes.io/".length));
    else if (key === "kubernetes.io/role" && value) found.add(value);
  }
  return [...found].sort().join(",") || "<none>";
}

function address(node: Node, type: string): string {
  return node.status.addresses?.find((entry) => entry.type === type)?.address ?? "<none>";
}
