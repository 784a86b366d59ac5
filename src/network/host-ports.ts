import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../util/clock.ts";
import type { ServiceProxy } from "./service-proxy.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

/** Opens a port of the user's machine on loopback; rejects with the errno in `code`. */
export type ListenOnHost = (port: number, onConnection: (socket: Duplex) => void) => Promise<{ close(): Promise<void> }>;

/** The same for UDP. `client` tells senders apart. */
export type BindOnHost = (
  port: number,
  onDatagram: (data: Buffer, client: string, answer: (data: Buffer) => void) => void,
) => Promise<{ close(): Promise<void> }>;

export interface HostPortsOptions {
  readonly clock: Clock;
  readonly listen: ListenOnHost;
  readonly bind: BindOnHost;
  report(message: string): void;
}

// Linux: nf_conntrack_udp_timeout_stream
const SILENT_MS = 120_000;

/** Node ports that really listen on 127.0.0.1, for as long as their services exist. */
export class HostPorts {
  readonly #network: VirtualNetwork;
  readonly #options: HostPortsOptions;
  readonly #sockets = new Map<string, Set<Duplex>>();
  readonly #open = new Map<string, Promise<{ close(): Promise<void> } | undefined>>();

  constructor(network: VirtualNetwork, options: HostPortsOptions) {
    this.#network = network;
    this.#options = options;
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
  async #close(key: string, listening: Promise<{ close(): Promise<void> } | undefined>): Promise<void> {
    const listener = await listening;
    for (const socket of this.#sockets.get(key) ?? []) socket.destroy();
    this.#sockets.delete(key);
    await listener?.close();
  }

  /** @param key `TCP/30080` */
  async #openPort(key: string): Promise<{ close(): Promise<void> } | undefined> {
    const [protocol, number] = key.split("/");
    const port = Number(number);
    try {
      if (protocol === "UDP") return await this.#bind(port);
      if (protocol === "TCP") return await this.#options.listen(port, (socket) => this.#forward(key, port, socket));
    } catch (error) {
      this.#options.report(`node port ${port} cannot be opened on 127.0.0.1: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
    }
    return undefined;
  }

  async #bind(port: number): Promise<{ close(): Promise<void> }> {
    const clients = new Map<string, { send(data: Buffer): void; close(): void; timer: Timer }>();
    const forget = (client: string) => {
      clients.get(client)?.timer.cancel();
      clients.get(client)?.close();
      clients.delete(client);
    };
    const listener = await this.#options.bind(port, (data, client, answer) => {
      const known = clients.get(client);
      known?.timer.cancel();
      const flow = known ?? this.#network.openFromHost(port, answer);
      if (!flow) return;
      const { send, close } = flow;
      clients.set(client, { send, close, timer: this.#options.clock.after(SILENT_MS, () => forget(client)) });
      send(data);
    });
    return {
      close: async () => {
        for (const client of [...clients.keys()]) forget(client);
        await listener.close();
      },
    };
  }

  #forward(key: string, port: number, socket: Duplex): void {
    const inner = this.#network.connectFromHost(port);
    if (!inner) {
      // Nobody behind the service: the kernel would refuse; a reset comes closest once the host has accepted.
      const resettable = socket as Duplex & { resetAndDestroy?: () => void };
      if (resettable.resetAndDestroy) resettable.resetAndDestroy();
      else socket.destroy();
      return;
    }
    const sockets = this.#sockets.get(key) ?? new Set();
    this.#sockets.set(key, sockets.add(socket));
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
