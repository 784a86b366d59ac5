import type { ApiObject, Target } from "../objects/resources.ts";
import { renderJson, sortKeys } from "../printers/output.ts";

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

/** An object as set-last-applied and edit-last-applied store it: as it is. */
export const rememberedText = (object: ApiObject): string => `${renderJson(sortKeys(object), 0)}\n`;

/** What messages say of an object. Upstream: cli-runtime/pkg/resource/visitor.go Info.String */
export const describeTarget = ({ info, name, namespace }: Pick<Target, "info" | "name" | "namespace">): string => {
  const version = `${info.group}/${info.version}`;
  return `Resource: "${version}, Resource=${info.resource}", GroupVersionKind: "${version}, Kind=${info.kind}"\nName: ${JSON.stringify(name ?? "")}, Namespace: ${JSON.stringify(namespace ?? "")}`;
};
