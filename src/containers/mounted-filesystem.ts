import { FileError, fileError, type FileStat, type FileSystem, type Mount } from "./filesystem.ts";
import { directoryName, joinPath, normalizePath, splitPath } from "./memory-filesystem.ts";

interface Place {
  readonly fileSystem: FileSystem;
  /** In `fileSystem`. */
  readonly path: string;
  /** In the whole view, without symlinks. */
  readonly viewPath: string;
  readonly readOnly: boolean;
  readonly mount: Mount | undefined;
}

/** What the processes of a container see: a root file system with volumes mounted into it. */
export class MountedFileSystem implements FileSystem {
  readonly #root: FileSystem;
  readonly #readOnlyRoot: boolean;
  readonly #mounts = new Map<string, Mount>();
  /** What a process of this PID namespace has as its root: /proc/PID/root leads there, into another container too. */
  rootOf: ((pid: number) => FileSystem | undefined) | undefined;

  constructor(root: FileSystem, mounts: readonly Mount[], readOnlyRoot = false) {
    this.#root = root;
    for (const mount of [...mounts].sort((a, b) => splitPath(a.containerPath).length - splitPath(b.containerPath).length))
      this.#mount(mount);
    this.#readOnlyRoot = readOnlyRoot;
  }

  get mounts(): readonly Mount[] {
    return [...this.#mounts].map(([containerPath, mount]) => ({ ...mount, containerPath }));
  }

  stat(path: string): FileStat {
    const place = this.#resolve(path, true);
    return place.fileSystem.stat(place.path);
  }

  lstat(path: string): FileStat {
    const place = this.#resolve(path, false);
    return place.fileSystem.lstat(place.path);
  }

  exists(path: string): boolean {
    try {
      this.stat(path);
      return true;
    } catch (error) {
      if (error instanceof FileError) return false;
      throw error;
    }
  }

  readFile(path: string): Buffer {
    const place = this.#resolve(path, true);
    return place.fileSystem.readFile(place.path);
  }

  writeFile(path: string, data: string | Uint8Array, options?: { mode?: number; uid?: number; gid?: number; append?: boolean }): void {
    const place = this.#resolve(path, true);
    // A device takes writes also where the file system is read-only.
    if (place.readOnly && !(place.fileSystem.exists(place.path) && place.fileSystem.stat(place.path).type === "device"))
      throw fileError("EROFS");
    place.fileSystem.writeFile(place.path, data, options);
  }

  readdir(path: string): string[] {
    const place = this.#resolve(path, true);
    return place.fileSystem.readdir(place.path);
  }

  mkdir(path: string, options: { recursive?: boolean; mode?: number; uid?: number; gid?: number } = {}): void {
    if (options.recursive) {
      const parent = directoryName(normalizePath(path));
      if (this.exists(path)) {
        if (this.stat(path).type === "directory") return;
        throw fileError("EEXIST");
      }
      if (!this.exists(parent)) this.mkdir(parent, options);
    }
    const place = this.#changeable(path, true);
    place.fileSystem.mkdir(place.path, { ...options, recursive: false });
  }

  remove(path: string, options?: { recursive?: boolean }): void {
    const place = this.#changeable(path, false);
    if (this.#mounts.has(place.viewPath)) throw fileError("EBUSY");
    place.fileSystem.remove(place.path, options);
  }

  rename(from: string, to: string): void {
    const source = this.#changeable(from, false);
    const target = this.#changeable(to, false);
    if (this.#mounts.has(source.viewPath)) throw fileError("EBUSY");
    if (source.fileSystem !== target.fileSystem) throw fileError("EXDEV");
    source.fileSystem.rename(source.path, target.path);
  }

  symlink(target: string, path: string): void {
    const place = this.#changeable(path, false);
    place.fileSystem.symlink(target, place.path);
  }

  readlink(path: string): string {
    const place = this.#resolve(path, false);
    return place.fileSystem.readlink(place.path);
  }

  link(existing: string, path: string): void {
    const source = this.#resolve(existing, false);
    const target = this.#changeable(path, false);
    if (source.fileSystem !== target.fileSystem) throw fileError("EXDEV");
    source.fileSystem.link(source.path, target.path);
  }

  chmod(path: string, mode: number): void {
    const place = this.#changeable(path, true);
    place.fileSystem.chmod(place.path, mode);
  }

  chown(path: string, uid: number, gid: number): void {
    const place = this.#changeable(path, true);
    place.fileSystem.chown(place.path, uid, gid);
  }

  utimes(path: string, mtimeMs: number): void {
    const place = this.#changeable(path, true);
    place.fileSystem.utimes(place.path, mtimeMs);
  }

  realpath(path: string): string {
    const place = this.#resolve(path, true);
    place.fileSystem.stat(place.path);
    return place.viewPath;
  }

  watch(path: string, onChange: () => void): () => void {
    const place = this.#resolve(path, true);
    return place.fileSystem.watch(place.path, onChange);
  }

  /** The mount point is made where the image has none, as runc does. */
  #mount(mount: Mount): void {
    const source = mount.fileSystem.exists(mount.sourcePath) ? mount.fileSystem.stat(mount.sourcePath) : undefined;
    if (!this.exists(mount.containerPath)) {
      const parent = directoryName(normalizePath(mount.containerPath));
      try {
        if (source !== undefined && source.type !== "directory") {
          this.mkdir(parent, { recursive: true });
          this.writeFile(mount.containerPath, "");
        } else {
          this.mkdir(mount.containerPath, { recursive: true });
        }
      } catch (error) {
        // A mount point inside a read-only volume cannot be made; the mount is there all the same.
        if (!(error instanceof FileError && error.code === "EROFS")) throw error;
      }
    }
    this.#mounts.set(this.#resolve(mount.containerPath, true).viewPath, mount);
  }

  #changeable(path: string, follow: boolean): Place {
    const place = this.#resolve(path, follow);
    if (place.readOnly) throw fileError("EROFS");
    return place;
  }

  /** Walks name by name, so that symlinks lead across mounts. The last name may be missing. */
  #resolve(path: string, follow: boolean): Place {
    const rest = splitPath(path).reverse();
    let view = "/";
    let links = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === "..") {
        view = directoryName(view);
        continue;
      }
      const next = view === "/" ? `/${part}` : `${view}/${part}`;
      if (this.#mounts.has(next) || ((rest.length > 0 || follow) && this.#processRoot(next))) {
        view = next;
        continue;
      }
      const place = this.#place(next);
      const stat = lstatOf(place);
      if (stat === undefined) {
        if (rest.length > 0) throw fileError("ENOENT");
        return place;
      }
      if (stat.type === "symlink" && (rest.length > 0 || follow)) {
        if (++links > 40) throw fileError("ELOOP");
        const target = place.fileSystem.readlink(place.path);
        if (target.startsWith("/")) view = "/";
        rest.push(...splitPath(target).reverse());
        continue;
      }
      if (rest.length > 0 && stat.type !== "directory") throw fileError("ENOTDIR");
      view = next;
    }
    return this.#place(view);
  }

  #processRoot(viewPath: string): Mount | undefined {
    if (!this.rootOf || !viewPath.startsWith("/proc/")) return undefined;
    const pid = /^\/proc\/(\d+)\/root$/.exec(viewPath)?.[1];
    const fileSystem = pid === undefined ? undefined : this.rootOf(Number(pid));
    return fileSystem && { containerPath: viewPath, fileSystem, sourcePath: "/", readOnly: false, type: "overlay" };
  }

  /** The file system that serves a path of the view: the longest mount before it. */
  #place(viewPath: string): Place {
    for (let at = viewPath; at !== "/"; at = directoryName(at)) {
      const mount = this.#mounts.get(at) ?? this.#processRoot(at);
      if (mount)
        return {
          fileSystem: mount.fileSystem,
          path: joinPath(mount.sourcePath, viewPath.slice(at.length + 1) || "."),
          viewPath,
          readOnly: mount.readOnly,
          mount,
        };
    }
    const mount = this.#mounts.get("/");
    if (mount)
      return {
        fileSystem: mount.fileSystem,
        path: joinPath(mount.sourcePath, viewPath.slice(1) || "."),
        viewPath,
        readOnly: mount.readOnly,
        mount,
      };
    return { fileSystem: this.#root, path: viewPath, viewPath, readOnly: this.#readOnlyRoot, mount: undefined };
  }
}

function lstatOf(place: Place): FileStat | undefined {
  try {
    return place.fileSystem.lstat(place.path);
  } catch (error) {
    if (error instanceof FileError && error.code === "ENOENT") return undefined;
    throw error;
  }
}
