import { type FieldError, forbidden, invalid, notSupported, required } from "../field-errors.ts";
import type { PersistentVolumeClaim } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { validateLabelSelector } from "../validation/label-selector.ts";
import { isDns1123Subdomain } from "../validation/names.ts";
import { goDiff } from "./support/go-diff.ts";
import { shortAccessModes, validateAccessModes } from "./support/access-modes.ts";
import { age, text } from "./support/columns.ts";
import { compareAmounts } from "./support/quantities.ts";

const VOLUME_MODES = ["Block", "Filesystem"];

/** Upstream: pkg/registry/core/persistentvolumeclaim, ValidatePersistentVolumeClaim */
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
  validate({ spec }) {
    const errors: FieldError[] = validateLabelSelector(spec.selector, "spec.selector");
    errors.push(...validateAccessModes(spec.accessModes, "spec.accessModes", "at least 1 access mode is required"));
    const storage = spec.resources?.requests?.["storage"];
    if (storage === undefined) errors.push(required("spec.resources[storage]"));
    else if (compareAmounts(storage, "0") <= 0) errors.push(invalid("spec.resources[storage]", storage, "must be greater than zero"));
    if (spec.storageClassName)
      for (const message of isDns1123Subdomain(spec.storageClassName))
        errors.push(invalid("spec.storageClassName", spec.storageClassName, message));
    if (!VOLUME_MODES.includes(spec.volumeMode ?? "")) errors.push(notSupported("spec.volumeMode", spec.volumeMode, VOLUME_MODES));
    return errors;
  },
  validateUpdate: ({ spec }, old) => {
    const mayGrow = old.status.phase === "Bound";
    const fixed = (from: PersistentVolumeClaim["spec"]) => ({
      ...from,
      volumeName: old.spec.volumeName ? from.volumeName : undefined,
      ...(mayGrow ? { resources: undefined, volumeAttributesClassName: undefined } : {}),
    });
    if (!sameJson(fixed(spec), fixed(old.spec))) {
      return [
        forbidden(
          "spec",
          `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${goDiff("core.PersistentVolumeClaimSpec", old.spec, spec)}`,
        ),
      ];
    }
    const shrinks =
      compareAmounts(spec.resources?.requests?.["storage"], old.status.capacity?.["storage"]) < 0 &&
      compareAmounts(spec.resources?.requests?.["storage"], old.spec.resources?.requests?.["storage"]) < 0;
    return shrinks ? [forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")] : [];
  },
  columns: [
    text("Status", "Whether it is bound.", (claim) => (claim.metadata.deletionTimestamp ? "Terminating" : (claim.status.phase ?? ""))),
    text("Volume", "The volume that it got.", (claim) => claim.spec.volumeName ?? ""),
    text("Capacity", "The volume's size.", (claim) => (claim.spec.volumeName ? (claim.status.capacity?.["storage"] ?? "") : "")),
    text("Access Modes", "How the volume may be mounted.", (claim) =>
      claim.spec.volumeName ? shortAccessModes(claim.status.accessModes) : "",
    ),
    text("StorageClass", "Its storage class.", (claim) => claim.spec.storageClassName ?? ""),
    text("VolumeAttributesClass", "Its attributes class.", (claim) => claim.spec.volumeAttributesClassName ?? "<unset>"),
    age(),
    text("VolumeMode", "File system or block device.", (claim) => claim.spec.volumeMode ?? "<unset>", 1),
  ],
};
