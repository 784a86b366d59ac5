import type { ConfigMap, Container, Pod, Secret, Volume, VolumeMount } from "../api/generated/core-v1.ts";
import type { FileSystem, Mount } from "../containers/filesystem.ts";
import { type Allocatable, fieldValue, type PodAddresses, resourceValue } from "./downward-api.ts";
import { expand } from "./environment.ts";

/** A volume cannot be set up yet; the message goes into a FailedMount event. */
export class MountError extends Error {
  override readonly name = "MountError";
}

export interface VolumeSources {
  readonly nodeFileSystem: FileSystem;
  readonly allocatable: Allocatable;
  createVolume(): FileSystem;
  findConfigMap(namespace: string, name: string): ConfigMap | undefined;
  findSecret(namespace: string, name: string): Secret | undefined;
  /** A token for the pod's service account. */
  issueToken(pod: Pod, audience: string | undefined, expirationSeconds: number): string;
}

interface MountedVolume {
  readonly fileSystem: FileSystem;
  readonly sourcePath: string;
  readonly type: string;
  readonly readOnly: boolean;
  /** What its files were last written from. */
  written: string;
  generation: number;
}

interface ProjectedFile {
  readonly path: string;
  readonly data: Buffer;
  readonly mode: number;
}

/** The volumes of one pod: made at its start, brought up to date at every sync. */
export class PodVolumes {
  readonly #sources: VolumeSources;
  readonly #mounted = new Map<string, MountedVolume>();
  readonly #tokens = new Map<string, string>();

  constructor(sources: VolumeSources) {
    this.#sources = sources;
  }

  /** Sets up what is missing and rewrites what changed. Throws MountError. */
  sync(pod: Pod, addresses: PodAddresses): void {
    for (const volume of pod.spec.volumes ?? []) this.#syncVolume(pod, volume, addresses);
  }

