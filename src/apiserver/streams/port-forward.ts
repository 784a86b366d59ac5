import type { Duplex } from "node:stream";
import { messageOf } from "../../api/status.ts";
import type { PortForwarder } from "../node-gateway.ts";
import { SpdyConnection, type SpdyStream } from "./spdy-connection.ts";

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
}

/** Serves the streams of a port-forward: a pair for every local connection. Upstream: kubelet/pkg/cri/streaming/portforward/httpstream.go */
export function servePortForward(transport: Duplex, head: Buffer, connect: PortForwarder): void {
  const pairs = new Map<string, Pair>();
  new SpdyConnection(transport, head, (stream) => {
    const requestId = stream.headers.get("requestid") ?? String(stream.id);
    const pair = pairs.get(requestId) ?? {};
    pairs.set(requestId, pair);
    if (stream.headers.get("streamtype") === "error") pair.error = stream;
    else pair.data = stream;
    stream.on("error", () => undefined);
    if (!pair.data || !pair.error) return;
    pairs.delete(requestId);
    void forward(pair.data, pair.error, Number(pair.data.headers.get("port")), connect);
  });
}

async function forward(data: SpdyStream, error: SpdyStream, port: number, connect: PortForwarder): Promise<void> {
  let connection: Duplex;
  try {
    connection = await connect(port);
  } catch (failure) {
    error.end(messageOf(failure));
    data.end();
    return;
  }
  connection.on("error", () => data.end());
  connection.once("close", () => {
    data.end();
    error.end();
  });
  data.once("close", () => connection.destroy());
  data.pipe(connection);
  connection.pipe(data);
  error.resume();
}
