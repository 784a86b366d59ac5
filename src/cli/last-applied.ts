import type { ApiObject } from "./resources.ts";
import { renderJson, sortKeys } from "./printers/output.ts";

export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The object as apply remembers it: compact JSON with sorted keys and a line break, without the annotation itself. */
export function appliedText(object: ApiObject): string {
  const { [LAST_APPLIED]: _, ...annotations } = object.metadata.annotations ?? {};
  return `${renderJson(sortKeys({ ...object, metadata: { ...object.metadata, annotations } }), 0)}\n`;
}

export function withLastApplied(object: ApiObject): ApiObject {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...object.metadata.annotations, [LAST_APPLIED]: appliedText(object) },
    },
  };
}
