import { duplicate, type FieldError, forbidden, invalid, notFoundValue, notSupported, required } from "../../field-errors.ts";
import type { Container, DownwardAPIVolumeFile, KeyToPath, Volume } from "../../generated/core-v1.ts";
import { isQuantity, parseQuantity } from "../../quantity.ts";
import { isDns1123Label } from "../../validation/names.ts";
import { validateFieldRef, validateResourceFieldRef, VOLUME_FIELDS } from "./pod-env-validation.ts";

// Upstream: ValidateVolumes, validateVolumeSource, ValidateVolumeMounts

const MODE_RANGE = "must be a number between 0 and 0777 (octal), both inclusive";
const HOST_PATH_TYPES = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

/** Volumes with errors are left out of the result, so that their mounts are "Not found" as well. */
export function validateVolumes(list: readonly Volume[], path: string): { volumes: Map<string, Volume>; errors: FieldError[] } {
  const volumes = new Map<string, Volume>();
  const errors: FieldError[] = [];
  list.forEach((volume, index) => {
    const at = `${path}[${index}]`;
    const own = validateSources(volume, at);
    if (!volume.name) own.push(required(`${at}.name`));
    else for (const message of isDns1123Label(volume.name)) own.push(invalid(`${at}.name`, volume.name, message));
    if (volumes.has(volume.name)) own.push(duplicate(`${at}.name`, volume.name));
    if (own.length === 0) volumes.set(volume.name, volume);
    errors.push(...own);
  });
  return { volumes, errors };
}

// In the order in which upstream looks at them: the first is checked, all others are forbidden.
const SOURCES = [
  "emptyDir",
  "hostPath",
  "gitRepo",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "secret",
  "nfs",
  "iscsi",
  "glusterfs",
  "flocker",
  "persistentVolumeClaim",
  "rbd",
  "cinder",
  "cephfs",
  "quobyte",
  "downwardAPI",
  "fc",
  "flexVolume",
  "configMap",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "storageos",
  "projected",
  "scaleIO",
  "csi",
  "ephemeral",
  "image",
] as const;
type Source = (typeof SOURCES)[number];

function validateSources(volume: Volume, path: string): FieldError[] {
  const given = SOURCES.filter((source) => volume[source] !== undefined);
  const [first, ...more] = given;
  if (first === undefined) return [required(path, "must specify a volume type")];
  return [
    ...validateSource(volume, first, `${path}.${first}`),
    ...more.map((source) => forbidden(`${path}.${source}`, "may not specify more than 1 volume type")),
  ];
}

function validateSource(volume: Volume, source: Source, path: string): FieldError[] {
  const { emptyDir, hostPath, secret, configMap, downwardAPI, persistentVolumeClaim, nfs, csi, image, gitRepo, ephemeral } = volume;
  switch (source) {
    case "emptyDir":
      return emptyDir?.sizeLimit !== undefined && isQuantity(emptyDir.sizeLimit) && parseQuantity(emptyDir.sizeLimit).nanos < 0n
        ? [forbidden(`${path}.sizeLimit`, "SizeLimit field must be a valid resource quantity")]
        : [];
    case "hostPath":
      return validateHostPath(hostPath ?? { path: "" }, path);
    case "secret":
      return [
        ...needed(secret?.secretName, `${path}.secretName`),
        ...validateMode(secret?.defaultMode, `${path}.defaultMode`),
        ...validateKeyPaths(secret?.items, `${path}.items`),
      ];
    case "configMap":
      return [
        ...needed(configMap?.name, `${path}.name`),
        ...validateMode(configMap?.defaultMode, `${path}.defaultMode`),
        ...validateKeyPaths(configMap?.items, `${path}.items`),
      ];
    case "downwardAPI":
      return [
        ...validateMode(downwardAPI?.defaultMode, `${path}.defaultMode`),
        ...(downwardAPI?.items ?? []).flatMap((item) => validateDownwardFile(item, path)),
      ];
    case "persistentVolumeClaim":
      return needed(persistentVolumeClaim?.claimName, `${path}.claimName`);
    case "projected":
      return validateProjected(volume.projected, path);
    case "nfs":
      return [
        ...needed(nfs?.server, `${path}.server`),
        ...(nfs?.path
          ? nfs.path.startsWith("/")
            ? []
            : [invalid(`${path}.path`, nfs.path, "must be an absolute path")]
          : [required(`${path}.path`)]),
      ];
    case "csi":
      return needed(csi?.driver, `${path}.driver`);
    case "image":
      return needed(image?.reference, `${path}.reference`);
    case "gitRepo":
      return needed(gitRepo?.repository, `${path}.repository`);
    case "ephemeral":
      return ephemeral?.volumeClaimTemplate ? [] : [required(`${path}.volumeClaimTemplate`)];
    default:
      return [];
  }
}

const needed = (value: string | undefined, path: string) => (value ? [] : [required(path)]);
const validateMode = (mode: number | undefined, path: string) =>
  mode !== undefined && (mode < 0 || mode > 0o777) ? [invalid(path, mode, MODE_RANGE)] : [];

function validateHostPath(source: NonNullable<Volume["hostPath"]>, path: string): FieldError[] {
  if (!source.path) return [required(`${path}.path`)];
  const errors = source.path.split("/").includes("..") ? [invalid(`${path}.path`, source.path, "must not contain '..'")] : [];
  if (source.type !== undefined && !HOST_PATH_TYPES.includes(source.type))
    errors.push(notSupported(`${path}.type`, source.type, HOST_PATH_TYPES));
  return errors;
}

