import dgram from "node:dgram";
import net from "node:net";
import type { Duplex } from "node:stream";

export interface HostListening {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 of the host (and ::1, where there is one). Rejects with the errno, EADDRINUSE among others. */
export async function listenOnLoopback(port: number, onConnection: (socket: Duplex) => void): Promise<HostListening> {
  const first = await listen("127.0.0.1", port, onConnection);
  const bound = (first.address() as net.AddressInfo).port;
  const servers = [first];
  // `localhost` is ::1 first for many clients: they would wait for nothing.
  const second = await listen("::1", bound, onConnection).catch(() => undefined);
  if (second) servers.push(second);
  return {
    port: bound,
    close: async () => {
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    },
  };
}

/** Receives datagrams on 127.0.0.1 of the host. Rejects with the errno. */
export function bindOnLoopback(
  port: number,
  onDatagram: (data: Buffer, client: string, answer: (data: Buffer) => void) => void,
): Promise<{ close(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket("udp4");
    socket.on("message", (data, from) =>
      onDatagram(data, `${from.address}:${from.port}`, (answer) => socket.send(answer, from.port, from.address)),
    );
    socket.once("error", reject);
    socket.bind({ address: "127.0.0.1", port, exclusive: true }, () => {
      socket.off("error", reject);
      socket.on("error", () => undefined);
      resolve({ close: () => new Promise<void>((closed) => socket.close(() => closed())) });
    });
  });
}

function listen(host: string, port: number, onConnection: (socket: Duplex) => void): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => socket.destroy());
      onConnection(socket);
    });
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", reject);
      server.on("error", () => undefined);
      resolve(server);
    });
  });
}