  /** A container's mounts, in the order of its manifest. Throws MountError. */
  mountsOf(pod: Pod, container: Container, environment: ReadonlyMap<string, string>): Mount[] {
    return (container.volumeMounts ?? []).map((mount) => {
      const volume = this.#mounted.get(mount.name);
      if (!volume) throw new MountError(`volume ${JSON.stringify(mount.name)} is not mounted`);
      return { containerPath: mount.mountPath, fileSystem: volume.fileSystem, sourcePath: this.#sourcePath(volume, mount, environment), readOnly: mount.readOnly === true || volume.readOnly, type: volume.type };
    });
  }

  /** emptyDir volumes by name, for those who keep them over a restart. */
  emptyDirs(pod: Pod): Map<string, FileSystem> {
    const found = new Map<string, FileSystem>();
    for (const volume of pod.spec.volumes ?? []) {
      const mounted = volume.emptyDir ? this.#mounted.get(volume.name) : undefined;
      if (mounted) found.set(volume.name, mounted.fileSystem);
    }
    return found;
  }

  #sourcePath(volume: MountedVolume, mount: VolumeMount, environment: ReadonlyMap<string, string>): string {
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, (name) => environment.get(name)) : mount.subPath;
    if (!subPath) return volume.sourcePath;
    const path = `${volume.sourcePath === "/" ? "" : volume.sourcePath}/${subPath}`;
    if (!volume.fileSystem.exists(path)) volume.fileSystem.mkdir(path, { recursive: true });
    return path;
  }

  #syncVolume(pod: Pod, volume: Volume, addresses: PodAddresses): void {
    if (volume.emptyDir) return void this.#ensure(volume.name, volume.emptyDir.medium === "Memory" ? "tmpfs" : "ext4");
    if (volume.hostPath) return this.#mountHostPath(volume);
    const files = this.#filesOf(pod, volume, addresses);
    if (!files) throw new MountError(`MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : kubesim has no ${Object.keys(volume).find((key) => key !== "name")} volumes`);
    const mounted = this.#ensure(volume.name, "tmpfs");
    const content = JSON.stringify(files.map((file) => [file.path, file.data.toString("base64"), file.mode]));
    if (mounted.written === content) return;
    writeAtomically(mounted.fileSystem, files, ++mounted.generation);
    mounted.written = content;
  }

  #ensure(name: string, type: string, readOnly = false): MountedVolume {
    let mounted = this.#mounted.get(name);
    if (!mounted) {
      const fileSystem = this.#sources.createVolume();
      fileSystem.chmod("/", 0o777);
      this.#mounted.set(name, (mounted = { fileSystem, sourcePath: "/", type, readOnly, written: "", generation: 0 }));
    }
    return mounted;
  }

  /** Uses a volume that was kept over a restart. */
  adopt(name: string, fileSystem: FileSystem): void {
    this.#mounted.set(name, { fileSystem, sourcePath: "/", type: "ext4", readOnly: false, written: "", generation: 0 });
  }

  #mountHostPath(volume: Volume): void {
    if (this.#mounted.has(volume.name)) return;
    const { path, type = "" } = volume.hostPath as NonNullable<Volume["hostPath"]>;
    const files = this.#sources.nodeFileSystem;
    const fail = (what: string) => {
      throw new MountError(`MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : hostPath type check failed: ${path} is not ${what}`);
    };
    const found = files.exists(path) ? files.stat(path).type : undefined;
    if (type === "Directory" && found !== "directory") fail("a directory");
    if (type === "File" && found !== "file") fail("a file");
    if (type === "Socket" || type === "CharDevice" || type === "BlockDevice") fail(`a ${type}`);
    if (found === undefined) {
      if (type === "FileOrCreate") files.writeFile(path, "", { mode: 0o644 });
      else files.mkdir(path, { recursive: true, mode: 0o755 });
    }
    this.#mounted.set(volume.name, { fileSystem: files, sourcePath: path, type: "ext4", readOnly: false, written: "", generation: 0 });
  }

  #filesOf(pod: Pod, volume: Volume, addresses: PodAddresses): ProjectedFile[] | undefined {
    const { configMap, secret, downwardAPI, projected } = volume;
    if (configMap) return this.#configMapFiles(pod, volume.name, configMap, configMap.defaultMode ?? 0o644);
    if (secret) return this.#secretFiles(pod, volume.name, { ...secret, name: secret.secretName ?? "" }, secret.defaultMode ?? 0o644);
    if (downwardAPI) return this.#downwardFiles(pod, downwardAPI.items ?? [], downwardAPI.defaultMode ?? 0o644, addresses);
    if (!projected) return undefined;
    const mode = projected.defaultMode ?? 0o644;
    return (projected.sources ?? []).flatMap((source, index) => {
      if (source.configMap) return this.#configMapFiles(pod, volume.name, source.configMap, mode);
      if (source.secret) return this.#secretFiles(pod, volume.name, { ...source.secret, name: source.secret.name ?? "" }, mode);
      if (source.downwardAPI) return this.#downwardFiles(pod, source.downwardAPI.items ?? [], mode, addresses);
      if (!source.serviceAccountToken) return [];
      const { audience, expirationSeconds = 3600, path } = source.serviceAccountToken;
      return [{ path, data: Buffer.from(this.#token(`${volume.name}/${index}`, pod, audience, expirationSeconds)), mode }];
    });
  }

  #token(key: string, pod: Pod, audience: string | undefined, expirationSeconds: number): string {
    let token = this.#tokens.get(key);
    if (token === undefined) this.#tokens.set(key, (token = this.#sources.issueToken(pod, audience, expirationSeconds)));
    return token;
  }

  /** Before they run out: the next sync writes new ones. */
  renewTokens(): void {
    this.#tokens.clear();
  }

  #configMapFiles(pod: Pod, volume: string, source: { name?: string; items?: KeyToPath[]; optional?: boolean }, mode: number): ProjectedFile[] {
    const namespace = pod.metadata.namespace ?? "";
    const map = this.#sources.findConfigMap(namespace, source.name ?? "");
    if (!map) {
      if (source.optional) return [];
      throw new MountError(`MountVolume.SetUp failed for volume ${JSON.stringify(volume)} : configmap ${JSON.stringify(source.name)} not found`);
    }
    const data = new Map([...Object.entries(map.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const), ...Object.entries(map.binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")] as const)]);
    return project(data, source, mode, (key) => `MountVolume.SetUp failed for volume ${JSON.stringify(volume)} : configmap references non-existent config key: ${key}`);
  }

  #secretFiles(pod: Pod, volume: string, source: { name: string; items?: KeyToPath[]; optional?: boolean }, mode: number): ProjectedFile[] {
    const namespace = pod.metadata.namespace ?? "";
    const secret = this.#sources.findSecret(namespace, source.name);
    if (!secret) {
      if (source.optional) return [];
      throw new MountError(`MountVolume.SetUp failed for volume ${JSON.stringify(volume)} : secret ${JSON.stringify(source.name)} not found`);
    }
    const data = new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")] as const));
    return project(data, source, mode, (key) => `MountVolume.SetUp failed for volume ${JSON.stringify(volume)} : references non-existent secret key: ${key}`);
  }

  #downwardFiles(pod: Pod, items: readonly DownwardItem[], mode: number, addresses: PodAddresses): ProjectedFile[] {
    return items.map((item) => {
      const value = item.fieldRef ? (fieldValue(pod, item.fieldRef.fieldPath, addresses) ?? "") : this.#resource(pod, item);
      return { path: item.path, data: Buffer.from(value), mode: item.mode ?? mode };
    });
  }

  #resource(pod: Pod, { resourceFieldRef }: DownwardItem): string {
    const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((other) => other.name === resourceFieldRef?.containerName);
    return container && resourceFieldRef ? resourceValue(container, resourceFieldRef.resource, resourceFieldRef.divisor, this.#sources.allocatable) : "";
  }
}

