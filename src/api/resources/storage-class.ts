import { type FieldError, forbidden, invalid, notSupported, required } from "../field-errors.ts";
import type { StorageClass } from "../generated/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { isQualifiedName } from "../validation/names.ts";
import { age, text } from "./support/columns.ts";

const DEFAULT_ANNOTATIONS = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
const RECLAIM_POLICIES = ["Delete", "Retain"];
const BINDING_MODES = ["Immediate", "WaitForFirstConsumer"];

/** Upstream: pkg/registry/storage/storageclass, ValidateStorageClass */
export const storageClasses: Kind<StorageClass> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  plural: "storageclasses",
  singular: "storageclass",
  shortNames: ["sc"],
  namespaced: false,
  schema: { package: "storage/v1", type: "StorageClass" },
  setDefaults(object) {
    object.reclaimPolicy ??= "Delete";
    object.volumeBindingMode ??= "Immediate";
  },
  validate(object) {
    const errors: FieldError[] = [];
    if (!object.provisioner) errors.push(required("provisioner"));
    else
      for (const message of isQualifiedName(object.provisioner.toLowerCase()))
        errors.push(invalid("provisioner", object.provisioner, message));
    for (const key of Object.keys(object.parameters ?? {}))
      if (key === "") errors.push(invalid("parameters", key, "field can not be empty."));
    if (!RECLAIM_POLICIES.includes(object.reclaimPolicy ?? ""))
      errors.push(notSupported("reclaimPolicy", object.reclaimPolicy, RECLAIM_POLICIES));
    if (!BINDING_MODES.includes(object.volumeBindingMode ?? ""))
      errors.push(notSupported("volumeBindingMode", object.volumeBindingMode, BINDING_MODES));
    return errors;
  },
  validateUpdate: (object, old) => [
    ...(sameJson(object.parameters ?? {}, old.parameters ?? {}) ? [] : [forbidden("parameters", "updates to parameters are forbidden.")]),
    ...(object.provisioner === old.provisioner ? [] : [forbidden("provisioner", "updates to provisioner are forbidden.")]),
    ...(object.reclaimPolicy === old.reclaimPolicy ? [] : [forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden.")]),
    ...(object.volumeBindingMode === old.volumeBindingMode
      ? []
      : [invalid("volumeBindingMode", object.volumeBindingMode, "field is immutable")]),
  ],
  columns: [
    {
      ...text<StorageClass>("Name", "Its name, and whether claims without a class get it.", ({ metadata }) =>
        DEFAULT_ANNOTATIONS.some((key) => metadata.annotations?.[key] === "true") ? `${metadata.name} (default)` : metadata.name,
      ),
      format: "name",
    },
    text("Provisioner", "Who makes its volumes.", (object) => object.provisioner),
    text("ReclaimPolicy", "What becomes of a volume when its claim goes.", (object) => object.reclaimPolicy ?? "Delete"),
    text("VolumeBindingMode", "When volumes are made and bound.", (object) => object.volumeBindingMode ?? "<unset>"),
    {
      name: "AllowVolumeExpansion",
      type: "string",
      priority: 0,
      description: "Whether volumes may grow.",
      cell: (object) => object.allowVolumeExpansion ?? false,
    },
    age(),
  ],
};
