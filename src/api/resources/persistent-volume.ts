import { type FieldError, forbidden, invalid, notSupported, required } from "../field-errors.ts";
import type { PersistentVolume, PersistentVolumeSpec } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { isDns1123Subdomain } from "../validation/names.ts";
import { shortAccessModes, validateAccessModes } from "./support/access-modes.ts";
import { age, text } from "./support/columns.ts";
import { setSourceDefaults } from "./support/pod-defaults.ts";
import { validateAmounts } from "./support/quantities.ts";

const SOURCES = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "nfs",
  "rbd",
  "quobyte",
  "cephfs",
  "flexVolume",
  "cinder",
  "fc",
  "flocker",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "scaleIO",
  "local",
  "storageos",
  "csi",
  "iscsi",
] as const satisfies readonly (keyof PersistentVolumeSpec)[];
const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"];
const VOLUME_MODES = ["Block", "Filesystem"];

/** Upstream: pkg/registry/core/persistentvolume, ValidatePersistentVolume */
export const persistentVolumes: Kind<PersistentVolume> = {
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  singular: "persistentvolume",
  shortNames: ["pv"],
  namespaced: false,
  schema: { package: "core/v1", type: "PersistentVolume" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    spec.persistentVolumeReclaimPolicy ||= "Retain";
    spec.volumeMode ||= "Filesystem";
    setSourceDefaults(spec);
  },
  prepareForCreate(volume, { clock }) {
    volume.status = { phase: "Pending", lastPhaseTransitionTime: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, "Z") };
  },
  validate: ({ spec }) => [
    ...validateAccessModes(spec.accessModes, "spec.accessModes", ""),
    ...validateCapacity(spec),
    ...(RECLAIM_POLICIES.includes(spec.persistentVolumeReclaimPolicy ?? "")
      ? []
      : [notSupported("spec.persistentVolumeReclaimPolicy", spec.persistentVolumeReclaimPolicy, RECLAIM_POLICIES)]),
    ...validateSource(spec),
    ...(spec.storageClassName
      ? isDns1123Subdomain(spec.storageClassName).map((message) => invalid("spec.storageClassName", spec.storageClassName, message))
      : []),
    ...(VOLUME_MODES.includes(spec.volumeMode ?? "") ? [] : [notSupported("spec.volumeMode", spec.volumeMode, VOLUME_MODES)]),
  ],
  validateUpdate: (volume, old) => [
    ...(sameJson(sourceOf(volume.spec), sourceOf(old.spec))
      ? []
      : [forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation")]),
    ...(volume.spec.volumeMode === old.spec.volumeMode ? [] : [invalid("volumeMode", volume.spec.volumeMode, "field is immutable")]),
  ],
  selectableFields: () => ({}),
  columns: [
    text("Capacity", "Its size.", ({ spec }) => spec.capacity?.["storage"] ?? "0"),
    text("Access Modes", "How it may be mounted.", ({ spec }) => shortAccessModes(spec.accessModes)),
    text("Reclaim Policy", "What becomes of it when its claim goes.", ({ spec }) => spec.persistentVolumeReclaimPolicy ?? ""),
    text("Status", "The phase of its life.", ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status.phase ?? ""))),
    text("Claim", "The claim that has it.", ({ spec }) => (spec.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : "")),
    text("StorageClass", "Its storage class.", ({ spec }) => spec.storageClassName ?? ""),
    text("VolumeAttributesClass", "Its attributes class.", ({ spec }) => spec.volumeAttributesClassName ?? "<unset>"),
    text("Reason", "Why it is in that phase.", ({ status }) => status.reason ?? ""),
    age(),
    text("VolumeMode", "File system or block device.", ({ spec }) => spec.volumeMode ?? "<unset>", 1),
  ],
};

function validateCapacity({ capacity = {} }: PersistentVolumeSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (Object.keys(capacity).length === 0) errors.push(required("spec.capacity"));
  if (!capacity["storage"] || Object.keys(capacity).length > 1) errors.push(notSupported("spec.capacity", capacity, ["storage"]));
  return [...errors, ...validateAmounts(capacity, "spec.capacity")];
}

function validateSource(spec: PersistentVolumeSpec): FieldError[] {
  const named = SOURCES.filter((source) => spec[source] !== undefined);
  if (named.length === 0) return [required("spec", "must specify a volume type")];
  const more = named.slice(1).map((source) => forbidden(`spec.${source}`, "may not specify more than 1 volume type"));
  const { hostPath, local } = spec;
  if (hostPath && !hostPath.path) more.push(required("spec.hostPath.path"));
  else if (hostPath?.path.split("/").includes("..")) more.push(invalid("spec.hostPath.path", hostPath.path, "must not contain '..'"));
  if (hostPath?.path === "/" && spec.persistentVolumeReclaimPolicy === "Recycle")
    more.push(forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'"));
  if (local && !local.path) more.push(required("spec.local.path"));
  if (local && !spec.nodeAffinity) more.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
  return more;
}

function sourceOf(spec: PersistentVolumeSpec): unknown {
  return Object.fromEntries(SOURCES.flatMap((source) => (spec[source] === undefined ? [] : [[source, spec[source]]])));
}
