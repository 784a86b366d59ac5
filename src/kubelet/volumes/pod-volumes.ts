import type { Container, EphemeralContainer, HostPathVolumeSource, PersistentVolume, Pod, Volume } from "../../api/generated/core-v1.ts";
import type { FileSystem, MeasuredFileSystem, Mount } from "../../containers/filesystem.ts";
import type { NetworkNamespace } from "../../network/network.ts";
import type { Clock } from "../../util/clock.ts";
import type { Rng } from "../../util/rng.ts";
import { amountOf, podLimits } from "../../api/pod-facts.ts";
import { expand } from "../environment.ts";
import type { VolumeStorage } from "../options.ts";
import { MountError, StartError } from "../start-error.ts";
import { AtomicWriter } from "./atomic-writer.ts";
import { claimNameOf, keepVolume, setUpPersistentVolume } from "./persistent-volumes.ts";
import { payloadOf, type PayloadSources, referencesOf } from "./payload.ts";

export interface PodVolumesOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly nodeFileSystem: FileSystem;
  readonly storage: VolumeStorage | undefined;
  createVolume(capacityBytes?: number): MeasuredFileSystem;
}

interface Mounted {
  readonly fileSystem: FileSystem;
  readonly sourcePath: string;
  readonly type: string;
  readonly readOnly: boolean;
  readonly writer: AtomicWriter | undefined;
  /** Whose folder it is. */
  readonly persistentVolume?: PersistentVolume;
}

/** The volumes of one pod on its node. Upstream: pkg/kubelet/volumemanager, pkg/volume */
export class PodVolumes {
  readonly #uid: string;
  readonly #options: PodVolumesOptions;
  readonly #mounted = new Map<string, Mounted>();
  readonly #emptyDirs = new Map<string, MeasuredFileSystem>();
  /** /etc/hosts, /etc/hostname, /etc/resolv.conf and termination messages: /var/lib/kubelet/pods/UID. */
  #podFolder: FileSystem | undefined;

  constructor(uid: string, options: PodVolumesOptions) {
    this.#uid = uid;
    this.#options = options;
  }

  /** Config maps and secrets that the pod's volumes show. */
  static references(pod: Pod): string[] {
    return (pod.spec.volumes ?? []).flatMap((volume) => referencesOf(volume, pod.metadata.namespace ?? ""));
  }

