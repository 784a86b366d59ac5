import * as jsonPatch from "fast-json-patch";
import { badRequest, messageOf, StatusError } from "./status.ts";

/** RFC 6902 on a copy. Throws StatusError: 400 for what is no patch, 422 for one that does not apply. */
export function applyJsonPatch(current: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  try {
    return jsonPatch.applyPatch(structuredClone(current), structuredClone(patch) as jsonPatch.Operation[], true, true).newDocument;
  } catch (error) {
    const failed = error as { name?: string; operation?: { op?: string; path?: string }; message?: string };
    const message =
      failed.name === "TEST_OPERATION_FAILED"
        ? `testing value ${failed.operation?.path} failed`
        : failed.operation?.op === "remove"
          ? `remove operation does not apply: doc is missing path: ${JSON.stringify(failed.operation.path)}: missing value`
          : failed.operation
            ? `${failed.operation.op} operation does not apply: doc is missing path: ${JSON.stringify(failed.operation.path)}: missing value`
            : messageOf(error);
    throw new StatusError({ code: 422, reason: "Invalid", message: `the server rejected our request due to an error in our request: ${message}`.replace(/^.*: (?=testing|remove|add|replace|move|copy)/, "the server rejected our request due to an error in our request: ") }, { cause: error });
  }
}
