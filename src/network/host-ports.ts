import type { Duplex } from "node:stream";
import type { ServiceProxy } from "./service-proxy.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

/** Opens a port of the user's machine on loopback; rejects with the errno in `code`. */
export type ListenOnHost = (port: number, onConnection: (socket: Duplex) => void) => Promise<{ close(): Promise<void> }>;

/** Node ports that really listen on 127.0.0.1, for as long as their services exist. */
export class HostPorts {
  readonly #network: VirtualNetwork;
  readonly #listen: ListenOnHost;
  readonly #report: (message: string) => void;
  readonly #sockets = new Map<number, Set<Duplex>>();
  readonly #open = new Map<number, Promise<{ close(): Promise<void> } | undefined>>();

  constructor(network: VirtualNetwork, listen: ListenOnHost, report: (message: string) => void) {
    this.#network = network;
    this.#listen = listen;
    this.#report = report;
  }

  start(proxy: ServiceProxy): void {
    proxy.onNodePorts((wanted) => {
      for (const port of wanted) if (!this.#open.has(port)) this.#open.set(port, this.#openPort(port));
      for (const [port, listening] of this.#open) {
        if (wanted.has(port)) continue;
        this.#open.delete(port);
        void this.#close(port, listening);
      }
    });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#open].map(([port, listening]) => this.#close(port, listening)));
    this.#open.clear();
  }

  /** The port and what goes through it: a connection that is kept alive must not keep the port. */
  async #close(port: number, listening: Promise<{ close(): Promise<void> } | undefined>): Promise<void> {
    const listener = await listening;
    for (const socket of this.#sockets.get(port) ?? []) socket.destroy();
    this.#sockets.delete(port);
    await listener?.close();
  }

  async #openPort(port: number): Promise<{ close(): Promise<void> } | undefined> {
    try {
      return await this.#listen(port, (socket) => this.#forward(port, socket));
    } catch (error) {
      this.#report(`node port ${port} cannot be opened on 127.0.0.1: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
      return undefined;
    }
  }

  #forward(port: number, socket: Duplex): void {
    const inner = this.#network.connectFromHost(port);
    if (!inner) {
      // Nobody behind the service: the kernel would refuse; a reset comes closest once the host has accepted.
      const resettable = socket as Duplex & { resetAndDestroy?: () => void };
      if (resettable.resetAndDestroy) resettable.resetAndDestroy();
      else socket.destroy();
      return;
    }
    const sockets = this.#sockets.get(port) ?? new Set();
    this.#sockets.set(port, sockets.add(socket));
    socket.once("close", () => sockets.delete(socket));
    joinStreams(socket, inner);
  }
}

/** Bytes both ways; either end's failure ends both. */
export function joinStreams(a: Duplex, b: Duplex): void {
  a.on("error", () => b.destroy());
  b.on("error", () => a.destroy());
  a.on("close", () => b.destroy());
  b.on("close", () => a.destroy());
  a.pipe(b);
  b.pipe(a);
}
