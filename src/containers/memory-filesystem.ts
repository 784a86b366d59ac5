import { FileError, fileError, type FileStat, type MeasuredFileSystem } from "./filesystem.ts";
import { bytesOf, entriesOf, type FrozenTree, type Inode, newInode, statOf } from "./inode.ts";

const SET_GID = 0o2000;

export interface MemoryFileSystemOptions {
  /** Modification times; 0 without. */
  readonly now?: () => number;
  /** Shared below; what is written is copied first. */
  readonly base?: FrozenTree;
  /** Writes of more fail, as on a full disk. */
  readonly capacityBytes?: number;
}

const MAX_SYMLINKS = 40;
/** What disks give out. */
const BLOCK_BYTES = 4096;

export function splitPath(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

/** `.` and `..` worked out in the text alone. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of splitPath(path)) {
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}

export function joinPath(directory: string, path: string): string {
  return normalizePath(path.startsWith("/") ? path : `${directory}/${path}`);
}

export const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);
export const directoryName = (path: string) => path.slice(0, Math.max(1, path.lastIndexOf("/"))) || "/";

interface Found {
  /** Without symlinks. */
  readonly path: string;
  readonly inode: Inode | undefined;
}

/**
 * A tree of files that shares what it did not change: a directory is copied (its table of names only) when
 * something in it changes, so a container costs what it wrote and a removed file needs no whiteout.
 */
export class MemoryFileSystem implements MeasuredFileSystem {
  #root: Inode;
  readonly #now: () => number;
  #token: object = {};
  #watchers: Map<string, Set<() => void>> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #capacityBytes: number;

  constructor(options: MemoryFileSystemOptions = {}) {
    this.#now = options.now ?? (() => 0);
    this.#capacityBytes = options.capacityBytes ?? Infinity;
    this.#root = options.base?.root ?? newInode("directory", { owner: this.#token, entries: new Map() });
  }

