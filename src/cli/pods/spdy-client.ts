import { constants, createDeflate } from "node:zlib";

const SYN_STREAM = 1;
const RST_STREAM = 3;
const GOAWAY = 7;
const FIN = 0x01;

export interface SpdyClientStream {
  readonly id: number;
  write(data: Uint8Array): void;
  /** No more will be written. */
  end(): void;
  onData: (data: Buffer) => void;
  onEnd: () => void;
}

/** The client's end of a SPDY/3.1 connection, as port-forward needs it: streams with headers, data both ways. */
export class SpdyClient {
  readonly #send: (frame: Buffer) => void;
  // Headers without the protocol's dictionary are legal, and what the server answers with is not looked at.
  readonly #deflate = createDeflate();
  readonly #streams = new Map<number, SpdyClientStream>();
  #buffer: Buffer = Buffer.alloc(0);
  #nextId = 1;
  #opening: Promise<unknown> = Promise.resolve();

  constructor(send: (frame: Buffer) => void) {
    this.#send = send;
  }

  /** Opens a stream; one after the other, as they share a compressor. */
  open(headers: Readonly<Record<string, string>>, closed = false): Promise<SpdyClientStream> {
    const opened = this.#opening.then(() => this.#open(headers, closed));
    this.#opening = opened;
    return opened;
  }

  async #open(headers: Readonly<Record<string, string>>, closed: boolean): Promise<SpdyClientStream> {
    const id = this.#nextId;
    this.#nextId += 2;
    const block = await this.#compress(renderHeaders(headers));
    const fixed = Buffer.alloc(10);
    fixed.writeUInt32BE(id);
    const stream: SpdyClientStream = {
      id,
      write: (data) => this.#data(id, data, false),
      end: () => this.#data(id, new Uint8Array(0), true),
      onData: () => undefined,
      onEnd: () => undefined,
    };
    this.#streams.set(id, stream);
    this.#send(controlFrame(SYN_STREAM, closed ? FIN : 0, Buffer.concat([fixed, block])));
    return stream;
  }

  receive(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= 8) {
      const length = this.#buffer.readUIntBE(5, 3);
      if (this.#buffer.length < 8 + length) return;
      this.#handle(this.#buffer.subarray(0, 8), this.#buffer.subarray(8, 8 + length));
      this.#buffer = this.#buffer.subarray(8 + length);
    }
  }

  close(): void {
    this.#send(controlFrame(GOAWAY, 0, Buffer.alloc(8)));
    this.#deflate.close();
  }

  #handle(header: Buffer, body: Buffer): void {
    if ((header[0] ?? 0) & 0x80) {
      if (header.readUInt16BE(2) === RST_STREAM) this.#finish(body.readUInt32BE(0));
      return;
    }
    const id = header.readUInt32BE(0) & 0x7fffffff;
    if (body.length > 0) this.#streams.get(id)?.onData(Buffer.from(body));
    if ((header[4] ?? 0) & FIN) this.#finish(id);
  }

  #finish(id: number): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.onEnd();
  }

  #data(id: number, data: Uint8Array, fin: boolean): void {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(id);
    header[4] = fin ? FIN : 0;
    header.writeUIntBE(data.length, 5, 3);
    this.#send(Buffer.concat([header, data]));
  }

  #compress(block: Buffer): Promise<Buffer> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const take = (chunk: Buffer) => chunks.push(chunk);
      this.#deflate.on("data", take);
      this.#deflate.write(block);
      this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
        this.#deflate.off("data", take);
        resolve(Buffer.concat(chunks));
      });
    });
  }
}

function controlFrame(type: number, flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(0x8003, 0);
  header.writeUInt16BE(type, 2);
  header[4] = flags;
  header.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([header, body]);
}

function renderHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(headers);
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  return Buffer.concat([
    number(entries.length),
    ...entries.flatMap((entry) => entry.flatMap((text) => [number(Buffer.byteLength(text)), Buffer.from(text)])),
  ]);
}
