import fs from "node:fs";
import path from "node:path";

/** The user's own files, for the interactive shell. Failures are Node's, with an errno name in `code`. */
export const userFiles = {
  stat: (file: string) => fs.statSync(file),
  lstat: (file: string) => fs.lstatSync(file),
  read: (file: string): Buffer => fs.readFileSync(file),
  /** Its first bytes. */
  head(file: string, bytes: number): Buffer {
    const opened = fs.openSync(file, "r");
    try {
      const head = Buffer.alloc(bytes);
      return head.subarray(0, fs.readSync(opened, head, 0, bytes, 0));
    } finally {
      fs.closeSync(opened);
    }
  },
  write: (file: string, data: string | Uint8Array, mode: number | undefined) =>
    fs.writeFileSync(file, data, mode === undefined ? {} : { mode }),
  append: (file: string, data: string | Uint8Array) => fs.appendFileSync(file, data),
  list: (folder: string): string[] => fs.readdirSync(folder).sort(),
  makeFolder: (folder: string, recursive: boolean) => void fs.mkdirSync(folder, { recursive }),
  removeFile: (file: string) => fs.unlinkSync(file),
  removeFolder: (folder: string, recursive: boolean) => (recursive ? fs.rmSync(folder, { recursive: true }) : fs.rmdirSync(folder)),
  rename: (from: string, to: string) => fs.renameSync(from, to),
  symlink: (target: string, file: string) => fs.symlinkSync(target, file),
  readlink: (file: string): string => fs.readlinkSync(file),
  link: (existing: string, file: string) => fs.linkSync(existing, file),
  chmod: (file: string, mode: number) => fs.chmodSync(file, mode),
  chown: (file: string, uid: number, gid: number) => fs.chownSync(file, uid, gid),
  touch: (file: string, ms: number) => fs.utimesSync(file, ms / 1000, ms / 1000),
  realpath: (file: string): string => fs.realpathSync(file),
};

/** A path as a POSIX shell writes it: `/C:/Users/me` on Windows. */
export function toShellPath(file: string): string {
  return path.sep === "\\" ? `/${file.replaceAll("\\", "/")}` : file;
}

export function fromShellPath(file: string): string {
  return path.sep === "\\" && /^\/[A-Za-z]:/.test(file) ? file.slice(1) : file;
}
