import { decodeAs } from "../../api/decode.ts";
import { applyJsonPatch } from "../../api/json-patch.ts";
import { applyMergePatch } from "../../api/merge-patch.ts";
import { schemaOf, structType } from "../../api/schema.ts";
import { StatusError } from "../../api/status.ts";
import { applyStrategicMergePatch } from "../../api/strategic-merge-patch.ts";
import { messageOf } from "../errors.ts";
import { parseJsonStream } from "./json-stream.ts";
import { renderJson } from "../printers/output.ts";
import { inGoOrder } from "./go-field-order.ts";
import { notRegistered } from "./go-scheme.ts";
import type { ApiObject } from "./resources.ts";

/** What kubectl has made, changed by --overrides in the way of --override-type. Upstream: pkg/cmd/util/override_options.go */
export function withOverrides(object: ApiObject, overrides: string, type: string): ApiObject {
  if (overrides === "") return object;
  return asTyped(patched(object, overrides, type), object);
}

function patched(object: ApiObject, overrides: string, type: string): unknown {
  switch (type) {
    case "json":
      return operationsApplied(object, operationsIn(overrides) as Operation[]);
    case "strategic":
      return applyStrategicMergePatch(typeOf(object), object, objectIn(overrides, "invalid JSON document"));
    case "":
    case "merge":
      return applyMergePatch(object, containerIn(overrides, "Invalid JSON Patch"));
    default:
      throw new Error(`invalid override type: ${type}`);
  }
}

function operationsIn(text: string): unknown[] {
  let value: unknown;
  try {
    [value] = parseJsonStream(text);
  } catch (error) {
    throw new Error(messageOf(error).replace(/^json: offset \d+: /, ""), { cause: error });
  }
  if (!Array.isArray(value)) throw new Error("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  return value;
}

function containerIn(text: string, refusal: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw new Error(refusal, { cause: error });
  }
  throw new Error(refusal);
}

function objectIn(text: string, refusal: string): unknown {
  const value = containerIn(text, refusal);
  if (Array.isArray(value)) throw new Error(refusal);
  return value;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
}

/** One after the other, since a failure is told of the operation that failed. */
function operationsApplied(object: ApiObject, operations: readonly Operation[]): unknown {
  let current: unknown = object;
  for (const operation of operations) {
    try {
      current = applyJsonPatch(current, [operation]);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // Replacing what an object does not have adds it.
      if (operation.op !== "replace" || !parentOf(current, operation.path))
        throw new Error(failureOf(current, operation), { cause: error });
      current = applyJsonPatch(current, [{ ...operation, op: "add" }]);
    }
  }
  return current;
}

// Upstream: evanphx/json-patch
function failureOf(document: unknown, { op, path, from }: Operation): string {
  if (op === "test") return `testing value ${path} failed: test failed`;
  if (!["add", "remove", "replace", "move", "copy"].includes(op)) return `Unexpected kind: ${op}`;
  const place = from ?? path;
  if (!parentOf(document, place))
    return `${op} operation does not apply: doc is missing path: ${op === "replace" ? place : JSON.stringify(place)}: missing value`;
  const key = place.slice(place.lastIndexOf("/") + 1);
  return `error in ${op} for path: '${op === "move" ? key : path}': Unable to remove nonexistent key: ${key}: missing value`;
}

function parentOf(document: unknown, pointer: string): object | undefined {
  let current = document;
  for (const key of pointer.split("/").slice(1, -1)) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string, unknown>)[key.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return typeof current === "object" && current !== null ? current : undefined;
}

function typeOf({ apiVersion = "", kind = "" }: ApiObject) {
  const found = schemaOf(apiVersion, kind);
  if (!found) throw new Error(notRegistered(apiVersion, kind));
  return structType(found.package, found.type);
}

/** As it is read into a Go struct: what the type does not know is gone, and wrong types are refused. */
function asTyped(value: unknown, before: ApiObject): ApiObject {
  if (Array.isArray(value))
    throw new Error(
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    );
  const object = value as ApiObject;
  if (!object.kind) {
    const { kind: _, ...rest } = inGoOrder({ ...object, kind: before.kind });
    throw new Error(`Object 'Kind' is missing in '${renderJson(rest, 0)}'`);
  }
  return decodeAs(typeOf(object), object) as ApiObject;
}
