import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec, Pod } from "../../api/generated/core-v1.ts";
import type { CSINode, StorageClass, VolumeAttributesClass } from "../../api/generated/storage-v1.ts";
import { ageOf } from "../../api/duration.ts";
import type { Described } from "./describe-object.ts";
import { writeEventsOf } from "./events.ts";
import { persistentSourceLines } from "./volume.ts";
import { DescribeWriter, goTime, labelsText, writeAnnotations, writeLabels } from "./writer.ts";

const OLD_CLASS = "volume.beta.kubernetes.io/storage-class";
const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
const OLD_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class";

/** Upstream: describe.PersistentVolumeDescriber */
export async function describePersistentVolume(described: Described): Promise<string> {
  const { object } = described;
  const { metadata } = object;
  const { spec, status } = object as unknown as PersistentVolume;
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `Finalizers:\t${finalizers(described)}`);
  writer.line(0, `StorageClass:\t${metadata.annotations?.[OLD_CLASS] ?? spec?.storageClassName ?? ""}`);
  writer.line(0, `Status:\t${phase(described, status?.phase)}`);
  writer.line(0, `Claim:\t${spec?.claimRef ? `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}` : ""}`);
  writer.line(0, `Reclaim Policy:\t${spec?.persistentVolumeReclaimPolicy ?? ""}`);
  writer.line(0, `Access Modes:\t${modes(spec?.accessModes)}`);
  if (spec?.volumeMode !== undefined) writer.line(0, `VolumeMode:\t${spec.volumeMode}`);
  writer.line(0, `Capacity:\t${String(spec?.capacity?.["storage"] ?? "0")}`);
  writeNodeAffinity(writer, spec?.nodeAffinity);
  writer.line(0, `Message:\t${status?.message ?? ""}`);
  writer.line(0, "Source:");
  const source = spec ? persistentSourceLines(spec) : undefined;
  if (source) for (const line of source) writer.line(2, line);
  else writer.line(1, "<unknown>");
  await writeEventsOf(writer, described);
  return writer.render();
}

function writeNodeAffinity(writer: DescribeWriter, affinity: PersistentVolumeSpec["nodeAffinity"]): void {
  if (!affinity?.required) return writer.line(0, "Node Affinity:\t<none>");
  writer.line(0, "Node Affinity:\t");
  const terms = affinity.required.nodeSelectorTerms ?? [];
  writer.line(1, `Required Terms:\t${terms.length === 0 ? "<none>" : ""}`);
  for (const [index, { matchExpressions }] of terms.entries())
    writeTerm(
      writer,
      2,
      index,
      (matchExpressions ?? []).map(
        ({ key, operator, values }) => `${key} ${operator.toLowerCase()}${values?.length ? ` [${values.join(", ")}]` : ""}`,
      ),
    );
}

function writeTerm(writer: DescribeWriter, level: number, index: number, texts: readonly string[]): void {
  if (texts.length === 0) return writer.line(level, `Term ${index}:\t<none>`);
  texts.forEach((text, at) => writer.line(level, `${at === 0 ? `Term ${index}:` : ""}\t${text}`));
}

