import { required } from "../field-errors.ts";
import type { VolumeAttributesClass } from "../generated/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { validateImmutable } from "./support/workload.ts";

/** Upstream: pkg/registry/storage/volumeattributesclass */
export const volumeAttributesClasses: Kind<VolumeAttributesClass> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttributesClass",
  plural: "volumeattributesclasses",
  singular: "volumeattributesclass",
  shortNames: ["vac"],
  namespaced: false,
  schema: { package: "storage/v1", type: "VolumeAttributesClass" },
  validate: ({ driverName }) => (driverName ? [] : [required("driverName")]),
  validateUpdate: (object, old) => [
    ...validateImmutable(object.driverName, old.driverName, "driverName"),
    ...validateImmutable(object.parameters ?? {}, old.parameters ?? {}, "parameters"),
  ],
  columns: [text("DriverName", "The driver it is for.", (object) => object.driverName), age()],
};
