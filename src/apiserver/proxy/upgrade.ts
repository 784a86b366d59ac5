import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { internalError, messageOf, serviceUnavailable } from "../../api/status.ts";
import type { ResourceTarget } from "../http/request-info.ts";
import type { ServerParts } from "../http/server-parts.ts";
import { resolveLocation } from "./location.ts";
import { backendPath } from "./proxy.ts";

const NOT_FORWARDED = new Set(["authorization"]);

/** A WebSocket (or any other upgrade) to what is behind the proxy: from its answer on, bytes go both ways as they are. Upstream: upgradeaware.go tryUpgrade */
export async function upgradeProxy(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { target, parts }: { target: ResourceTarget; parts: ServerParts },
): Promise<void> {
  const location = resolveLocation(parts.registry, target);
  const { dial } = parts;
  if (location.type === "kubelet" || !dial) throw serviceUnavailable("error trying to reach service: the kubelet serves no upgrades here");
  const abort = new AbortController();
  socket.once("close", () => abort.abort(new Error("client went away")));
  let backend: Duplex;
  try {
    backend = await dial(location, abort.signal);
  } catch (error) {
    throw internalError(new Error(messageOf(error), { cause: error }));
  }
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  const path = backendPath(mark < 0 ? url : url.slice(0, mark), target) || "/";
  backend.write(`${request.method} ${path}${mark < 0 ? "" : url.slice(mark)} HTTP/1.1\r\n${headerLines(request)}\r\n`);
  if (head.length > 0) backend.write(head);
  backend.on("error", () => socket.destroy());
  backend.once("close", () => socket.end());
  socket.once("close", () => backend.destroy());
  backend.pipe(socket);
  socket.pipe(backend);
}

function headerLines(request: IncomingMessage): string {
  const lines: string[] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? "";
    if (!NOT_FORWARDED.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[index + 1] ?? ""}\r\n`);
  }
  lines.push(
    `X-Forwarded-For: ${[request.headers["x-forwarded-for"], request.socket.remoteAddress ?? "127.0.0.1"].flat().filter(Boolean).join(", ")}\r\n`,
  );
  return lines.join("");
}
