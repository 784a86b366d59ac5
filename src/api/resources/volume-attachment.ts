import { required } from "../field-errors.ts";
import type { VolumeAttachment } from "../generated/storage-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";
import { validateImmutable } from "./support/workload.ts";

/** Upstream: pkg/registry/storage/volumeattachment */
export const volumeAttachments: Kind<VolumeAttachment> = {
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttachment",
  plural: "volumeattachments",
  singular: "volumeattachment",
  namespaced: false,
  schema: { package: "storage/v1", type: "VolumeAttachment" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  prepareForCreate(attachment) {
    attachment.status = { attached: false };
  },
  validate: ({ spec }) => [...(spec.attacher ? [] : [required("spec.attacher")]), ...(spec.nodeName ? [] : [required("spec.nodeName")])],
  validateUpdate: (attachment, old) => validateImmutable(attachment.spec, old.spec, "spec"),
  warnings: notSimulated("VolumeAttachments", "nothing is attached"),
  columns: [
    text("Attacher", "Who attaches it.", ({ spec }) => spec.attacher),
    text("PV", "The volume.", ({ spec }) => spec.source?.persistentVolumeName ?? ""),
    text("Node", "Where to.", ({ spec }) => spec.nodeName),
    { name: "Attached", type: "boolean", priority: 0, description: "Whether it is done.", cell: ({ status }) => status.attached ?? false },
    age(),
  ],
};
