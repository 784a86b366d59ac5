import type { CSIStorageCapacity } from "../generated/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { text } from "./support/columns.ts";

/** Upstream: pkg/registry/storage/csistoragecapacity */
export const csiStorageCapacities: Kind<CSIStorageCapacity> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIStorageCapacity",
  plural: "csistoragecapacities",
  singular: "csistoragecapacity",
  namespaced: true,
  schema: { package: "storage/v1", type: "CSIStorageCapacity" },
  columns: [
    text("StorageClassName", "The storage class.", (object) => object.storageClassName),
    text("Capacity", "What is left.", (object) => object.capacity ?? "<unset>"),
  ],
};
