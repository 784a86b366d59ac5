import type { Container, EphemeralContainer, HTTPGetAction } from "../../api/generated/core-v1.ts";
import { messageOf } from "../../api/status.ts";
import { type HttpResponse, NetworkError, type NetworkNamespace } from "../../network/network.ts";
import type { Clock } from "../../util/clock.ts";

export class ProbeTimeout extends Error {
  override readonly name = "ProbeTimeout";
}

/** Runs `work` for at most `timeoutMs` of simulated time; then its signal is aborted and a ProbeTimeout is thrown. */
export async function withTimeout<T>(clock: Clock, timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let expire: (error: Error) => void = () => undefined;
  const expired = new Promise<never>((_resolve, reject) => (expire = reject));
  expired.catch(() => undefined);
  const timer = clock.after(timeoutMs, () => {
    const error = new ProbeTimeout("timed out");
    expire(error);
    abort.abort(error);
  });
  try {
    return await Promise.race([work(abort.signal), expired]);
  } finally {
    timer.cancel();
  }
}

/** Numbers as they are, names from the container's ports. Upstream: pkg/probe/util.go ResolveContainerPort */
export function resolvePort(port: number | string, container: Container | EphemeralContainer): number {
  if (typeof port === "number") return port;
  const named = (container.ports ?? []).find(({ name }) => name === port)?.containerPort ?? Number(port);
  if (!Number.isInteger(named)) throw new Error(`couldn't find port: "${port}"`);
  return named;
}

/** A GET as the kubelet sends it, for probes and hooks. Rejects with an Error in Go's words. */
export async function httpGet(
  action: HTTPGetAction,
  container: Container | EphemeralContainer,
  options: {
    readonly podIP: string;
    readonly from: NetworkNamespace;
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly userAgent: string;
  },
): Promise<HttpResponse> {
  const host = action.host || options.podIP;
  const port = resolvePort(action.port, container);
  const path = action.path ? (action.path.startsWith("/") ? action.path : `/${action.path}`) : "/";
  const scheme = (action.scheme ?? "HTTP").toLowerCase();
  const url = `${scheme}://${host}:${port}${path}`;
  const headers: Record<string, string> = { "user-agent": options.userAgent, accept: "*/*", connection: "close", host: `${host}:${port}` };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  try {
    return await withTimeout(options.clock, options.timeoutMs, (signal) =>
      options.from.http(host, port, { method: "GET", path, headers, body: Buffer.alloc(0) }, signal, scheme === "https" ? {} : undefined),
    );
  } catch (error) {
    if (error instanceof ProbeTimeout)
      throw new Error(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`, { cause: error });
    throw new Error(`Get "${url}": ${dialError(error, host, port)}`, { cause: error });
  }
}

/** As Go's net package words it. */
export function dialError(error: unknown, host: string, port: number): string {
  if (error instanceof ProbeTimeout) return `dial tcp ${host}:${port}: i/o timeout`;
  if (!(error instanceof NetworkError)) return messageOf(error);
  switch (error.code) {
    case "ECONNREFUSED":
      return `dial tcp ${host}:${port}: connect: connection refused`;
    case "EHOSTUNREACH":
      return `dial tcp ${host}:${port}: connect: no route to host`;
    case "ENETUNREACH":
      return `dial tcp ${host}:${port}: connect: network is unreachable`;
    case "ETIMEDOUT":
      return `dial tcp ${host}:${port}: i/o timeout`;
    case "ECONNRESET":
      return `read tcp ${host}:${port}: read: connection reset by peer`;
    case "ENOTFOUND":
      return `dial tcp: lookup ${host}: no such host`;
    default:
      return error.message;
  }
}