function validateKeyPaths(items: readonly KeyToPath[] | undefined, path: string): FieldError[] {
  return (items ?? []).flatMap((item, index) => {
    const at = `${path}[${index}]`;
    return [
      ...needed(item.key, `${at}.key`),
      ...(item.path ? validateFilePath(item.path, `${at}.path`) : [required(`${at}.path`)]),
      ...validateMode(item.mode, `${at}.mode`),
    ];
  });
}

/** Upstream: validateLocalDescendingPath */
export function validateLocalPath(text: string, path: string): FieldError[] {
  const errors = text.startsWith("/") ? [invalid(path, text, "must be a relative path")] : [];
  if (text.split("/").includes("..")) errors.push(invalid(path, text, "must not contain '..'"));
  return errors;
}

/** Upstream: validateLocalNonReservedPath. What starts with ".." is the atomic writer's own. */
function validateFilePath(text: string, path: string): FieldError[] {
  const errors = validateLocalPath(text, path);
  if (text.startsWith("..") && !text.startsWith("../")) errors.push(invalid(path, text, "must not start with '..'"));
  return errors;
}

/** Its fields stand under the volume source itself, without an index: so upstream has it. */
function validateDownwardFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const errors = file.path ? validateFilePath(file.path, `${path}.path`) : [required(`${path}.path`)];
  if (file.fieldRef) {
    errors.push(...validateFieldRef(file.fieldRef, `${path}.fieldRef`, VOLUME_FIELDS));
    if (file.resourceFieldRef) errors.push(invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
  } else if (file.resourceFieldRef) errors.push(...validateResourceFieldRef(file.resourceFieldRef, `${path}.resourceFieldRef`, true));
  else errors.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  return [...errors, ...validateMode(file.mode, `${path}.mode`)];
}

/** Upstream: validateProjectedVolumeSource */
function validateProjected(source: Volume["projected"], path: string): FieldError[] {
  const errors = validateMode(source?.defaultMode, `${path}.defaultMode`);
  (source?.sources ?? []).forEach((projection, index) => {
    const at = `${path}.sources[${index}]`;
    const { secret, configMap, downwardAPI, serviceAccountToken } = projection;
    if (secret) errors.push(...needed(secret.name, `${at}.secret.name`), ...validateKeyPaths(secret.items, `${at}.secret.items`));
    if (configMap)
      errors.push(...needed(configMap.name, `${at}.configMap.name`), ...validateKeyPaths(configMap.items, `${at}.configMap.items`));
    if (downwardAPI) errors.push(...(downwardAPI.items ?? []).flatMap((file) => validateDownwardFile(file, `${at}.downwardAPI`)));
    if (serviceAccountToken) {
      const { expirationSeconds = 3600, path: file } = serviceAccountToken;
      if (expirationSeconds < 600)
        errors.push(
          invalid(`${at}.serviceAccountToken.expirationSeconds`, expirationSeconds, "may not specify a duration less than 10 minutes"),
        );
      if (expirationSeconds > 2 ** 32)
        errors.push(
          invalid(`${at}.serviceAccountToken.expirationSeconds`, expirationSeconds, "may not specify a duration larger than 2^32 seconds"),
        );
      errors.push(...(file ? validateFilePath(file, `${at}.serviceAccountToken.path`) : [required(`${at}.serviceAccountToken.path`)]));
    }
    if (Object.values(projection).filter((value) => value !== undefined).length > 1)
      errors.push(forbidden(at, "may not specify more than 1 volume type"));
  });
  return errors;
}

export function validateMounts(container: Container, path: string, volumes: ReadonlyMap<string, Volume>): FieldError[] {
  const errors: FieldError[] = [];
  const points = new Set<string>();
  (container.volumeMounts ?? []).forEach((mount, index) => {
    const at = `${path}[${index}]`;
    if (!mount.name) errors.push(required(`${at}.name`));
    if (!volumes.has(mount.name)) errors.push(notFoundValue(`${at}.name`, mount.name));
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
    if (points.has(mount.mountPath)) errors.push(invalid(`${at}.mountPath`, mount.mountPath, "must be unique"));
    points.add(mount.mountPath);
    if (container.volumeDevices?.some((device) => device.name === mount.name))
      errors.push(invalid(`${at}.name`, mount.name, "must not already exist in volumeDevices"));
    // Upstream leaves out the index in the next three.
    if (mount.subPath) errors.push(...validateLocalPath(mount.subPath, `${path}.subPath`));
    if (mount.subPathExpr) {
      if (mount.subPath) errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      errors.push(...validateLocalPath(mount.subPathExpr, `${path}.subPathExpr`));
    }
    if (mount.mountPropagation !== undefined)
      errors.push(...validatePropagation(mount.mountPropagation, container, `${path}.mountPropagation`));
  });
  return errors;
}

const PROPAGATIONS = ["Bidirectional", "HostToContainer", "None"];

function validatePropagation(propagation: string, container: Container, path: string): FieldError[] {
  if (!PROPAGATIONS.includes(propagation)) return [notSupported(path, propagation, PROPAGATIONS)];
  return propagation === "Bidirectional" && !container.securityContext?.privileged
    ? [forbidden(path, "Bidirectional mount propagation is available only to privileged containers")]
    : [];
}

export function validateDevices(container: Container, path: string, volumes: ReadonlyMap<string, Volume>): FieldError[] {
  const errors: FieldError[] = [];
  (container.volumeDevices ?? []).forEach((device, index) => {
    const at = `${path}[${index}]`;
    const volume = volumes.get(device.name);
    if (!device.name) errors.push(required(`${at}.name`));
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral)
      errors.push(
        invalid(`${at}.name`, device.name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"),
      );
    if (!volume) errors.push(notFoundValue(`${at}.name`, device.name));
    if (!device.devicePath) errors.push(required(`${at}.devicePath`));
  });
  return errors;
}
