import type { FileSystem } from "./filesystem.ts";
import { type Inode, newInode } from "./inode.ts";
import { MemoryFileSystem, type MemoryFileSystemOptions } from "./memory-filesystem.ts";

/** A file tree as JSON. */
export interface ExportedTree {
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  /** Base64. */
  readonly data?: string;
  readonly target?: string;
  readonly entries?: readonly (readonly [string, ExportedTree])[];
}

export function exportTree(fileSystem: FileSystem, path = "/"): ExportedTree {
  const { type, mode, uid, gid, mtimeMs } = fileSystem.lstat(path);
  const facts = { mode, uid, gid, mtimeMs };
  if (type === "symlink") return { type, ...facts, target: fileSystem.readlink(path) };
  if (type !== "directory") return { type: "file", ...facts, data: fileSystem.readFile(path).toString("base64") };
  return {
    type,
    ...facts,
    entries: fileSystem.readdir(path).map((name) => [name, exportTree(fileSystem, `${path === "/" ? "" : path}/${name}`)] as const),
  };
}

export function importTree(tree: ExportedTree, options: Omit<MemoryFileSystemOptions, "base"> = {}): MemoryFileSystem {
  return new MemoryFileSystem({ ...options, base: { root: inodeOf(tree) } });
}

function inodeOf(tree: ExportedTree): Inode {
  const { type, mode, uid, gid, mtimeMs } = tree;
  return newInode(type, {
    mode,
    uid,
    gid,
    mtimeMs,
    ...(tree.data === undefined ? {} : { data: Buffer.from(tree.data, "base64") }),
    ...(tree.target === undefined ? {} : { target: tree.target }),
    ...(type === "directory" ? { entries: new Map((tree.entries ?? []).map(([name, child]) => [name, inodeOf(child)])) } : {}),
  });
}
