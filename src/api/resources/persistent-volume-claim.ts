import { required } from "../field-errors.ts";
import type { PersistentVolumeClaim } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";

const SHORT_MODES: Record<string, string> = { ReadWriteOnce: "RWO", ReadOnlyMany: "ROX", ReadWriteMany: "RWX", ReadWriteOncePod: "RWOP" };

/** `RWO,ROX`, in upstream's order. */
export function accessModes(modes: readonly string[] | undefined): string {
  return Object.keys(SHORT_MODES).filter((mode) => modes?.includes(mode)).map((mode) => SHORT_MODES[mode]).join(",");
}

/** Upstream: pkg/registry/core/persistentvolumeclaim */
export const persistentVolumeClaims: Kind<PersistentVolumeClaim> = {
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  singular: "persistentvolumeclaim",
  shortNames: ["pvc"],
  namespaced: true,
  schema: { package: "core/v1", type: "PersistentVolumeClaim" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults(claim) {
    claim.spec.volumeMode ||= "Filesystem";
  },
  prepareForCreate(claim) {
    claim.status = { phase: "Pending" };
  },
  validate: ({ spec }) => [
    ...(spec.accessModes?.length ? [] : [required("spec.accessModes", "at least 1 access mode is required")]),
    ...(spec.resources?.requests?.["storage"] ? [] : [required("spec.resources[storage]")]),
  ],
  columns: [
    text("Status", "Whether it is bound.", (claim) => (claim.metadata.deletionTimestamp ? "Terminating" : (claim.status.phase ?? ""))),
    text("Volume", "The volume that it got.", (claim) => claim.spec.volumeName ?? ""),
    text("Capacity", "The volume's size.", (claim) => (claim.spec.volumeName ? (claim.status.capacity?.["storage"] ?? "") : "")),
    text("Access Modes", "How the volume may be mounted.", (claim) => (claim.spec.volumeName ? accessModes(claim.status.accessModes) : "")),
    text("StorageClass", "Its storage class.", (claim) => claim.spec.storageClassName ?? ""),
    text("VolumeAttributesClass", "Its attributes class.", (claim) => claim.spec.volumeAttributesClassName ?? "<unset>"),
    age(),
    text("VolumeMode", "File system or block device.", (claim) => claim.spec.volumeMode ?? "<unset>", 1),
  ],
};
