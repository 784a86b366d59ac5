import { type FieldError, forbidden, notSupported } from "../api/field-errors.ts";
import { badRequest, expired, invalidObject, StatusError } from "../api/status.ts";
import { CompactedError, FutureRevisionError } from "../store/store.ts";
import type { Selection } from "./selection.ts";

export interface ListQuery extends Selection {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
}

interface ContinueToken {
  /** Below 0: whatever is there now, which need not fit what the pages before have shown. */
  readonly revision: number;
  /** The last key that was given, below the kind's prefix. */
  readonly after: string;
}

// Upstream: apiserver/pkg/storage/continue.go
export function encodeContinue(token: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: token.revision, start: `${token.after}\u0000` })).toString("base64url");
}

export function decodeContinue(text: string): ContinueToken {
  const refuse = (why: string) => badRequest(`invalid continue token: continue key is not valid${why}`);
  let token: unknown;
  try {
    token = JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    throw refuse(`: ${/^[\w-]*$/.test(text) ? "invalid character" : "illegal base64 data"}`);
  }
  const { v, rv, start } = (token ?? {}) as { v?: unknown; rv?: unknown; start?: unknown };
  if (v !== "meta.k8s.io/v1") throw refuse(`: server does not recognize this encoded version ${typeof v === "string" ? v : ""}`);
  if (typeof rv !== "number" || rv === 0) throw refuse(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (typeof start !== "string" || start === "") throw refuse(": encoded start key empty (version meta.k8s.io/v1)");
  return { revision: rv, after: start.replace(/\u0000$/, "") };
}

/** Upstream: apimachinery/pkg/apis/meta/internalversion/validation ValidateListOptions */
export function validateListOptions(query: URLSearchParams, watch: boolean): void {
  const match = query.get("resourceVersionMatch") ?? "";
  const version = query.get("resourceVersion") ?? "";
  const field = "resourceVersionMatch";
  const errors: FieldError[] = [];
  const sendsInitial = query.has("sendInitialEvents");
  if (watch) {
    if (sendsInitial && match !== "NotOlderThan")
      errors.push(forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
    if (match !== "" && !sendsInitial)
      errors.push(forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    if (match !== "" && match !== "NotOlderThan") errors.push(notSupported(field, match, ["NotOlderThan"]));
    if (match !== "" && query.get("continue")) errors.push(forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
  } else {
    if (match !== "" && version === "")
      errors.push(forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    if (match !== "" && query.get("continue")) errors.push(forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
    if (!["", "Exact", "NotOlderThan"].includes(match)) errors.push(notSupported(field, match, ["Exact", "NotOlderThan", ""]));
    if (match === "Exact" && version === "0")
      errors.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    if (sendsInitial) errors.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  if (errors.length > 0) throw invalidObject({ group: "meta.k8s.io", kind: "ListOptions" }, "", errors);
}

/** The revision that a list is read at; undefined: now. Upstream: apiserver/pkg/storage ValidateListOptions */
export function revisionOfList(query: ListQuery, current: number): number | undefined {
  const asked = parseResourceVersion(query.resourceVersion);
  if (asked === undefined || asked === 0) return undefined;
  // Without a match, pages are of the very version that is named, as they were before there was a match.
  const isExact = query.resourceVersionMatch ? query.resourceVersionMatch === "Exact" : (query.limit ?? 0) > 0;
  if (isExact) return asked;
  if (asked > current) throw tooLargeResourceVersion(asked, current);
  return undefined;
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

const INCONSISTENT =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/**
 * What the store refuses to read, in the API's words. Upstream: apiserver/pkg/storage/etcd3/errors.go
 * @param after where a continued list would have gone on.
 */
export function listError(error: unknown, requested: number, after: string | undefined): unknown {
  if (error instanceof CompactedError) {
    if (after === undefined) return expired("The resourceVersion for the provided list is too old.");
    return expired(INCONSISTENT, encodeContinue({ revision: -1, after }));
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
