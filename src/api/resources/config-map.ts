import { type FieldError, forbidden, invalid, tooLong } from "../field-errors.ts";
import type { ConfigMap } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { sameJson } from "../merge-patch.ts";
import { isConfigMapKey } from "../validation/names.ts";
import { age, integer } from "./support/columns.ts";

const MAX_BYTES = 1024 * 1024;

/** Upstream: pkg/registry/core/configmap */
export const configMaps: Kind<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  singular: "configmap",
  shortNames: ["cm"],
  namespaced: true,
  schema: { package: "core/v1", type: "ConfigMap" },
  validate(map) {
    const errors: FieldError[] = [];
    let bytes = 0;
    for (const [key, value] of Object.entries(map.data ?? {})) {
      for (const message of isConfigMapKey(key)) errors.push(invalid(`data[${key}]`, key, message));
      if (map.binaryData && key in map.binaryData) errors.push(invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
      bytes += Buffer.byteLength(value);
    }
    for (const [key, value] of Object.entries(map.binaryData ?? {})) {
      for (const message of isConfigMapKey(key)) errors.push(invalid(`binaryData[${key}]`, key, message));
      bytes += Buffer.byteLength(value, "base64");
    }
    if (bytes > MAX_BYTES) errors.push(tooLong("", MAX_BYTES));
    return errors;
  },
  validateUpdate(map, old) {
    if (!old.immutable) return [];
    const errors: FieldError[] = [];
    if (!map.immutable) errors.push(forbidden("immutable", "field is immutable when `immutable` is set"));
    if (!sameJson(map.data ?? {}, old.data ?? {})) errors.push(forbidden("data", "field is immutable when `immutable` is set"));
    if (!sameJson(map.binaryData ?? {}, old.binaryData ?? {}))
      errors.push(forbidden("binaryData", "field is immutable when `immutable` is set"));
    return errors;
  },
  columns: [
    integer("Data", "How many keys it has.", (map) => Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length),
    age(),
  ],
};
