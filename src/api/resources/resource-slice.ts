import type { ResourceSlice } from "../generated/resource-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";

/** Upstream: pkg/registry/resource/resourceslice */
export const resourceSlices: Kind<ResourceSlice> = {
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceSlice",
  plural: "resourceslices",
  singular: "resourceslice",
  namespaced: false,
  hasGeneration: true,
  schema: { package: "resource/v1", type: "ResourceSlice" },
  warnings: notSimulated("ResourceSlices", "no devices are allocated"),
  selectableFields: ({ spec }) => ({ "spec.nodeName": spec.nodeName ?? "", "spec.driver": spec.driver }),
  columns: [
    text("Node", "The node that has the devices.", ({ spec }) => spec.nodeName ?? "<unset>"),
    text("Driver", "Who manages them.", ({ spec }) => spec.driver),
    text("Pool", "The pool they belong to.", ({ spec }) => spec.pool.name),
    age(),
  ],
};
