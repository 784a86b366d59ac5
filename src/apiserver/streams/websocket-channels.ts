import { PassThrough, Writable } from "node:stream";
import type { WebSocket } from "ws";
import type { Status } from "../../api/generated/meta-v1.ts";
import type { RemoteCommandChannels } from "./remote-command.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;
const NORMAL_CLOSURE = 1000;

/** The v5.channel.k8s.io (and v4) subprotocol: the first byte of a message names its channel. */
export class WebSocketChannels implements RemoteCommandChannels {
  readonly translated = true;
  readonly stdin: PassThrough = new PassThrough();
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly #socket: WebSocket;
  #resize: ((columns: number, rows: number) => void) | undefined;
  #pendingSize: { columns: number; rows: number } | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.stdout = this.#writer(STDOUT);
    this.stderr = this.#writer(STDERR);
    socket.on("message", (data: Buffer) => this.#receive(data));
    socket.on("close", () => this.stdin.end());
    socket.on("error", () => socket.terminate());
  }

  onResize(listener: (columns: number, rows: number) => void): void {
    this.#resize = listener;
    // The first size comes right after the handshake, before the process is there.
    if (this.#pendingSize) listener(this.#pendingSize.columns, this.#pendingSize.rows);
  }

  onClose(listener: () => void): void {
    if (this.#socket.readyState >= this.#socket.CLOSING) listener();
    else this.#socket.on("close", listener);
  }

  finish(status: Status): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(framed(ERROR, Buffer.from(JSON.stringify(status))), () => this.#socket.close(NORMAL_CLOSURE));
  }

  #receive(data: Buffer): void {
    const channel = data[0];
    const payload = data.subarray(1);
    if (channel === STDIN && !this.stdin.writableEnded) this.stdin.write(payload);
    else if (channel === RESIZE) this.#resized(payload);
    else if (channel === CLOSE && payload[0] === STDIN) this.stdin.end();
  }

  #resized(payload: Buffer): void {
    const size = parseSize(payload.toString());
    if (!size) return;
    this.#pendingSize = size;
    this.#resize?.(size.columns, size.rows);
  }

  #writer(channel: number): Writable {
    const socket = this.#socket;
    return new Writable({
      write(chunk: Buffer, _encoding, done) {
        if (chunk.length === 0 || socket.readyState !== socket.OPEN) return done();
        // Waiting for the socket to take it is the back-pressure on the process.
        socket.send(framed(channel, chunk), () => done());
      },
    });
  }
}

export function parseSize(text: string): { columns: number; rows: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as { Width?: number; Height?: number };
    return Width && Height ? { columns: Width, rows: Height } : undefined;
  } catch {
    // A size that makes no sense changes nothing.
    return undefined;
  }
}

function framed(channel: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([channel]), payload]);
}