  /** Shares the tree as it is now; later changes here are copies. */
  freeze(): FrozenTree {
    this.#token = {};
    return { root: this.#root };
  }

  stat(path: string): FileStat {
    return statOf(this.#get(path, true).inode);
  }

  lstat(path: string): FileStat {
    return statOf(this.#get(path, false).inode);
  }

  exists(path: string): boolean {
    try {
      return this.#find(path, true).inode !== undefined;
    } catch (error) {
      if (error instanceof FileError) return false;
      throw error;
    }
  }

  readFile(path: string): Buffer {
    const { inode } = this.#get(path, true);
    if (inode.type === "directory") throw fileError("EISDIR");
    return bytesOf(inode);
  }

  writeFile(path: string, data: string | Uint8Array, options: { mode?: number; uid?: number; gid?: number; append?: boolean } = {}): void {
    const found = this.#find(path, true);
    const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data);
    if (found.inode?.type === "directory") throw fileError("EISDIR");
    if (found.inode?.type === "device") {
      found.inode.onWrite?.(bytes);
      return;
    }
    if (found.inode && typeof found.inode.data === "function") throw fileError("EACCES");
    this.#checkSpace(bytes.length - (found.inode && !options.append ? bytesOf(found.inode).length : 0));
    if (!found.inode) {
      if (path.endsWith("/")) throw fileError("EISDIR");
      const file = newInode("file", {
        owner: this.#token,
        data: bytes,
        mode: options.mode ?? 0o644,
        uid: options.uid ?? 0,
        gid: this.#groupIn(found.path) ?? options.gid ?? 0,
        mtimeMs: this.#now(),
      });
      this.#link(found.path, file);
      return;
    }
    const inode = this.#writable(found.path);
    inode.data = options.append ? Buffer.concat([bytesOf(inode), bytes]) : bytes;
    inode.mtimeMs = this.#now();
    if (options.mode !== undefined) inode.mode = options.mode;
    if (options.uid !== undefined) inode.uid = options.uid;
    if (options.gid !== undefined) inode.gid = options.gid;
    this.#notify(found.path);
  }

  readdir(path: string): string[] {
    const { inode } = this.#get(path, true);
    if (inode.type !== "directory") throw fileError("ENOTDIR");
    return [...entriesOf(inode).keys()].sort();
  }

  mkdir(path: string, options: { recursive?: boolean; mode?: number; uid?: number; gid?: number } = {}): void {
    const found = this.#findOrMissing(path);
    if (found?.inode) {
      if (options.recursive && found.inode.type === "directory") return;
      throw fileError("EEXIST");
    }
    const parts = splitPath(path);
    if (options.recursive && parts.length > 1) this.mkdir(`/${parts.slice(0, -1).join("/")}`, options);
    const target = found ?? this.#find(path, true);
    const group = this.#groupIn(target.path);
    this.#link(
      target.path,
      newInode("directory", {
        owner: this.#token,
        entries: new Map(),
        mode: (options.mode ?? 0o755) | (group === undefined ? 0 : SET_GID),
        uid: options.uid ?? 0,
        gid: group ?? options.gid ?? 0,
        mtimeMs: this.#now(),
        links: 2,
      }),
    );
  }

  remove(path: string, options: { recursive?: boolean } = {}): void {
    const { path: real, inode } = this.#get(path, false);
    if (real === "/") throw fileError("EBUSY");
    if (inode.type === "directory" && !options.recursive && entriesOf(inode).size > 0) throw fileError("ENOTEMPTY");
    const parent = this.#writable(directoryName(real));
    entriesOf(parent).delete(baseName(real));
    parent.mtimeMs = this.#now();
    if (inode.owner === this.#token) inode.links--;
    this.#notify(real);
  }

  rename(from: string, to: string): void {
    const source = this.#get(from, false);
    const target = this.#find(to, false);
    if (source.path === target.path) return;
    if (target.path.startsWith(`${source.path}/`)) throw fileError("EINVAL");
    if (target.inode?.type === "directory") {
      if (source.inode.type !== "directory") throw fileError("EISDIR");
      if (entriesOf(target.inode).size > 0) throw fileError("ENOTEMPTY");
    } else if (target.inode && source.inode.type === "directory") {
      throw fileError("ENOTDIR");
    }
    entriesOf(this.#writable(directoryName(source.path))).delete(baseName(source.path));
    this.#link(target.path, source.inode);
    this.#notify(source.path);
  }

  symlink(target: string, path: string): void {
    const found = this.#find(path, false);
    if (found.inode) throw fileError("EEXIST");
    this.#link(found.path, newInode("symlink", { owner: this.#token, target, mtimeMs: this.#now() }));
  }

  readlink(path: string): string {
    const { inode } = this.#get(path, false);
    if (inode.target === undefined) throw fileError("EINVAL");
    return inode.target;
  }

  link(existing: string, path: string): void {
    const source = this.#get(existing, false);
    if (source.inode.type === "directory") throw fileError("EPERM");
    const found = this.#find(path, false);
    if (found.inode) throw fileError("EEXIST");
    const inode = this.#writable(source.path);
    inode.links++;
    this.#link(found.path, inode);
  }

  chmod(path: string, mode: number): void {
    this.#writable(this.#get(path, true).path).mode = mode & 0o7777;
  }

  chown(path: string, uid: number, gid: number): void {
    const inode = this.#writable(this.#get(path, true).path);
    inode.uid = uid;
    inode.gid = gid;
  }

  utimes(path: string, mtimeMs: number): void {
    const found = this.#get(path, true);
    this.#writable(found.path).mtimeMs = mtimeMs;
    this.#notify(found.path);
  }

  realpath(path: string): string {
    return this.#get(path, true).path;
  }

  watch(path: string, onChange: () => void): () => void {
    const real = this.#findOrMissing(path)?.path ?? normalizePath(path);
    this.#watchers ??= new Map();
    const all = this.#watchers.get(real) ?? new Set();
    this.#watchers.set(real, all.add(onChange));
    return () => {
      all.delete(onChange);
      if (all.size === 0 && this.#watchers?.get(real) === all) this.#watchers.delete(real);
    };
  }

  /** Puts a made-up file, device or directory into the tree. */
  place(path: string, inode: Inode): void {
    this.mkdir(directoryName(path), { recursive: true });
    this.#link(normalizePath(path), inode);
  }

  /** For export: the node at a path as it is. */
  get root(): Inode {
    return this.#root;
  }

  usedBytes(): number {
    return this.#ownBytes(this.#root, new Set());
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #ownBytes(inode: Inode, counted: Set<Inode>): number {
    if (inode.owner !== this.#token || counted.has(inode)) return 0;
    counted.add(inode);
    if (inode.type === "directory")
      return typeof inode.entries === "function"
        ? 0
        : [...entriesOf(inode).values()].reduce((sum, child) => sum + this.#ownBytes(child, counted), BLOCK_BYTES);
    if (inode.type !== "file" || typeof inode.data === "function") return 0;
    return Math.ceil((inode.data?.length ?? 0) / BLOCK_BYTES) * BLOCK_BYTES;
  }

  #checkSpace(moreBytes: number): void {
    if (this.#capacityBytes === Infinity || moreBytes <= 0) return;
    if (this.usedBytes() - BLOCK_BYTES + moreBytes > this.#capacityBytes) throw fileError("ENOSPC");
  }

  #notify(path: string): void {
    for (const listener of this.#listeners) listener();
    if (!this.#watchers) return;
    for (const changed of [path, directoryName(path)]) for (const onChange of [...(this.#watchers.get(changed) ?? [])]) onChange();
  }

  #get(path: string, follow: boolean): { readonly path: string; readonly inode: Inode } {
    const found = this.#find(path, follow);
    if (!found.inode) throw fileError("ENOENT");
    if (path.length > 1 && path.endsWith("/") && found.inode.type !== "directory") throw fileError("ENOTDIR");
    return { path: found.path, inode: found.inode };
  }

  #findOrMissing(path: string): Found | undefined {
    try {
      return this.#find(path, true);
    } catch (error) {
      if (error instanceof FileError && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** The group that all in a folder with the set-group-ID bit is of. */
  #groupIn(path: string): number | undefined {
    const { inode } = this.#find(directoryName(path), true);
    return inode && (inode.mode & SET_GID) !== 0 ? inode.gid : undefined;
  }

  /** Throws when a directory on the way is missing; the last name may be. */
  #find(path: string, follow: boolean): Found {
    const rest = splitPath(path).reverse();
    const trail: { readonly name: string; readonly inode: Inode }[] = [];
    let current = this.#root;
    let links = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (current.type !== "directory") throw fileError("ENOTDIR");
      if (part === "..") {
        trail.pop();
        current = trail.at(-1)?.inode ?? this.#root;
        continue;
      }
      const next = entriesOf(current).get(part);
      if (!next) {
        if (rest.length > 0) throw fileError("ENOENT");
        return { path: `/${[...trail.map((step) => step.name), part].join("/")}`, inode: undefined };
      }
      if (next.type === "symlink" && (rest.length > 0 || follow)) {
        if (++links > MAX_SYMLINKS) throw fileError("ELOOP");
        const target = next.target ?? "";
        if (target.startsWith("/")) {
          trail.length = 0;
          current = this.#root;
        }
        rest.push(...splitPath(target).reverse());
        continue;
      }
      trail.push({ name: part, inode: next });
      current = next;
    }
    return { path: `/${trail.map((step) => step.name).join("/")}`, inode: current };
  }

  #link(path: string, inode: Inode): void {
    const parent = this.#writable(directoryName(path));
    if (parent.type !== "directory") throw fileError("ENOTDIR");
    if (typeof parent.entries === "function") throw fileError("EPERM");
    entriesOf(parent).set(baseName(path), inode);
    parent.mtimeMs = this.#now();
    this.#notify(path);
  }

  /** The inode at a real path, with everything on the way made this file system's own. */
  #writable(path: string): Inode {
    this.#root = this.#own(this.#root);
    let current = this.#root;
    for (const part of splitPath(path)) {
      if (typeof current.entries === "function") throw fileError("EPERM");
      const entries = entriesOf(current);
      const next = entries.get(part);
      if (!next) throw fileError("ENOENT");
      const own = this.#own(next);
      if (own !== next) entries.set(part, own);
      current = own;
    }
    return current;
  }

  #own(inode: Inode): Inode {
    if (inode.owner === this.#token) return inode;
    return { ...inode, owner: this.#token, ...(inode.entries instanceof Map ? { entries: new Map(inode.entries) } : {}) };
  }
}

export function createMemoryFileSystem(options: MemoryFileSystemOptions = {}): MemoryFileSystem {
  return new MemoryFileSystem(options);
}
