import type { DownwardAPIVolumeFile, PersistentVolumeClaimTemplate, PersistentVolumeSpec, Volume } from "../../api/generated/core-v1.ts";
import { goValue } from "../../api/go-value.ts";
import type { DescribeWriter } from "./writer.ts";

export function writeVolumes(writer: DescribeWriter, volumes: readonly Volume[] | undefined, level = 0): void {
  if (!volumes?.length) return writer.line(level, "Volumes:\t<none>");
  writer.line(level, "Volumes:");
  for (const volume of volumes) {
    writer.line(1, `${level > 0 ? " " : ""}${volume.name}:`);
    const lines = volumeLines(volume);
    if (lines) for (const line of lines) writer.line(2, line);
    else writer.line(1, "<unknown>");
  }
}

type Fields = Readonly<Record<string, unknown>>;
/** A label, the field, and what is shown where the field is not set. */
type Row = readonly [label: string, field: string, unset?: string];

interface SourceView {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Where a PersistentVolume shows other rows than a pod. */
  readonly persistent?: readonly Row[];
}

const READ_ONLY: Row = ["ReadOnly:", "readOnly", "false"];
const FS_TYPE: Row = ["FSType:", "fsType"];
const SECRET: Row = ["SecretRef:", "secretRef", "nil"];

