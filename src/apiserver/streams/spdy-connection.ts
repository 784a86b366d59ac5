import { Duplex } from "node:stream";
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";
import { SPDY_DICTIONARY } from "./spdy-dictionary.ts";

const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const FLAG_FIN = 0x01;
const HEADER_BYTES = 8;
// Frames of one stream are cut so that others get their turn.
const DATA_MAX_BYTES = 32 * 1024;

export interface SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** The server's end of a SPDY/3.1 connection over any byte stream. No flow control: kubectl asks for none. */
export class SpdyConnection {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #streams = new Map<number, Stream>();
  readonly #inflate: Inflate = createInflate({ dictionary: SPDY_DICTIONARY });
  readonly #deflate: Deflate = createDeflate({ dictionary: SPDY_DICTIONARY });
  #buffer: Buffer = Buffer.alloc(0);
  /** Headers are decompressed one after the other, and data waits for them: one shared context a direction. */
  #work: Promise<void> = Promise.resolve();
  #closed = false;
  /** Who may write on when the transport has taken what it holds. */
  #waiting: (() => void)[] = [];

  constructor(transport: Duplex, head: Buffer, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport;
    this.#onStream = onStream;
    if (head.length > 0) this.#receive(head);
    transport.on("data", (chunk: Buffer) => this.#receive(chunk));
    transport.on("drain", () => this.#wake());
    transport.once("close", () => this.#fail());
    transport.once("end", () => this.#fail());
    transport.on("error", () => this.#fail());
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Says goodbye once everything before has been written. */
  close(): void {
    if (this.#closed) return;
    const goaway = controlFrame(GOAWAY, 0, Buffer.alloc(8));
    this.#enqueue(async () => {
      this.#transport.end(goaway);
    });
  }

  #receive(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= HEADER_BYTES) {
      const length = this.#buffer.readUIntBE(5, 3);
      if (this.#buffer.length < HEADER_BYTES + length) return;
      const frame = this.#buffer.subarray(0, HEADER_BYTES + length);
      this.#buffer = this.#buffer.subarray(HEADER_BYTES + length);
      this.#enqueue(() => this.#handle(frame));
    }
  }

  async #handle(frame: Buffer): Promise<void> {
    const flags = frame[4] ?? 0;
    const body = frame.subarray(HEADER_BYTES);
    if (((frame[0] ?? 0) & 0x80) === 0) {
      const stream = this.#streams.get(frame.readUInt32BE(0) & 0x7fffffff);
      if (body.length > 0) stream?.push(body);
      if (flags & FLAG_FIN) stream?.push(null);
      return;
    }
    switch (frame.readUInt16BE(2)) {
      case SYN_STREAM:
        return this.#open(body, flags);
      case RST_STREAM:
        this.#streams.get(body.readUInt32BE(0) & 0x7fffffff)?.destroy();
        return;
      case PING:
        this.#transport.write(frame);
        return;
      case GOAWAY:
      default:
        return;
    }
  }

  async #open(body: Buffer, flags: number): Promise<void> {
    const id = body.readUInt32BE(0) & 0x7fffffff;
    const headers = parseHeaders(await flushThrough(this.#inflate, body.subarray(10)));
    const stream = new Stream(id, headers, (bytes, fin, done) => {
      if (this.#sendData(id, bytes, fin)) done();
      else this.#waiting.push(done);
    });
    this.#streams.set(id, stream);
    stream.once("close", () => this.#streams.delete(id));
    const compressed = await flushThrough(this.#deflate, Buffer.alloc(4));
    const reply = Buffer.alloc(4);
    reply.writeUInt32BE(id);
    this.#transport.write(controlFrame(SYN_REPLY, 0, Buffer.concat([reply, compressed])));
    this.#onStream(stream);
    if (flags & FLAG_FIN) stream.push(null);
  }

  #sendData(id: number, bytes: Buffer, fin: boolean): boolean {
    if (this.#closed || this.#transport.destroyed || this.#transport.writableEnded) return true;
    let flowing = true;
    let start = 0;
    do {
      const part = bytes.subarray(start, start + DATA_MAX_BYTES);
      start += part.length;
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt32BE(id);
      header[4] = fin && start >= bytes.length ? FLAG_FIN : 0;
      header.writeUIntBE(part.length, 5, 3);
      flowing = this.#transport.write(Buffer.concat([header, part]));
    } while (start < bytes.length);
    return flowing;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch(() => {
      // A frame that makes no sense ends the connection, as upstream's framer does.
      this.#transport.destroy();
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }

  #fail(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    for (const stream of this.#streams.values()) {
      stream.push(null);
      stream.destroy();
    }
    this.#streams.clear();
    this.#inflate.close();
    this.#deflate.close();
  }
}

type Send = (bytes: Buffer, fin: boolean, done: () => void) => void;

class Stream extends Duplex implements SpdyStream {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly #send: Send;

  constructor(id: number, headers: ReadonlyMap<string, string>, send: Send) {
    super({ allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#send = send;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (chunk.length === 0) done();
    else this.#send(chunk, false, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send(Buffer.alloc(0), true, done);
  }
}

function controlFrame(type: number, flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(0x8003, 0);
  header.writeUInt16BE(type, 2);
  header[4] = flags;
  header.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([header, body]);
}

/** What one block becomes in a (de)compressor that goes on living. */
function flushThrough(codec: Inflate | Deflate, block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const onData = (chunk: Buffer) => chunks.push(chunk);
    codec.on("data", onData);
    codec.once("error", reject);
    codec.write(block);
    codec.flush(constants.Z_SYNC_FLUSH, () => {
      codec.off("data", onData);
      codec.off("error", reject);
      resolve(Buffer.concat(chunks));
    });
  });
}

function parseHeaders(block: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let offset = 4;
  const text = () => {
    const length = block.readUInt32BE(offset);
    const value = block.toString("latin1", offset + 4, offset + 4 + length);
    offset += 4 + length;
    return value;
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}
