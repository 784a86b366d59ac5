import { Duplex } from "node:stream";
import { type Endpoint, NetworkError, type VirtualSocket } from "./network.ts";

/** One end of a connection: what is written here is read there, with back-pressure and half close. */
class SocketEnd extends Duplex implements VirtualSocket {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** node:http asks for these two of every socket. */
  readonly encrypted = false;
  #peer: SocketEnd | undefined;
  #resume: (() => void) | undefined;

  constructor(local: Endpoint, remote: Endpoint) {
    super({ allowHalfOpen: true, emitClose: true, autoDestroy: true });
    this.local = local;
    this.remote = remote;
  }

  join(peer: SocketEnd): void {
    this.#peer = peer;
  }

  get remoteAddress(): string {
    return this.remote.ip;
  }
  get remotePort(): number {
    return this.remote.port;
  }
  get localAddress(): string {
    return this.local.ip;
  }
  get localPort(): number {
    return this.local.port;
  }

  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {
    const resume = this.#peer?.takeResume();
    resume?.();
  }

  takeResume(): (() => void) | undefined {
    const resume = this.#resume;
    this.#resume = undefined;
    return resume;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const peer = this.#peer;
    if (!peer || peer.destroyed) return callback(new NetworkError("ECONNRESET", "write ECONNRESET"));
    if (peer.push(chunk)) callback();
    else this.#resume = callback;
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#peer && !this.#peer.destroyed) this.#peer.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const peer = this.#peer;
    this.takeResume()?.();
    // The other side of a connection that goes away without a proper end is reset; after both ends closed there is nothing to reset.
    if (peer && !peer.destroyed && !(this.writableFinished && this.readableEnded)) {
      queueMicrotask(() => {
        if (peer.destroyed) return;
        if (this.writableFinished) peer.push(null);
        else peer.destroy(peer.listenerCount("error") > 0 ? new NetworkError("ECONNRESET", "read ECONNRESET") : undefined);
      });
    }
    callback(error);
  }
}

/** The two ends of a new connection. */
export function socketPair(client: Endpoint, server: Endpoint, seenClient: Endpoint = client): readonly [VirtualSocket, VirtualSocket] {
  const clientEnd = new SocketEnd(client, server);
  const serverEnd = new SocketEnd(server, seenClient);
  clientEnd.join(serverEnd);
  serverEnd.join(clientEnd);
  return [clientEnd, serverEnd];
}
