import { STATUS_CODES } from "node:http";
import type { Process } from "../process.ts";

export interface Url {
  readonly host: string;
  readonly port: number;
  /** As written, if it was. */
  readonly givenPort: string;
  readonly path: string;
  readonly secure: boolean;
  readonly hostHeader: string;
}

/** Throws on what is no HTTP URL. */
export function parseUrl(text: string): Url {
  const match = /^(?:(\w+):\/\/)?(?:[^@/]*@)?(\[[^\]]+\]|[^:/?#]+)(?::(\d+))?([/?][^#]*)?/.exec(text);
  const scheme = match?.[1] ?? "http";
  if (!match || !/^https?$/.test(scheme)) throw new Error("not an http url");
  const host = (match[2] ?? "").replace(/^\[|\]$/g, "");
  const givenPort = match[3] ?? "";
  const path = match[4] ?? "/";
  return {
    host,
    port: givenPort ? Number(givenPort) : scheme === "https" ? 443 : 80,
    givenPort,
    path: path.startsWith("?") ? `/${path}` : path,
    secure: scheme === "https",
    hostHeader: givenPort ? `${host}:${givenPort}` : host,
  };
}

export const reasonPhrase = (status: number) => STATUS_CODES[status] ?? "";

/** A process's own time limit on what it does. */
export function timeLimit(
  process: Process,
  seconds: number,
): { readonly signal: AbortSignal; readonly expired: () => boolean; readonly stop: () => void } {
  const abort = new AbortController();
  const timer =
    Number.isFinite(seconds) && seconds > 0 ? process.clock.after(seconds * 1000, () => abort.abort(new Error("timed out"))) : undefined;
  return { signal: AbortSignal.any([process.signal, abort.signal]), expired: () => abort.signal.aborted, stop: () => timer?.cancel() };
}
