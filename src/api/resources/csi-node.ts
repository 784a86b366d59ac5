import type { CSINode } from "../generated/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer } from "./support/columns.ts";

/** Upstream: pkg/registry/storage/csinode */
export const csiNodes: Kind<CSINode> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSINode",
  plural: "csinodes",
  singular: "csinode",
  namespaced: false,
  schema: { package: "storage/v1", type: "CSINode" },
  columns: [integer("Drivers", "How many drivers the node has.", ({ spec }) => spec.drivers?.length ?? 0), age()],
};
