import { PassThrough } from "node:stream";
import type { WebSocket } from "ws";
import type { Pod } from "../../api/generated/core-v1.ts";
import { badRequest, messageOf } from "../../api/status.ts";
import type { PortForwarder } from "../node-gateway.ts";

export const CHANNEL_PROTOCOL = "v4.channel.k8s.io";

/** The ports that the query names, once or many times, with commas. Throws 400. Upstream: cri/streaming/portforward/websocket.go NewV4Options */
export function portsOf(query: URLSearchParams): number[] {
  const texts = query.getAll("ports").flatMap((text) => text.split(","));
  if (texts.length === 0) throw badRequest('query parameter "port" is required');
  return texts.map((text) => {
    const port = Number(text);
    if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw badRequest(`unable to parse ${JSON.stringify(text)} as a port`);
    return port;
  });
}

/** The older way over WebSocket: each port has a channel for its one connection and another for its error, and both begin with the port's number. */
export function serveChannelPortForward(socket: WebSocket, ports: readonly number[], pod: Pod, connect: PortForwarder): void {
  const inputs = ports.map(() => new PassThrough());
  let open = ports.length;
  socket.on("message", (data: Buffer) => {
    const channel = data[0] ?? 0;
    if (channel % 2 === 0 && data.length > 1) inputs[channel / 2]?.write(data.subarray(1));
  });
  socket.on("close", () => inputs.forEach((input) => input.end()));
  socket.on("error", () => socket.terminate());
  ports.forEach((port, index) => {
    const number = Buffer.from([port & 0xff, port >> 8]);
    send(socket, index * 2, number);
    send(socket, index * 2 + 1, number);
    void forward(socket, index, port, inputs[index] as PassThrough, pod, connect).finally(() => {
      if (--open === 0) socket.close(1000);
    });
  });
}

async function forward(
  socket: WebSocket,
  index: number,
  port: number,
  input: PassThrough,
  pod: Pod,
  connect: PortForwarder,
): Promise<void> {
  try {
    const connection = await connect(port);
    input.pipe(connection);
    socket.once("close", () => connection.destroy());
    // One chunk after the other: what the client does not take holds the pod's side back.
    for await (const chunk of connection as AsyncIterable<Buffer>) await send(socket, index * 2, chunk);
  } catch (error) {
    await send(
      socket,
      index * 2 + 1,
      Buffer.from(`error forwarding port ${port} to pod ${pod.metadata.name}, uid ${pod.metadata.uid}: ${messageOf(error)}`),
    );
  }
}

function send(socket: WebSocket, channel: number, payload: Buffer): Promise<void> {
  if (socket.readyState !== socket.OPEN) return Promise.resolve();
  return new Promise((resolve) => socket.send(Buffer.concat([Buffer.from([channel]), payload]), () => resolve()));
}
