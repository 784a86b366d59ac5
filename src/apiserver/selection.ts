import { parseFieldSelector } from "../api/fields.ts";
import { groupResource, type Kind } from "../api/kind.ts";
import { parseLabelSelector } from "../api/labels.ts";
import type { KubernetesObject } from "../api/meta.ts";
import { badRequest } from "../api/status.ts";

/** Which objects a list, a watch or a deletecollection means. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export type Matcher = (object: KubernetesObject) => boolean;

/** Undefined: everything matches. */
export function matcherOf(kind: Kind, selection: Selection): Matcher | undefined {
  const labels = selection.labelSelector ? parseLabelSelector(selection.labelSelector) : undefined;
  const fields = selection.fieldSelector ? parseFieldSelector(selection.fieldSelector) : undefined;
  if (!labels && !fields) return undefined;
  if (fields) for (const { field } of fields.requirements) assertSelectable(kind, field);
  return (object) =>
    (labels === undefined || labels.matches(object.metadata.labels ?? {})) &&
    (fields === undefined || fields.matches(selectableFields(kind, object)));
}

function selectableFields(kind: Kind, object: KubernetesObject): Record<string, string> {
  const fields: Record<string, string> = { "metadata.name": object.metadata.name, ...kind.selectableFields?.(object) };
  if (kind.namespaced) fields["metadata.namespace"] = object.metadata.namespace ?? "";
  return fields;
}

const EMPTY_OBJECT: KubernetesObject = { metadata: { name: "", uid: "", resourceVersion: "", creationTimestamp: "" } };
const labelsOfKind = new WeakMap<Kind, ReadonlySet<string>>();

/** Upstream: runtime.DefaultMetaV1FieldSelectorConversion and the kinds' own conversion functions. */
function assertSelectable(kind: Kind, field: string): void {
  let known = labelsOfKind.get(kind);
  if (!known) {
    known = new Set(["metadata.name", "metadata.namespace", ...Object.keys(safeFields(kind))]);
    labelsOfKind.set(kind, known);
  }
  if (!known.has(field)) throw badRequest(fieldRefusal(kind, field));
}

function fieldRefusal(kind: Kind, field: string): string {
  if (kind.storedForm) return `field label not supported: ${field}`;
  return kind.selectableFields
    ? `Unable to find ${JSON.stringify(groupResource(kind))} that match label selector "", field selector ${JSON.stringify(field)}: field label not supported: ${field}`
    : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

/** A kind's fields, asked of an object that has nothing but empty parts. */
function safeFields(kind: Kind): Record<string, string> {
  return kind.selectableFields?.({ ...EMPTY_OBJECT, spec: {}, status: {}, involvedObject: {}, source: {} } as KubernetesObject) ?? {};
}
