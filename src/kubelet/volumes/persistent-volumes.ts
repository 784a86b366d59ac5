import type { PersistentVolume, Pod, Volume } from "../../api/generated/core-v1.ts";
import type { FileSystem } from "../../containers/filesystem.ts";
import type { VolumeStorage } from "../options.ts";
import { MountError } from "../start-error.ts";
import type { PayloadSources } from "./payload.ts";

interface Options {
  readonly nodeFileSystem: FileSystem;
  readonly storage: VolumeStorage | undefined;
}

/** The claim behind a volume; that of a generic ephemeral volume is named after pod and volume. */
export function claimNameOf(volume: Volume, pod: Pod): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined;
}

/**
 * The folder of the node that a claim's volume stands for. One that the node does not have, for the daemon has been stopped
 * in the meantime, is filled with what was kept of it.
 */
export function setUpPersistentVolume(
  volume: Volume,
  claimName: string,
  pod: Pod,
  { lookups }: PayloadSources,
  { nodeFileSystem, storage }: Options,
): { path: string; persistentVolume: PersistentVolume } {
  const key = `${pod.metadata.namespace}/${claimName}`;
  const refuse = (why: string) => new MountError(volume.name, why);
  const claim = lookups.claims.find(key);
  if (!claim)
    throw refuse(
      `error processing PVC ${key}: failed to fetch PVC from API server: persistentvolumeclaims ${JSON.stringify(claimName)} not found`,
    );
  if (!claim.spec.volumeName || claim.status.phase !== "Bound") throw refuse(`error processing PVC ${key}: PVC is not bound`);
  const found = lookups.volumes.find(claim.spec.volumeName);
  if (!found)
    throw refuse(
      `error processing PVC ${key}: failed to fetch PV ${JSON.stringify(claim.spec.volumeName)} from API server: persistentvolumes ${JSON.stringify(claim.spec.volumeName)} not found`,
    );
  const path = folderOf(found);
  if (path === undefined) throw refuse("no volume plugin matched: only hostPath and local volumes are simulated");
  const missing = !nodeFileSystem.exists(path);
  if (missing && found.spec.local) throw refuse(`path ${JSON.stringify(path)} does not exist`);
  if (missing && found.spec.hostPath?.type === "Directory") throw refuse(`hostPath type check failed: ${path} is not a directory`);
  if (missing) {
    nodeFileSystem.mkdir(path, { recursive: true, mode: 0o777 });
    storage?.load(keptAs(found), "data", subtree(nodeFileSystem, path));
  }
  return { path, persistentVolume: found };
}

/** Where a volume lies on the node. */
function folderOf({ spec }: PersistentVolume): string | undefined {
  return spec.hostPath?.path ?? spec.local?.path;
}

const keptAs = (volume: PersistentVolume) => `pv-${volume.metadata.uid}`;

/** Writes the volume's files to the host. */
export function keepVolume(volume: PersistentVolume, path: string, { nodeFileSystem, storage }: Options): void {
  if (storage && nodeFileSystem.exists(path)) storage.save(keptAs(volume), "data", subtree(nodeFileSystem, path));
}

/** The volume is gone: its folder too, where a provisioner had made it. */
export function dropVolume(volume: PersistentVolume, { nodeFileSystem, storage }: Options): void {
  const path = folderOf(volume);
  const provisioned =
    volume.metadata.annotations?.["pv.kubernetes.io/provisioned-by"] !== undefined &&
    volume.spec.persistentVolumeReclaimPolicy === "Delete";
  if (path !== undefined && provisioned && nodeFileSystem.exists(path)) nodeFileSystem.remove(path, { recursive: true });
  storage?.remove(keptAs(volume));
}

/** A folder seen as a file system of its own. */
function subtree(files: FileSystem, root: string): FileSystem {
  const at = (path: string) => (path === "/" ? root : `${root}${path}`);
  return {
    stat: (path) => files.stat(at(path)),
    lstat: (path) => files.lstat(at(path)),
    exists: (path) => files.exists(at(path)),
    readFile: (path) => files.readFile(at(path)),
    writeFile: (path, data, options) => files.writeFile(at(path), data, options),
    readdir: (path) => files.readdir(at(path)),
    mkdir: (path, options) => files.mkdir(at(path), options),
    remove: (path, options) => files.remove(at(path), options),
    rename: (from, to) => files.rename(at(from), at(to)),
    symlink: (target, path) => files.symlink(target, at(path)),
    readlink: (path) => files.readlink(at(path)),
    link: (existing, path) => files.link(at(existing), at(path)),
    chmod: (path, mode) => files.chmod(at(path), mode),
    chown: (path, uid, gid) => files.chown(at(path), uid, gid),
    utimes: (path, mtimeMs) => files.utimes(at(path), mtimeMs),
    realpath: (path) => files.realpath(at(path)),
    watch: (path, onChange) => files.watch(at(path), onChange),
  };
}
