import fs from "node:fs";

/** Files and folders of the user's machine, for commands that copy them. */
export interface LocalStat {
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
}

/** Follows no final link; undefined where nothing is. */
export function localStat(file: string): LocalStat | undefined {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const { mode, uid, gid, mtimeMs } = stat;
  return { type: stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "symlink" : "file", mode: mode & 0o7777, uid, gid, mtimeMs };
}

/** Whether a path leads to a folder, over links too. */
export function isLocalFolder(path: string): boolean {
  try {
    return fs.statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Whether a path leads anywhere. */
export const localExists = (file: string): boolean => fs.existsSync(file);
export const readLocalFolder = (folder: string): string[] => fs.readdirSync(folder).sort();
export const readLocalLink = (file: string): string => fs.readlinkSync(file);
export const readLocalFile = (file: string): Buffer => fs.readFileSync(file);

export function makeLocalFolder(folder: string): void {
  fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
}

/** Throws with Go's words for what went wrong. */
export function writeLocalFile(file: string, data: Uint8Array): void {
  try {
    fs.writeFileSync(file, data, { mode: 0o666 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw new Error(
      `open ${file}: ${{ EISDIR: "is a directory", EACCES: "permission denied", ENOENT: "no such file or directory", EROFS: "read-only file system", ENOTDIR: "not a directory" }[code] ?? code}`,
      { cause: error },
    );
  }
}
