/** The files of one folder, as the store sees them. Names have no slashes. */
export interface Disk {
  list(): Promise<string[]>;
  /** The whole file, or undefined when there is none. */
  read(name: string): Promise<Buffer | undefined>;
  /** Replaces the file whole or not at all, and is on disk when it resolves. */
  writeAtomic(name: string, chunks: readonly Uint8Array[]): Promise<void>;
  remove(name: string): Promise<void>;
  /** Opens for appending, making the file when there is none; `truncateTo` cuts a torn tail first. */
  append(name: string, truncateTo?: number): Promise<AppendFile>;
}

export interface AppendFile {
  /** Bytes in the file. */
  readonly size: number;
  /** Appends; what is written is not durable before `sync`. A short write rejects and the caller must not go on. */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** Resolves when all that was written is on disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A disk for tests: `crash()` forgets what was not synced. */
export class MemoryDisk implements Disk {
  readonly files = new Map<string, { bytes: Buffer; syncedSize: number }>();

  list(): Promise<string[]> {
    return Promise.resolve([...this.files.keys()].sort());
  }

  read(name: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.files.get(name)?.bytes);
  }

  writeAtomic(name: string, chunks: readonly Uint8Array[]): Promise<void> {
    const bytes = Buffer.concat(chunks);
    this.files.set(name, { bytes, syncedSize: bytes.length });
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }

  append(name: string, truncateTo?: number): Promise<AppendFile> {
    const file = this.files.get(name) ?? { bytes: Buffer.alloc(0), syncedSize: 0 };
    if (truncateTo !== undefined) {
      file.bytes = file.bytes.subarray(0, truncateTo);
      file.syncedSize = Math.min(file.syncedSize, truncateTo);
    }
    this.files.set(name, file);
    return Promise.resolve({
      get size() {
        return file.bytes.length;
      },
      write: (chunks) => {
        file.bytes = Buffer.concat([file.bytes, ...chunks]);
        return Promise.resolve();
      },
      sync: () => {
        file.syncedSize = file.bytes.length;
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
  }

  /** The machine loses power: every file ends where it was last synced, plus `tornBytes` of what followed. */
  crash(tornBytes = 0): void {
    for (const file of this.files.values()) file.bytes = file.bytes.subarray(0, Math.min(file.bytes.length, file.syncedSize + tornBytes));
  }
}
