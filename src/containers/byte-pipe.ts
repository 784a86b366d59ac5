/** Where a process reads. */
export interface ByteReader {
  /** The next bytes; undefined at the end. Rejects with the signal's reason when aborted first. */
  read(signal: AbortSignal): Promise<Buffer | undefined>;
  /** Gives bytes back that were read too far. */
  unread(data: Buffer): void;
}

/** Where a process writes. A promise asks the writer to wait: the reader is behind. */
export interface ByteWriter {
  write(data: Buffer): void | Promise<void>;
}

/** Written to a pipe that nobody reads any more. */
export class BrokenPipeError extends Error {
  override readonly name = "BrokenPipeError";
}

const CAPACITY_BYTES = 65_536;

/** A pipe of bytes with back-pressure. An idle one is a few fields: no stream, no buffer. */
export class BytePipe implements ByteReader, ByteWriter {
  #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  #readerClosed = false;
  #wakeReaders: (() => void)[] = [];
  #wakeWriters: (() => void)[] = [];

  write(data: Buffer): void | Promise<void> {
    if (this.#readerClosed || this.#ended) throw new BrokenPipeError("Broken pipe");
    if (data.length === 0) return undefined;
    this.#chunks.push(data);
    this.#size += data.length;
    this.#wake("readers");
    if (this.#size <= CAPACITY_BYTES) return undefined;
    return new Promise((resolve) => this.#wakeWriters.push(resolve));
  }

  async read(signal: AbortSignal): Promise<Buffer | undefined> {
    for (;;) {
      signal.throwIfAborted();
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#size -= chunk.length;
        if (this.#size <= CAPACITY_BYTES) this.#wake("writers");
        return chunk;
      }
      if (this.#ended) return undefined;
      await this.#readable(signal);
    }
  }

  unread(data: Buffer): void {
    if (data.length === 0) return;
    this.#chunks.unshift(data);
    this.#size += data.length;
  }

  /** No more will be written. */
  end(): void {
    this.#ended = true;
    this.#wake("readers");
  }

  /** Nobody will read: writers get BrokenPipeError. */
  closeReader(): void {
    this.#readerClosed = true;
    this.#chunks = [];
    this.#size = 0;
    this.#wake("writers");
  }

  get ended(): boolean {
    return this.#ended;
  }

  #readable(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      const abort = () => {
        this.#wakeReaders = this.#wakeReaders.filter((other) => other !== done);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#wakeReaders.push(done);
    });
  }

  #wake(whom: "readers" | "writers"): void {
    const waiting = whom === "readers" ? this.#wakeReaders : this.#wakeWriters;
    if (waiting.length === 0) return;
    if (whom === "readers") this.#wakeReaders = [];
    else this.#wakeWriters = [];
    for (const wake of waiting) wake();
  }
}

export const NULL_READER: ByteReader = { read: () => Promise.resolve(undefined), unread: () => {} };
export const NULL_WRITER: ByteWriter = { write: () => {} };

/** Reads from bytes at hand: a here-document, a file. */
export class BufferReader implements ByteReader {
  #data: Buffer;
  constructor(data: Buffer) {
    this.#data = data;
  }
  read(): Promise<Buffer | undefined> {
    const data = this.#data;
    this.#data = Buffer.alloc(0);
    return Promise.resolve(data.length > 0 ? data : undefined);
  }
  unread(data: Buffer): void {
    this.#data = Buffer.concat([data, this.#data]);
  }
}

/** Collects what is written: command substitution. */
export class BufferWriter implements ByteWriter {
  readonly #chunks: Buffer[] = [];
  write(data: Buffer): void {
    this.#chunks.push(data);
  }
  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}

/** Everything until the end. */
export async function readAll(reader: ByteReader, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let chunk = await reader.read(signal); chunk !== undefined; chunk = await reader.read(signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The next line without its newline; undefined at the end. */
export async function readLine(
  reader: ByteReader,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly terminated: boolean } | undefined> {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = await reader.read(signal);
    if (chunk === undefined) return chunks.length > 0 ? { text: Buffer.concat(chunks).toString(), terminated: false } : undefined;
    const newline = chunk.indexOf(10);
    if (newline < 0) {
      chunks.push(chunk);
      continue;
    }
    chunks.push(chunk.subarray(0, newline));
    reader.unread(chunk.subarray(newline + 1));
    return { text: Buffer.concat(chunks).toString(), terminated: true };
  }
}