/** Upstream: describe.PersistentVolumeClaimDescriber */
export async function describePersistentVolumeClaim(described: Described): Promise<string> {
  const { client, object } = described;
  const { metadata } = object;
  const { spec, status } = object as unknown as PersistentVolumeClaim;
  const pods = await client.get<{ items?: Pod[] }>(`/api/v1/namespaces/${metadata.namespace}/pods`, {
    limit: 500,
  });
  const users = (pods.items ?? []).filter((pod) =>
    pod.spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === metadata.name),
  );
  for (const { kind, uid } of metadata.ownerReferences ?? []) {
    const owner = kind === "Pod" ? pods.items?.find((pod) => pod.metadata?.uid === uid) : undefined;
    if (owner && !users.includes(owner)) users.push(owner);
  }
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writer.line(0, `StorageClass:\t${metadata.annotations?.[OLD_CLASS] ?? spec?.storageClassName ?? ""}`);
  writer.line(0, `Status:\t${phase(described, status?.phase)}`);
  writer.line(0, `Volume:\t${spec?.volumeName ?? ""}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `Finalizers:\t${finalizers(described)}`);
  const bound = Boolean(spec?.volumeName);
  writer.line(0, `Capacity:\t${bound ? String(status?.capacity?.["storage"] ?? "0") : ""}`);
  writer.line(0, `Access Modes:\t${bound ? modes(status?.accessModes) : ""}`);
  if (spec?.volumeMode !== undefined) writer.line(0, `VolumeMode:\t${spec.volumeMode}`);
  if (spec?.dataSource) {
    writer.line(0, "DataSource:");
    if (spec.dataSource.apiGroup !== undefined) writer.line(1, `APIGroup:\t${spec.dataSource.apiGroup}`);
    writer.line(1, `Kind:\t${spec.dataSource.kind}`);
    writer.line(1, `Name:\t${spec.dataSource.name}`);
  }
  if (users.length === 0) writer.line(0, "Used By:\t<none>");
  users.forEach((pod, index) => writer.line(0, `${index === 0 ? "Used By:" : ""}\t${pod.metadata?.name}`));
  if (status?.conditions?.length) {
    writer.line(0, "Conditions:");
    writer.line(1, "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage");
    writer.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for (const each of status.conditions)
      writer.line(
        1,
        `${each.type} \t${each.status} \t${goTime(each.lastProbeTime ?? undefined)} \t${goTime(each.lastTransitionTime ?? undefined)} \t${each.reason ?? ""} \t${each.message ?? ""}`,
      );
  }
  await writeEventsOf(writer, described);
  return writer.render();
}

/** Upstream: describe.StorageClassDescriber */
export async function describeStorageClass(described: Described): Promise<string> {
  const { metadata } = described.object;
  const storageClass = described.object as unknown as StorageClass;
  const writer = new DescribeWriter();
  const isDefault = metadata.annotations?.[DEFAULT_CLASS] === "true" || metadata.annotations?.[OLD_DEFAULT_CLASS] === "true";
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `IsDefaultClass:\t${isDefault ? "Yes" : "No"}`);
  writer.line(0, `Annotations:\t${labelsText(metadata.annotations)}`);
  writer.line(0, `Provisioner:\t${storageClass.provisioner}`);
  writer.line(0, `Parameters:\t${labelsText(storageClass.parameters)}`);
  writer.line(0, `AllowVolumeExpansion:\t${optionalBool(storageClass.allowVolumeExpansion)}`);
  if (!storageClass.mountOptions?.length) writer.line(0, "MountOptions:\t<none>");
  else {
    writer.line(0, "MountOptions:");
    for (const option of storageClass.mountOptions) writer.line(1, option);
  }
  if (storageClass.reclaimPolicy !== undefined) writer.line(0, `ReclaimPolicy:\t${storageClass.reclaimPolicy}`);
  if (storageClass.volumeBindingMode !== undefined) writer.line(0, `VolumeBindingMode:\t${storageClass.volumeBindingMode}`);
  if (storageClass.allowedTopologies) {
    writer.line(0, `AllowedTopologies:\t${storageClass.allowedTopologies.length === 0 ? "<none>" : ""}`);
    for (const [index, term] of storageClass.allowedTopologies.entries())
      writeTerm(
        writer,
        1,
        index,
        (term.matchLabelExpressions ?? []).map(({ key, values }) => `${key} in${values.length > 0 ? ` [${values.join(", ")}]` : ""}`),
      );
  }
  await writeEventsOf(writer, described);
  return writer.render();
}

/** Upstream: describe.VolumeAttributesClassDescriber */
export async function describeVolumeAttributesClass(described: Described): Promise<string> {
  const { metadata } = described.object;
  const { driverName, parameters } = described.object as unknown as VolumeAttributesClass;
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Annotations:\t${labelsText(metadata.annotations)}`);
  writer.line(0, `DriverName:\t${driverName}`);
  writer.line(0, `Parameters:\t${labelsText(parameters)}`);
  await writeEventsOf(writer, described);
  return writer.render();
}

/** Upstream: describe.CSINodeDescriber */
export async function describeCsiNode(described: Described): Promise<string> {
  const { metadata } = described.object;
  const { spec } = described.object as unknown as CSINode;
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `CreationTimestamp:\t${goTime(metadata.creationTimestamp)}`);
  writer.line(0, "Spec:");
  if (spec?.drivers) {
    writer.line(1, "Drivers:");
    for (const { name, nodeID, allocatable, topologyKeys } of spec.drivers) {
      writer.line(2, `${name}:`);
      writer.line(3, `Node ID:\t${nodeID}`);
      if (allocatable?.count !== undefined) {
        writer.line(3, "Allocatables:");
        writer.line(4, `Count:\t${allocatable.count}`);
      }
      if (topologyKeys) writer.line(3, `Topology Keys:\t[${topologyKeys.join(" ")}]`);
    }
  }
  await writeEventsOf(writer, described);
  return writer.render();
}

const finalizers = ({ object }: Described) => `[${((object.metadata["finalizers"] ?? []) as string[]).join(" ")}]`;

const phase = ({ object, nowMs }: Described, text: string | undefined) =>
  object.metadata.deletionTimestamp ? `Terminating (lasts ${ageOf(object.metadata.deletionTimestamp, nowMs)})` : (text ?? "");

const optionalBool = (value: boolean | undefined) => (value === undefined ? "<unset>" : value ? "True" : "False");

const MODES: readonly (readonly [string, string])[] = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
];
const modes = (given: readonly string[] | undefined) =>
  MODES.filter(([name]) => given?.includes(name))
    .map(([, short]) => short)
    .join(",");
