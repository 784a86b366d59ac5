import type { Kind } from "./kind.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { structType } from "./schema.ts";
import { unsupportedMediaType } from "./status.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

export const JSON_PATCH = "application/json-patch+json";
export const MERGE_PATCH = "application/merge-patch+json";
export const STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json";
export const APPLY_PATCH = "application/apply-patch+yaml";

const UNKNOWN_FORMAT = "the body of the request was in an unknown format - accepted media types include: ";

/** Applies a patch of the given media type to a copy of `current`. Throws StatusError. */
export function applyPatch(kind: Kind, current: unknown, contentType: string, body: unknown): unknown {
  switch (contentType) {
    case JSON_PATCH:
      return applyJsonPatch(current, body);
    case MERGE_PATCH:
      return applyMergePatch(current, body);
    case STRATEGIC_MERGE_PATCH:
      if (kind.schema.package === "") throw unsupportedMediaType(`${UNKNOWN_FORMAT}${JSON_PATCH}, ${MERGE_PATCH}, ${APPLY_PATCH}`);
      return applyStrategicMergePatch(structType(kind.schema.package, kind.schema.type), current, body);
    default:
      throw unsupportedMediaType(`${UNKNOWN_FORMAT}${JSON_PATCH}, ${MERGE_PATCH}, ${STRATEGIC_MERGE_PATCH}, ${APPLY_PATCH}`);
  }
}