interface KeyToPath {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
}
type DownwardItem = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number];

function project(data: ReadonlyMap<string, Buffer>, source: { items?: KeyToPath[]; optional?: boolean }, mode: number, missing: (key: string) => string): ProjectedFile[] {
  if (!source.items?.length) return [...data].map(([path, bytes]) => ({ path, data: bytes, mode }));
  return source.items.flatMap((item) => {
    const bytes = data.get(item.key);
    if (bytes) return [{ path: item.path, data: bytes, mode: item.mode ?? mode }];
    if (source.optional) return [];
    throw new MountError(missing(item.key));
  });
}

/** A new folder, then one symlink moved over: readers see the old files or the new ones. Upstream: pkg/volume/util/atomic_writer.go */
function writeAtomically(fileSystem: FileSystem, files: readonly ProjectedFile[], generation: number): void {
  const folder = `..data_${generation}`;
  const previous = fileSystem.exists("/..data") ? fileSystem.readlink("/..data") : undefined;
  fileSystem.mkdir(`/${folder}`, { mode: 0o755 });
  for (const file of files) {
    const slash = file.path.lastIndexOf("/");
    if (slash > 0) fileSystem.mkdir(`/${folder}/${file.path.slice(0, slash)}`, { recursive: true, mode: 0o755 });
    fileSystem.writeFile(`/${folder}/${file.path}`, file.data, { mode: file.mode });
  }
  if (fileSystem.exists("/..data_tmp")) fileSystem.remove("/..data_tmp");
  fileSystem.symlink(folder, "/..data_tmp");
  fileSystem.rename("/..data_tmp", "/..data");
  const tops = new Set(files.map((file) => file.path.split("/")[0] as string));
  const present = fileSystem.readdir("/").filter((name) => !name.startsWith(".."));
  for (const name of tops) if (!present.includes(name)) fileSystem.symlink(`..data/${name}`, `/${name}`);
  for (const name of present) if (!tops.has(name)) fileSystem.remove(`/${name}`);
  if (previous) fileSystem.remove(`/${previous}`, { recursive: true });
}
