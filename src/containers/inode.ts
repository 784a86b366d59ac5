import type { FileStat } from "./filesystem.ts";

/** What a file or directory is made of. Shared between trees until one of them changes it. */
export interface Inode {
  readonly type: FileStat["type"];
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  readonly inode: number;
  links: number;
  /** The file system that may change it in place; all others copy it first. */
  readonly owner: object | undefined;
  /** A function: made up when read, as in /proc. */
  data?: Buffer | (() => string | Uint8Array);
  entries?: Map<string, Inode> | (() => Map<string, Inode>);
  readonly target?: string;
  /** Takes what is written to a device. */
  readonly onWrite?: (data: Buffer) => void;
}

/** A tree that nobody changes any more: an image layer. */
export interface FrozenTree {
  readonly root: Inode;
}

let nextInode = 2;
const EMPTY = Buffer.alloc(0);

export function newInode(type: Inode["type"], fields: Partial<Omit<Inode, "type" | "inode">> = {}): Inode {
  return {
    mode: type === "directory" ? 0o755 : type === "symlink" ? 0o777 : 0o644,
    uid: 0,
    gid: 0,
    mtimeMs: 0,
    links: 1,
    owner: undefined,
    ...fields,
    type,
    inode: nextInode++,
  };
}

export function entriesOf(inode: Inode): Map<string, Inode> {
  return typeof inode.entries === "function" ? inode.entries() : (inode.entries ?? new Map<string, Inode>());
}

export function bytesOf(inode: Inode): Buffer {
  if (typeof inode.data !== "function") return inode.data ?? EMPTY;
  const made = inode.data();
  return typeof made === "string" ? Buffer.from(made) : Buffer.from(made.buffer, made.byteOffset, made.byteLength);
}

export function statOf(inode: Inode): FileStat {
  const size =
    inode.type === "directory"
      ? 4096
      : inode.type === "symlink"
        ? (inode.target ?? "").length
        : typeof inode.data === "function"
          ? 0
          : (inode.data?.length ?? 0);
  return {
    type: inode.type,
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    size,
    mtimeMs: inode.mtimeMs,
    inode: inode.inode,
    links: inode.links,
  };
}
