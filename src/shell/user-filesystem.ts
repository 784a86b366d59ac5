import { FileError, fileError, type FileStat, type FileSystem } from "../containers/filesystem.ts";
import { joinPath } from "../containers/memory-filesystem.ts";
import { executable } from "../containers/process-table.ts";
import { fromShellPath, userFiles } from "../host/user-files.ts";

/** Where the shell's own commands are, as if they were files. */
export const COMMANDS_FOLDER = "/.kubesim/bin";

const KNOWN_CODES = new Set<string>([
  "ENOENT",
  "EEXIST",
  "ENOTDIR",
  "EISDIR",
  "ENOTEMPTY",
  "EACCES",
  "EPERM",
  "EROFS",
  "EINVAL",
  "ELOOP",
  "EXDEV",
  "ENOSPC",
  "EBUSY",
]);

/** The user's files as the shell's programs see files, with the shell's own commands among them. */
export class UserFileSystem implements FileSystem {
  readonly #commands: ReadonlyMap<string, string>;

  /** @param commands names of commands, and the program that each runs */
  constructor(commands: ReadonlyMap<string, string>) {
    this.#commands = commands;
  }

  stat(path: string): FileStat {
    const own = this.#own(path);
    return own ?? statOf(attempt(() => userFiles.stat(fromShellPath(path))));
  }

  lstat(path: string): FileStat {
    return this.#own(path) ?? statOf(attempt(() => userFiles.lstat(fromShellPath(path))));
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
    const program = this.#commands.get(commandOf(path) ?? "");
    if (program !== undefined) return executable(program, "gnu");
    if (path === "/dev/null") return Buffer.alloc(0);
    return attempt(() => userFiles.read(fromShellPath(path)));
  }

  writeFile(path: string, data: string | Uint8Array, options: { mode?: number; append?: boolean } = {}): void {
    if (path === "/dev/null") return;
    attempt(() =>
      options.append ? userFiles.append(fromShellPath(path), data) : userFiles.write(fromShellPath(path), data, options.mode),
    );
  }

  readdir(path: string): string[] {
    if (path === COMMANDS_FOLDER) return [...this.#commands.keys()].sort();
    return attempt(() => userFiles.list(fromShellPath(path)));
  }

  mkdir(path: string, options: { recursive?: boolean } = {}): void {
    attempt(() => userFiles.makeFolder(fromShellPath(path), options.recursive ?? false));
  }

  remove(path: string, options: { recursive?: boolean } = {}): void {
    const file = fromShellPath(path);
    attempt(() =>
      userFiles.lstat(file).isDirectory() ? userFiles.removeFolder(file, options.recursive ?? false) : userFiles.removeFile(file),
    );
  }

  rename(from: string, to: string): void {
    attempt(() => userFiles.rename(fromShellPath(from), fromShellPath(to)));
  }

  symlink(target: string, path: string): void {
    attempt(() => userFiles.symlink(target, fromShellPath(path)));
  }

  readlink(path: string): string {
    return attempt(() => userFiles.readlink(fromShellPath(path)));
  }

  link(existing: string, path: string): void {
    attempt(() => userFiles.link(fromShellPath(existing), fromShellPath(path)));
  }

  chmod(path: string, mode: number): void {
    attempt(() => userFiles.chmod(fromShellPath(path), mode));
  }

  chown(path: string, uid: number, gid: number): void {
    attempt(() => userFiles.chown(fromShellPath(path), uid, gid));
  }

  utimes(path: string, mtimeMs: number): void {
    attempt(() => userFiles.touch(fromShellPath(path), mtimeMs));
  }

  realpath(path: string): string {
    return this.#own(path) ? path : attempt(() => userFiles.realpath(fromShellPath(path)));
  }

  /** Nobody is told of what other programs write: `tail -f` shows what is there. */
  watch(): () => void {
    return () => undefined;
  }

  #own(path: string): FileStat | undefined {
    const common = { uid: 0, gid: 0, size: 0, mtimeMs: 0, inode: 1, links: 1 };
    if (path === "/dev/null") return { type: "device", mode: 0o666, ...common };
    if (path === COMMANDS_FOLDER) return { type: "directory", mode: 0o555, ...common };
    return this.#commands.has(commandOf(path) ?? "") ? { type: "file", mode: 0o555, ...common } : undefined;
  }
}

function commandOf(path: string): string | undefined {
  return path.startsWith(`${COMMANDS_FOLDER}/`) ? path.slice(COMMANDS_FOLDER.length + 1) : undefined;
}

function statOf(stat: ReturnType<typeof userFiles.stat>): FileStat {
  const type = stat.isDirectory()
    ? "directory"
    : stat.isSymbolicLink()
      ? "symlink"
      : stat.isFIFO()
        ? "fifo"
        : stat.isCharacterDevice() || stat.isBlockDevice()
          ? "device"
          : "file";
  return {
    type,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    size: stat.size,
    mtimeMs: stat.mtimeMs,
    inode: stat.ino,
    links: stat.nlink,
  };
}

function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    throw fileError(KNOWN_CODES.has(code) ? (code as FileError["code"]) : "EINVAL");
  }
}

/** `folder` seen from `cwd`. */
export const resolvePath = (cwd: string, folder: string): string => (folder.startsWith("/") ? folder : joinPath(cwd, folder));