/** What kubectl shows of a source, in its order of choice. Upstream: describeVolumes, describePersistentVolume */
const SOURCES: Readonly<Record<string, SourceView>> = {
  hostPath: {
    title: "HostPath (bare host directory volume)",
    rows: [
      ["Path:", "path"],
      ["HostPathType:", "type", "<none>"],
    ],
  },
  emptyDir: {
    title: "EmptyDir (a temporary directory that shares a pod's lifetime)",
    rows: [
      ["Medium:", "medium"],
      ["SizeLimit:", "sizeLimit", "<unset>"],
    ],
  },
  gcePersistentDisk: {
    title: "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
    rows: [["PDName:", "pdName"], FS_TYPE, ["Partition:", "partition", "0"], READ_ONLY],
  },
  awsElasticBlockStore: {
    title: "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
    rows: [["VolumeID:", "volumeID"], FS_TYPE, ["Partition:", "partition", "0"], READ_ONLY],
  },
  gitRepo: {
    title: "GitRepo (a volume that is pulled from git when the pod is created)",
    rows: [
      ["Repository:", "repository"],
      ["Revision:", "revision"],
    ],
  },
  secret: {
    title: "Secret (a volume populated by a Secret)",
    rows: [
      ["SecretName:", "secretName"],
      ["Optional:", "optional", "false"],
    ],
  },
  configMap: {
    title: "ConfigMap (a volume populated by a ConfigMap)",
    rows: [
      ["Name:", "name"],
      ["Optional:", "optional", "false"],
    ],
  },
  nfs: { title: "NFS (an NFS mount that lasts the lifetime of a pod)", rows: [["Server:", "server"], ["Path:", "path"], READ_ONLY] },
  iscsi: {
    title: "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
    rows: [
      ["TargetPortal:", "targetPortal"],
      ["IQN:", "iqn"],
      ["Lun:", "lun", "0"],
      ["ISCSIInterface", "iscsiInterface"],
      FS_TYPE,
      READ_ONLY,
      ["Portals:", "portals", "[]"],
      ["DiscoveryCHAPAuth:", "chapAuthDiscovery", "false"],
      ["SessionCHAPAuth:", "chapAuthSession", "false"],
      SECRET,
      ["InitiatorName:", "initiatorName", "<none>"],
    ],
  },
  glusterfs: {
    title: "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
    rows: [["EndpointsName:", "endpoints"], ["Path:", "path"], READ_ONLY],
    persistent: [["EndpointsName:", "endpoints"], ["EndpointsNamespace:", "endpointsNamespace", "<unset>"], ["Path:", "path"], READ_ONLY],
  },
  persistentVolumeClaim: {
    title: "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
    rows: [["ClaimName:", "claimName"], READ_ONLY],
  },
  rbd: {
    title: "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
    rows: [
      ["CephMonitors:", "monitors", "[]"],
      ["RBDImage:", "image"],
      FS_TYPE,
      ["RBDPool:", "pool"],
      ["RadosUser:", "user"],
      ["Keyring:", "keyring"],
      SECRET,
      READ_ONLY,
    ],
  },
  quobyte: {
    title: "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
    rows: [["Registry:", "registry"], ["Volume:", "volume"], READ_ONLY],
  },
  azureDisk: {
    title: "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
    rows: [["DiskName:", "diskName"], ["DiskURI:", "diskURI"], ["Kind: ", "kind"], FS_TYPE, ["CachingMode:", "cachingMode"], READ_ONLY],
  },
  vsphereVolume: {
    title: "vSphereVolume (a Persistent Disk resource in vSphere)",
    rows: [["VolumePath:", "volumePath"], FS_TYPE, ["StoragePolicyName:", "storagePolicyName"]],
  },
  cinder: {
    title: "Cinder (a Persistent Disk resource in OpenStack)",
    rows: [["VolumeID:", "volumeID"], FS_TYPE, READ_ONLY, SECRET],
  },
  photonPersistentDisk: {
    title: "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
    rows: [["PdID:", "pdID"], FS_TYPE],
  },
  portworxVolume: { title: "PortworxVolume (a Portworx Volume resource)", rows: [["VolumeID:", "volumeID"]] },
  scaleIO: {
    title: "ScaleIO (a persistent volume backed by a block device in ScaleIO)",
    rows: [
      ["Gateway:", "gateway"],
      ["System:", "system"],
      ["Protection Domain:", "protectionDomain"],
      ["Storage Pool:", "storagePool"],
      ["Storage Mode:", "storageMode"],
      ["VolumeName:", "volumeName"],
      FS_TYPE,
      READ_ONLY,
    ],
    persistent: [
      ["Gateway:", "gateway"],
      ["System:", "system"],
      ["Protection Domain:", "protectionDomain"],
      ["Storage Pool:", "storagePool"],
      ["Storage Mode:", "storageMode"],
      ["VolumeName:", "volumeName"],
      ["SecretName:", "secretRef.name"],
      ["SecretNamespace:", "secretRef.namespace"],
      FS_TYPE,
      READ_ONLY,
    ],
  },
  local: { title: "LocalVolume (a persistent volume backed by local storage on a node)", rows: [["Path:", "path"]] },
  cephfs: {
    title: "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
    rows: [["Monitors:", "monitors", "[]"], ["Path:", "path"], ["User:", "user"], ["SecretFile:", "secretFile"], SECRET, READ_ONLY],
  },
  storageos: {
    title: "StorageOS (a StorageOS Persistent Disk resource)",
    rows: [["VolumeName:", "volumeName"], ["VolumeNamespace:", "volumeNamespace"], FS_TYPE, READ_ONLY],
  },
  fc: {
    title: "FC (a Fibre Channel disk)",
    rows: [["TargetWWNs:", "targetWWNs"], ["LUN:", "lun", "<none>"], FS_TYPE, READ_ONLY],
  },
  azureFile: {
    title: "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
    rows: [["SecretName:", "secretName"], ["ShareName:", "shareName"], READ_ONLY],
    persistent: [["SecretName:", "secretName"], ["SecretNamespace:", "secretNamespace"], ["ShareName:", "shareName"], READ_ONLY],
  },
  flexVolume: {
    title: "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
    rows: [["Driver:", "driver"], FS_TYPE, SECRET, READ_ONLY, ["Options:", "options", "map[]"]],
  },
  flocker: {
    title: "Flocker (a Flocker volume mounted by the Flocker agent)",
    rows: [
      ["DatasetName:", "datasetName"],
      ["DatasetUUID:", "datasetUUID"],
    ],
  },
  csi: {
    title: "CSI (a Container Storage Interface (CSI) volume source)",
    rows: [["Driver:", "driver"], FS_TYPE, READ_ONLY],
    persistent: [["Driver:", "driver"], FS_TYPE, ["VolumeHandle:", "volumeHandle"], READ_ONLY],
  },
  image: {
    title: "Image (a container image or OCI artifact)",
    rows: [
      ["Reference:", "reference"],
      ["PullPolicy:", "pullPolicy"],
    ],
  },
};

/** What a PersistentVolume is made of; undefined for a source that kubectl does not know. */
export const persistentSourceLines = (spec: PersistentVolumeSpec): string[] | undefined => sourceLines(spec as unknown as Fields, true);

function volumeLines(volume: Volume): string[] | undefined {
  if (volume.downwardAPI)
    return [
      "Type:\tDownwardAPI (a volume populated by information about the pod)",
      "Items:",
      ...(volume.downwardAPI.items ?? []).flatMap(downwardLines),
    ];
  if (volume.projected) return projectedLines(volume.projected.sources ?? []);
  if (volume.ephemeral)
    return [
      "Type:\tEphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
      ...claimLines(volume.ephemeral.volumeClaimTemplate),
    ];
  return sourceLines(volume as unknown as Fields, false);
}

