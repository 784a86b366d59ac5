import type { Status, StatusCause, StatusDetails } from "./generated/meta-v1.ts";
import { errorBody, errorText, type FieldError } from "./field-errors.ts";

/** A failure that the API answers with. Upstream: k8s.io/apimachinery/pkg/api/errors. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: Status;

  constructor(status: Omit<Status, "kind" | "apiVersion" | "status"> & { code: number }, options?: ErrorOptions) {
    super(status.message, options);
    const { metadata = {}, message, reason, details, code } = status;
    // In the order of Go's fields: people read these.
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata,
      status: "Failure",
      ...(message === undefined ? {} : { message }),
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }

  get reason(): string {
    return this.status.reason ?? "";
  }

  get code(): number {
    return this.status.code ?? 500;
  }
}

interface Resource {
  readonly group: string;
  readonly plural: string;
}

const named = (resource: Resource, name: string): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(resource.group ? { group: resource.group } : {}),
  kind: resource.plural,
});
const qualified = (resource: Resource) => (resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`);

export const isReason = (error: unknown, reason: string): error is StatusError => error instanceof StatusError && error.reason === reason;
export const isNotFound = (error: unknown): error is StatusError => isReason(error, "NotFound");
export const isConflict = (error: unknown): error is StatusError => isReason(error, "Conflict");
export const isAlreadyExists = (error: unknown): error is StatusError => isReason(error, "AlreadyExists");

export const notFound = (resource: Resource, name: string) =>
  new StatusError({
    code: 404,
    reason: "NotFound",
    message: `${qualified(resource)} ${JSON.stringify(name)} not found`,
    details: named(resource, name),
  });

export const alreadyExists = (resource: Resource, name: string) =>
  new StatusError({
    code: 409,
    reason: "AlreadyExists",
    message: `${qualified(resource)} ${JSON.stringify(name)} already exists`,
    details: named(resource, name),
  });

/** @param why upstream's sentence, such as "the object has been modified; please apply your changes to the latest version and try again". */
export const conflict = (resource: Resource, name: string, why: string) =>
  new StatusError({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: ${why}`,
    details: named(resource, name),
  });

export const badRequest = (message: string) => new StatusError({ code: 400, reason: "BadRequest", message });

export const forbiddenRequest = (resource: Resource, name: string, why: string) =>
  new StatusError({
    code: 403,
    reason: "Forbidden",
    message:
      name === "" ? `${qualified(resource)} is forbidden: ${why}` : `${qualified(resource)} ${JSON.stringify(name)} is forbidden: ${why}`,
    details: named(resource, name),
  });

export const methodNotSupported = (resource: Resource, verb: string) =>
  new StatusError({
    code: 405,
    reason: "MethodNotAllowed",
    message: `${verb} is not supported on resources of kind ${JSON.stringify(qualified(resource))}`,
    details: { ...(resource.group ? { group: resource.group } : {}), kind: resource.plural },
  });

/** @param continueToken with which an expired list goes on all the same. */
export const expired = (message: string, continueToken?: string) =>
  new StatusError({ code: 410, reason: "Expired", message, ...(continueToken ? { metadata: { continue: continueToken } } : {}) });
export const unauthorized = () => new StatusError({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
export const tooManyRequests = (message: string, retryAfterSeconds: number) =>
  new StatusError({ code: 429, reason: "TooManyRequests", message, details: { retryAfterSeconds } });
export const internalError = (cause: unknown) =>
  new StatusError(
    {
      code: 500,
      reason: "InternalError",
      message: `Internal error occurred: ${messageOf(cause)}`,
      details: { causes: [{ message: messageOf(cause) }] },
    },
    { cause },
  );
export const unsupportedMediaType = (message: string) => new StatusError({ code: 415, reason: "UnsupportedMediaType", message });
export const serviceUnavailable = (message: string) => new StatusError({ code: 503, reason: "ServiceUnavailable", message });

/** 422 with every field error as a cause. Upstream: errors.NewInvalid and field.ErrorList.ToAggregate. */
export function invalidObject(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes: StatusCause[] = errors.map((error) => ({ reason: error.type, message: errorBody(error), field: error.field }));
  const texts = [...new Set(errors.map(errorText))];
  const summary = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const qualifiedKind = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  return new StatusError({
    code: 422,
    reason: "Invalid",
    message: `${qualifiedKind} ${JSON.stringify(name)} is invalid${errors.length > 0 ? `: ${summary}` : ""}`,
    details: { name, ...(kind.group ? { group: kind.group } : {}), kind: kind.kind, causes },
  });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
