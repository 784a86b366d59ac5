import { FileError, fileError, type FileStat, type FileSystem } from "./filesystem.ts";
import { directoryName } from "./memory-filesystem.ts";

/** Whom permissions are checked for. */
export interface FileUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

const READ = 4;
const WRITE = 2;
const SEARCH = 1;
const STICKY = 0o1000;

/** A container's files as a user who is not root may see and change them. Upstream: Linux, path_resolution(7) and the calls' own pages */
export class UserFileSystem implements FileSystem {
  readonly #files: FileSystem;
  readonly #user: FileUser;

  constructor(files: FileSystem, user: FileUser) {
    this.#files = files;
    this.#user = user;
  }

  stat(path: string): FileStat {
    this.#reach(path);
    return this.#files.stat(path);
  }

  lstat(path: string): FileStat {
    this.#reach(path);
    return this.#files.lstat(path);
  }

  exists(path: string): boolean {
    try {
      this.#reach(path);
    } catch (error) {
      if (error instanceof FileError) return false;
      throw error;
    }
    return this.#files.exists(path);
  }

  readFile(path: string): Buffer {
    this.#need(path, READ);
    return this.#files.readFile(path);
  }

  writeFile(path: string, data: string | Uint8Array, options: { mode?: number; uid?: number; gid?: number; append?: boolean } = {}): void {
    if (this.exists(path)) {
      this.#need(path, WRITE);
      // Whoever writes into a file does not come to own it.
      this.#files.writeFile(path, data, { append: options.append ?? false });
      return;
    }
    this.#needParent(path);
    const { uid, gid } = this.#user;
    this.#files.writeFile(path, data, { uid, gid, ...options });
  }

  readdir(path: string): string[] {
    this.#need(path, READ);
    return this.#files.readdir(path);
  }

  mkdir(path: string, options: { recursive?: boolean; mode?: number; uid?: number; gid?: number } = {}): void {
    let first = path;
    while (options.recursive && first !== "/" && !this.#files.exists(directoryName(first))) first = directoryName(first);
    if (!this.#files.exists(first)) this.#needParent(first);
    const { uid, gid } = this.#user;
    this.#files.mkdir(path, { uid, gid, ...options });
  }

  remove(path: string, options?: { recursive?: boolean }): void {
    this.#needEntry(path);
    if (options?.recursive && this.#files.lstat(path).type === "directory") {
      for (const name of this.readdir(path)) this.remove(`${path}/${name}`, options);
    }
    this.#files.remove(path, options);
  }

  rename(from: string, to: string): void {
    this.#needEntry(from);
    if (this.#files.exists(to)) this.#needEntry(to);
    else this.#needParent(to);
    this.#files.rename(from, to);
  }

  symlink(target: string, path: string): void {
    this.#needParent(path);
    this.#files.symlink(target, path);
  }

  readlink(path: string): string {
    this.#reach(path);
    return this.#files.readlink(path);
  }

  link(existing: string, path: string): void {
    this.#needParent(path);
    this.#files.link(existing, path);
  }

  chmod(path: string, mode: number): void {
    this.#needOwner(path);
    this.#files.chmod(path, mode);
  }

  chown(path: string, uid: number, gid: number): void {
    const found = this.stat(path);
    const keepsOwner = uid === found.uid && found.uid === this.#user.uid;
    if (!keepsOwner || (gid !== found.gid && !this.#isIn(gid))) throw fileError("EPERM");
    this.#files.chown(path, uid, gid);
  }

  utimes(path: string, mtimeMs: number): void {
    if (this.stat(path).uid !== this.#user.uid) this.#need(path, WRITE);
    this.#files.utimes(path, mtimeMs);
  }

  realpath(path: string): string {
    this.#reach(path);
    return this.#files.realpath(path);
  }

  watch(path: string, onChange: () => void): () => void {
    return this.#files.watch(path, onChange);
  }

  #isIn(gid: number): boolean {
    return this.#user.gid === gid || this.#user.groups.includes(gid);
  }

  #may({ uid, gid, mode }: FileStat, bit: number): boolean {
    const shift = uid === this.#user.uid ? 6 : this.#isIn(gid) ? 3 : 0;
    return ((mode >> shift) & bit) !== 0;
  }

  /** Every folder on the way must let the user through. What is not there is somebody else's error. */
  #reach(path: string): void {
    for (let at = directoryName(path); at !== "/"; at = directoryName(at)) {
      if (!this.#files.exists(at)) continue;
      const found = this.#files.stat(at);
      if (found.type === "directory" && !this.#may(found, SEARCH)) throw fileError("EACCES");
    }
  }

  #need(path: string, bit: number): void {
    this.#reach(path);
    if (!this.#may(this.#files.stat(path), bit)) throw fileError("EACCES");
  }

  #needParent(path: string): void {
    const parent = directoryName(path);
    this.#reach(parent);
    const found = this.#files.stat(parent);
    if (!this.#may(found, WRITE) || !this.#may(found, SEARCH)) throw fileError("EACCES");
  }

  /** To take an entry out of its folder: where that is sticky, only its owner may. */
  #needEntry(path: string): void {
    this.#needParent(path);
    const parent = this.#files.stat(directoryName(path));
    const { uid } = this.#user;
    if ((parent.mode & STICKY) !== 0 && parent.uid !== uid && this.#files.lstat(path).uid !== uid) throw fileError("EPERM");
  }

  #needOwner(path: string): void {
    if (this.stat(path).uid !== this.#user.uid) throw fileError("EPERM");
  }
}