function sourceLines(holder: Fields, persistent: boolean): string[] | undefined {
  const found = Object.entries(SOURCES).find(([name]) => typeof holder[name] === "object" && holder[name] !== null);
  if (!found) return undefined;
  const [name, view] = found;
  const source = holder[name] as Fields;
  const rows = (persistent ? view.persistent : undefined) ?? view.rows;
  const lines = [
    `Type:\t${view.title}`,
    ...rows.map(([label, field, unset]) => `${label}\t${valueText(source, field, unset, persistent)}`),
  ];
  return name === "csi" ? [...lines, ...attributeLines(source["volumeAttributes"] as Readonly<Record<string, string>> | undefined)] : lines;
}

function valueText(source: Fields, path: string, unset = "", persistent: boolean): string {
  const value = path.split(".").reduce<unknown>((holder, field) => (holder as Fields | undefined)?.[field], source);
  if (value === undefined || value === null) return unset;
  if (path === "targetWWNs") return (value as string[]).join(", ");
  if (path !== "secretRef") return goValue(value);
  const { name = "", namespace = "" } = value as { name?: string; namespace?: string };
  return persistent ? `&SecretReference{Name:${name},Namespace:${namespace},}` : `&LocalObjectReference{Name:${name},}`;
}

const MAX_ATTRIBUTE = 140;

function attributeLines(attributes: Readonly<Record<string, string>> | undefined): string[] {
  const pairs = Object.entries(attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length === 0) return ["VolumeAttributes:\t<none>"];
  const text = ([key, value]: [string, string]) => {
    const line = `${key}=${value}`;
    return line.length > MAX_ATTRIBUTE ? `${line.slice(0, MAX_ATTRIBUTE)}...` : line;
  };
  return pairs.map((pair, index) => nested(index, "VolumeAttributes", text(pair)));
}

/** kubectl indents each part of such lines once more. */
const nested = (index: number, title: string, text: string) => `${index === 0 ? `${title}:\t` : "    \t"}    ${text}`;

const downwardLines = ({ path, fieldRef, resourceFieldRef }: DownwardAPIVolumeFile): string[] => [
  ...(fieldRef ? [`  ${fieldRef.fieldPath} -> ${path}`] : []),
  ...(resourceFieldRef ? [`  ${resourceFieldRef.resource} -> ${path}`] : []),
];

function projectedLines(sources: NonNullable<NonNullable<Volume["projected"]>["sources"]>): string[] {
  const lines = ["Type:\tProjected (a volume that contains injected data from multiple sources)"];
  for (const source of sources) {
    if (source.secret) lines.push(`SecretName:\t${source.secret.name ?? ""}`, `Optional:\t${source.secret.optional ?? false}`);
    else if (source.downwardAPI) lines.push("DownwardAPI:\ttrue");
    else if (source.configMap)
      lines.push(`ConfigMapName:\t${source.configMap.name ?? ""}`, `Optional:\t${source.configMap.optional ?? false}`);
    else if (source.serviceAccountToken) lines.push(`TokenExpirationSeconds:\t${source.serviceAccountToken.expirationSeconds ?? 3600}`);
  }
  return lines;
}

/** The claim that comes with a pod. Upstream: printPersistentVolumeClaim */
function claimLines(template: PersistentVolumeClaimTemplate | undefined): string[] {
  if (!template) return [];
  const { metadata, spec } = template;
  const pairs = (title: string, values: Readonly<Record<string, string>> | undefined, separator: string, lead: string) => {
    const texts = Object.entries(values ?? {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}${separator}${value}`);
    return texts.length === 0
      ? [`${title}:\t<none>`]
      : texts.map((text, index) => (index === 0 ? nested(0, title, text) : `${lead}\t    ${text}`));
  };
  const source = spec?.dataSource;
  return [
    `StorageClass:\t${spec?.storageClassName ?? ""}`,
    `Volume:\t${spec?.volumeName ?? ""}`,
    ...pairs("Labels", metadata?.labels, "=", "    "),
    ...pairs("Annotations", metadata?.annotations, ": ", ""),
    "Capacity:\t",
    "Access Modes:\t",
    ...(spec?.volumeMode === undefined ? [] : [`VolumeMode:\t${spec.volumeMode}`]),
    ...(source ? ["DataSource:"] : []),
    ...(source?.apiGroup === undefined ? [] : [`  APIGroup:\t${source.apiGroup}`]),
    ...(source ? [`  Kind:\t${source.kind}`, `  Name:\t${source.name}`] : []),
  ];
}