  /** Mounts what is not mounted yet. Throws MountError for the first volume that cannot be. */
  mount(pod: Pod, sources: PayloadSources): void {
    for (const volume of pod.spec.volumes ?? []) {
      if (!this.#mounted.has(volume.name)) this.#mounted.set(volume.name, this.#setUp(volume, pod, sources));
    }
  }

  /** Brings the files of config maps, secrets and the downward API up to date. */
  refresh(pod: Pod, sources: PayloadSources): void {
    for (const volume of pod.spec.volumes ?? []) {
      const mounted = this.#mounted.get(volume.name);
      if (!mounted?.writer) continue;
      const payload = payloadOf(volume, sources);
      if (payload) mounted.writer.write(payload, this.#options.clock.now(), fsGroupOf(pod));
    }
  }

  #setUp(volume: Volume, pod: Pod, sources: PayloadSources): Mounted {
    const payload = payloadOf(volume, sources);
    if (payload) {
      const fileSystem = this.#options.createVolume();
      fileSystem.chmod("/", 0o777);
      const writer = new AtomicWriter(fileSystem, this.#options.rng);
      writer.write(payload, this.#options.clock.now(), fsGroupOf(pod));
      return { fileSystem, sourcePath: "/", type: volume.secret || volume.projected ? "tmpfs" : "ext4", readOnly: true, writer };
    }
    if (volume.emptyDir) {
      const fileSystem = this.#options.createVolume(capacityOf(volume.emptyDir, pod));
      if (volume.emptyDir.medium !== "Memory") this.#emptyDirs.set(volume.name, fileSystem);
      fileSystem.chmod("/", 0o777);
      const gid = fsGroupOf(pod);
      if (gid > 0) {
        fileSystem.chown("/", 0, gid);
        fileSystem.chmod("/", 0o2777);
      }
      fileSystem.utimes("/", this.#options.clock.now());
      this.#options.storage?.load(this.#uid, volume.name, fileSystem);
      return {
        fileSystem,
        sourcePath: "/",
        type: volume.emptyDir.medium === "Memory" ? "tmpfs" : "ext4",
        readOnly: false,
        writer: undefined,
      };
    }
    if (volume.hostPath) {
      checkHostPath(volume.name, volume.hostPath, this.#options.nodeFileSystem);
      return {
        fileSystem: this.#options.nodeFileSystem,
        sourcePath: volume.hostPath.path,
        type: "ext4",
        readOnly: false,
        writer: undefined,
      };
    }
    const claimName = claimNameOf(volume, pod);
    if (claimName !== undefined) {
      const { path, persistentVolume } = setUpPersistentVolume(volume, claimName, pod, sources, this.#options);
      return {
        fileSystem: this.#options.nodeFileSystem,
        sourcePath: path,
        type: "ext4",
        readOnly: volume.persistentVolumeClaim?.readOnly === true,
        writer: undefined,
        persistentVolume,
      };
    }
    const source = Object.keys(volume).find((key) => key !== "name") ?? "unknown";
    throw new MountError(volume.name, `no volume plugin matched: ${source} volumes are not simulated`);
  }

  /** The mounts of a container: its volumes, the files that the kubelet manages, and its termination message file. */
  mountsFor(
    pod: Pod,
    container: Container | EphemeralContainer,
    attempt: number,
    env: (name: string) => string | undefined,
    network: NetworkNamespace,
  ): Mount[] {
    const mounts: Mount[] = [];
    const folder = this.#folder(network);
    const taken = new Set((container.volumeMounts ?? []).map((mount) => mount.mountPath));
    for (const mount of container.volumeMounts ?? []) {
      const mounted = this.#mounted.get(mount.name);
      if (!mounted)
        throw new StartError(
          "CreateContainerConfigError",
          `cannot find volume "${mount.name}" to mount into container "${container.name}"`,
        );
      const subPath = mount.subPathExpr ? expand(mount.subPathExpr, env) : mount.subPath;
      if (subPath && (subPath.startsWith("/") || subPath.split("/").includes(".."))) {
        throw new StartError(
          "CreateContainerConfigError",
          `failed to create subPath directory for volumeMount "${mount.name}" of container "${container.name}"`,
        );
      }
      const sourcePath = subPath ? subPathOf(mounted, subPath) : mounted.sourcePath;
      mounts.push({
        containerPath: mount.mountPath,
        fileSystem: mounted.fileSystem,
        sourcePath,
        readOnly: mounted.readOnly || mount.readOnly === true,
        type: mounted.type,
      });
    }
    for (const name of ["hosts", "hostname", "resolv.conf"]) {
      if (!taken.has(`/etc/${name}`))
        mounts.push({ containerPath: `/etc/${name}`, fileSystem: folder, sourcePath: `/${name}`, readOnly: false, type: "ext4" });
    }
    const path = container.terminationMessagePath ?? "/dev/termination-log";
    if (path !== "") {
      const file = terminationFile(container.name, attempt);
      folder.writeFile(file, "", { mode: 0o666 });
      mounts.push({ containerPath: path, fileSystem: folder, sourcePath: file, readOnly: false, type: "ext4" });
    }
    return mounts;
  }

  /** Those that lie on the node's disk. */
  emptyDirs(pod: Pod): { readonly name: string; readonly files: MeasuredFileSystem }[] {
    return (pod.spec.volumes ?? []).flatMap(({ name }) => {
      const files = this.#emptyDirs.get(name);
      return files ? [{ name, files }] : [];
    });
  }

  /** What the container wrote to its terminationMessagePath. */
  terminationMessage(container: string, attempt: number): string {
    const file = terminationFile(container, attempt);
    return this.#podFolder?.exists(file) ? this.#podFolder.readFile(file).subarray(0, 4096).toString("utf8") : "";
  }

  /** A new sandbox may have another address: /etc/hosts is written again. */
  forgetNetwork(): void {
    this.#podFolder = undefined;
  }

  /** Keeps what would survive a reboot. */
  save(pod: Pod): void {
    for (const volume of pod.spec.volumes ?? []) {
      const mounted = this.#mounted.get(volume.name);
      if (mounted?.persistentVolume) keepVolume(mounted.persistentVolume, mounted.sourcePath, this.#options);
      if (mounted && volume.emptyDir && volume.emptyDir.medium !== "Memory")
        this.#options.storage?.save(this.#uid, volume.name, mounted.fileSystem);
    }
  }

  unmount(): void {
    for (const { persistentVolume, sourcePath } of this.#mounted.values())
      if (persistentVolume) keepVolume(persistentVolume, sourcePath, this.#options);
    this.#mounted.clear();
    this.#podFolder = undefined;
    this.#options.storage?.remove(this.#uid);
  }

  #folder(network: NetworkNamespace): FileSystem {
    if (this.#podFolder) return this.#podFolder;
    const folder = this.#options.createVolume();
    folder.writeFile("/hosts", network.hosts, { mode: 0o644 });
    folder.writeFile("/hostname", `${network.hostname}\n`, { mode: 0o644 });
    folder.writeFile("/resolv.conf", network.resolvConf, { mode: 0o644 });
    this.#podFolder = folder;
    return folder;
  }
}

/** A tmpfs is made no larger than it may get. Upstream: pkg/volume/emptydir calculateEmptyDirMemorySize */
function capacityOf({ medium, sizeLimit }: NonNullable<Volume["emptyDir"]>, pod: Pod): number | undefined {
  if (medium !== "Memory") return undefined;
  const memory = podLimits(pod).get("memory") || Infinity;
  return Math.min(memory, (sizeLimit === undefined ? 0 : amountOf("memory", sizeLimit)) || Infinity);
}

const fsGroupOf = (pod: Pod) => pod.spec.securityContext?.fsGroup ?? 0;
const terminationFile = (container: string, attempt: number) => `/termination-${container}-${attempt}`;

/** A sub path is resolved once, when the container starts: later updates of the volume do not reach it. */
function subPathOf(mounted: Mounted, subPath: string): string {
  const path = mounted.sourcePath === "/" ? `/${subPath}` : `${mounted.sourcePath}/${subPath}`;
  if (!mounted.fileSystem.exists(path)) mounted.fileSystem.mkdir(path, { recursive: true, mode: 0o750 });
  return mounted.fileSystem.realpath(path);
}

/** Upstream: pkg/volume/hostpath checkType */
function checkHostPath(volume: string, { path, type = "" }: HostPathVolumeSource, files: FileSystem): void {
  const found = files.exists(path) ? files.stat(path).type : undefined;
  const refuse = (what: string) => new MountError(volume, `hostPath type check failed: ${path} is not ${what}`);
  switch (type) {
    case "":
    case "DirectoryOrCreate":
      if (found === undefined) files.mkdir(path, { recursive: true, mode: 0o755 });
      else if (type !== "" && found !== "directory") throw refuse("a directory");
      return;
    case "Directory":
      if (found !== "directory") throw refuse("a directory");
      return;
    case "FileOrCreate":
      if (found === undefined) files.writeFile(path, "", { mode: 0o644 });
      else if (found !== "file") throw refuse("a file");
      return;
    case "File":
      if (found !== "file") throw refuse("a file");
      return;
    case "Socket":
      throw refuse("a socket file");
    default:
      throw refuse(type === "CharDevice" ? "a character device" : "a block device");
  }
}
