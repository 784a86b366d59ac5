import { badRequest, StatusError } from "../api/status.ts";
import { CompactedError, FutureRevisionError } from "../store/store.ts";
import type { Selection } from "./selection.ts";

export interface ListQuery extends Selection {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
}

interface ContinueToken {
  readonly revision: number;
  /** The last key that was given, below the kind's prefix. */
  readonly after: string;
}

// Upstream: apiserver/pkg/storage/continue.go
export function encodeContinue(token: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: token.revision, start: `${token.after}\u0000` })).toString("base64url");
}

export function decodeContinue(text: string): ContinueToken {
  try {
    const token: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    const { v, rv, start } = token as { v?: unknown; rv?: unknown; start?: unknown };
    if (v === "meta.k8s.io/v1" && typeof rv === "number" && typeof start === "string")
      return { revision: rv, after: start.replace(/\u0000$/, "") };
  } catch {
    // Falls through to the one answer for everything that is not a token of ours.
  }
  throw badRequest("continue key is not valid: illegal base64 data");
}

/** "" for none; refuses what is not a revision. */
export function parseResourceVersion(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\d+$/.test(text)) {
    throw new StatusError({
      code: 400,
      reason: "BadRequest",
      message: `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    });
  }
  return Number(text);
}

/** What the store refuses to read, in the API's words. Upstream: apiserver/pkg/storage/etcd3/errors.go, api/errors.NewTooLargeResourceVersionError */
export function revisionError(error: unknown, requested: number, continued: boolean): unknown {
  if (error instanceof CompactedError) {
    const message = continued
      ? "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list. Objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
      : `too old resource version: ${requested} (${error.compactedRevision})`;
    return new StatusError({ code: 410, reason: "Expired", message }, { cause: error });
  }
  if (error instanceof FutureRevisionError) return tooLargeResourceVersion(requested, error.revision);
  return error;
}

export function tooLargeResourceVersion(requested: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: "Timeout",
    message: `Too large resource version: ${requested}, current: ${current}`,
    details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }], retryAfterSeconds: 1 },
  });
}
