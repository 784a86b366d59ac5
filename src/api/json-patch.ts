import jsonPatch from "fast-json-patch";
import { badRequest, StatusError } from "./status.ts";

/** RFC 6902 on a copy. Throws StatusError: 400 for what is no patch, 422 for one that does not apply. */
export function applyJsonPatch(current: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  try {
    // A "move" or "copy" shares parts of the patched document: both sides are copies.
    return jsonPatch.applyPatch(structuredClone(current), structuredClone(patch) as jsonPatch.Operation[], true, true).newDocument;
  } catch (error) {
    // Upstream says no more than this, whatever the operation: errors.NewGenericServerResponse.
    throw new StatusError(
      { code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request", details: {} },
      { cause: error },
    );
  }
}
