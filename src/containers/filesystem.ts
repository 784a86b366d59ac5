/** A failed file call, with errno name; message as `strerror`: "No such file or directory". */
export class FileError extends Error {
  override readonly name = "FileError";
  readonly code:
    | "ENOENT"
    | "EEXIST"
    | "ENOTDIR"
    | "EISDIR"
    | "ENOTEMPTY"
    | "EACCES"
    | "EPERM"
    | "EROFS"
    | "EINVAL"
    | "ELOOP"
    | "EXDEV"
    | "ENOSPC"
    | "EBUSY";
  constructor(code: FileError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const STRERROR: Record<FileError["code"], string> = {
  ENOENT: "No such file or directory",
  EEXIST: "File exists",
  ENOTDIR: "Not a directory",
  EISDIR: "Is a directory",
  ENOTEMPTY: "Directory not empty",
  EACCES: "Permission denied",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
  EINVAL: "Invalid argument",
  ELOOP: "Too many levels of symbolic links",
  EXDEV: "Invalid cross-device link",
  ENOSPC: "No space left on device",
  EBUSY: "Device or resource busy",
};

/** A program's errno. Whoever looks for a file meets these all the time: without the stack, which costs ten times the rest. */
export function fileError(code: FileError["code"]): FileError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new FileError(code, STRERROR[code]);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

export interface FileStat {
  readonly type: "file" | "directory" | "symlink" | "device" | "fifo";
  /** Permission bits, such as 0o644. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
  readonly links: number;
}

/**
 * A tree of files in memory. Paths are absolute and POSIX. Synchronous: nothing here touches the host.
 * Container root file systems, volumes and node file systems are all of this shape and can be mounted into each other.
 */
export interface FileSystem {
  stat(path: string): FileStat;
  /** As stat, not following a final symlink. */
  lstat(path: string): FileStat;
  exists(path: string): boolean;
  readFile(path: string): Buffer;
  writeFile(path: string, data: string | Uint8Array, options?: { mode?: number; uid?: number; gid?: number; append?: boolean }): void;
  readdir(path: string): string[];
  mkdir(path: string, options?: { recursive?: boolean; mode?: number; uid?: number; gid?: number }): void;
  remove(path: string, options?: { recursive?: boolean }): void;
  rename(from: string, to: string): void;
  symlink(target: string, path: string): void;
  readlink(path: string): string;
  link(existing: string, path: string): void;
  chmod(path: string, mode: number): void;
  chown(path: string, uid: number, gid: number): void;
  utimes(path: string, mtimeMs: number): void;
  realpath(path: string): string;
  /** Calls back after a write to the file or directory entry; for tail -f and inotify. */
  watch(path: string, onChange: () => void): () => void;
}

/** A file system whose size can be told: what was written to it, not what it shares with its image. */
export interface MeasuredFileSystem extends FileSystem {
  usedBytes(): number;
  /** Told after every change of what is in it. */
  onChange(listener: () => void): () => void;
}

/** A file system mounted at a path of a container. */
export interface Mount {
  readonly containerPath: string;
  readonly fileSystem: FileSystem;
  /** The folder or file of `fileSystem` that is mounted; "/" for all of it. */
  readonly sourcePath: string;
  readonly readOnly: boolean;
  /** What `mount` and /proc/mounts show: "tmpfs", "ext4". */
  readonly type: string;
}
