import fs from "node:fs/promises";
import path from "node:path";
import type { AppendFile, Disk } from "../util/disk.ts";

const TEMPORARY = ".tmp";

/** A folder of the host's file system; files only the user can read. */
export class HostDisk implements Disk {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<string[]> {
    await fs.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const names = await fs.readdir(this.#folder);
    // What a crash left half-written is no file of ours, and takes room.
    for (const name of names) if (name.endsWith(TEMPORARY)) await this.remove(name);
    return names.filter((name) => !name.endsWith(TEMPORARY)).sort();
  }

  async read(name: string): Promise<Buffer | undefined> {
    try {
      return await fs.readFile(this.#path(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async writeAtomic(name: string, chunks: readonly Uint8Array[]): Promise<void> {
    const temporary = this.#path(name + TEMPORARY);
    const file = await fs.open(temporary, "w", 0o600);
    try {
      await writeAll(file, chunks);
      await file.sync();
    } catch (error) {
      // Where there is no room for it, there is none for what is left of it.
      await fs.rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    await fs.rename(temporary, this.#path(name));
    await this.#syncFolder();
  }

  async remove(name: string): Promise<void> {
    await fs.rm(this.#path(name), { force: true });
  }

  async append(name: string, truncateTo?: number): Promise<AppendFile> {
    await fs.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = await fs.open(this.#path(name), "a", 0o600);
    if (truncateTo !== undefined) await file.truncate(truncateTo);
    let size = (await file.stat()).size;
    await this.#syncFolder();
    return {
      get size() {
        return size;
      },
      async write(chunks) {
        size += await writeAll(file, chunks);
      },
      sync: () => file.datasync(),
      close: () => file.close(),
    };
  }

  #path(name: string): string {
    return path.join(this.#folder, name);
  }

  /** A new name is only safe once its folder is on disk; Windows has no such call. */
  async #syncFolder(): Promise<void> {
    try {
      const folder = await fs.open(this.#folder, "r");
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    } catch (error) {
      if (!["EISDIR", "EPERM", "EINVAL", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
}

// Linux takes at most 1024 buffers a call.
const BUFFERS_A_WRITE = 1000;

async function writeAll(file: fs.FileHandle, chunks: readonly Uint8Array[]): Promise<number> {
  let total = 0;
  for (let from = 0; from < chunks.length; from += BUFFERS_A_WRITE) {
    let part = chunks.slice(from, from + BUFFERS_A_WRITE);
    while (part.length > 0) {
      const { bytesWritten } = await file.writev(part);
      total += bytesWritten;
      part = dropBytes(part, bytesWritten);
    }
  }
  return total;
}

function dropBytes(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let index = 0;
  while (index < chunks.length && (chunks[index] as Uint8Array).length <= count) count -= (chunks[index++] as Uint8Array).length;
  const rest = chunks.slice(index);
  if (count > 0) rest[0] = (rest[0] as Uint8Array).subarray(count);
  return rest;
}
