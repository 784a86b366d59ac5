import { type FieldSet, isEmptySet, subtractSet, unionSets, withoutSubtree } from "./field-set.ts";
import type { ManagedFieldsEntry } from "./generated/meta-v1.ts";
import { apiVersionOf, type Kind } from "./kind.ts";
import type { KubernetesObject } from "./meta.ts";
import { shapeOfKind } from "./ownership-shape.ts";
import { structType, type StructType } from "./schema.ts";
import { compareValues } from "./typed-value.ts";

/** Who owns which fields. Upstream: k8s.io/apimachinery/pkg/util/managedfields/internal */
export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string | undefined;
  /** RFC 3339; undefined for one whose apply has changed nothing yet. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** By the identifier of `managerId`. */
export type Managers = Map<string, Manager>;

export interface UpdateTracking {
  readonly kind: Kind;
  /** What is stored; undefined at creation. */
  readonly live: KubernetesObject | undefined;
  /** What is about to be stored. */
  readonly next: KubernetesObject;
  readonly manager: string;
  readonly operation?: "Update";
  /** RFC 3339, whole seconds. */
  readonly time: string;
  readonly subresource?: string | undefined;
}

const UPDATE_MANAGERS_MAX = 10;
const UNTRACKED: FieldSet = {
  "f:apiVersion": {},
  "f:kind": {},
  "f:metadata": {
    ".": {},
    "f:clusterName": {},
    "f:creationTimestamp": {},
    "f:generation": {},
    "f:managedFields": {},
    "f:name": {},
    "f:namespace": {},
    "f:resourceVersion": {},
    "f:selfLink": {},
    "f:uid": {},
  },
};

/**
 * The managedFields of `next` after any write but an apply: the manager owns what it changed, the others
 * lose it. Returns the array of `live` itself when nobody's fields change. Pure, and linear in the object.
 */
export function updateManagedFields(tracking: UpdateTracking): ManagedFieldsEntry[] | undefined {
  const { live, next, subresource } = tracking;
  const given = next.metadata.managedFields;
  const kept = live?.metadata.managedFields;
  const isReset = subresource === undefined && live !== undefined && given?.length === 1 && Object.keys(given[0] as object).length === 0;
  const entries = isReset ? [] : subresource === undefined && given && given.length > 0 ? given : kept;
  const managers = decodeManagedFields(entries);
  // Upstream does not begin to track an object that was not tracked from its creation on.
  if (managers.size === 0 && live !== undefined) return undefined;
  const changed = takeOwnership(managers, tracking, live, next);
  if (!changed && entries !== undefined) return entries;
  return encodeManagedFields(managers);
}

/** Whether anything about the managers has changed. */
export function takeOwnership(
  managers: Managers,
  { kind, manager, time, subresource }: Pick<UpdateTracking, "kind" | "manager" | "time" | "subresource">,
  live: KubernetesObject | undefined,
  next: KubernetesObject,
): boolean {
  const compared = compareValues(shapeOfKind(kind), live ?? emptyObject(kind), next);
  const written = resetFieldsOf(kind, subresource).reduce(withoutSubtree, unionSets(compared.modified, compared.added));
  const lost = unionSets(written, resetFieldsOf(kind, subresource).reduce(withoutSubtree, compared.removed));
  let changed = loseFields(managers, lost);
  const own = subtractSet(written, UNTRACKED);
  if (!isEmptySet(own)) {
    const self = { manager: manager || "unknown", operation: "Update" as const, apiVersion: apiVersionOf(kind), subresource };
    const id = managerId(self);
    managers.set(id, { ...self, time, fields: unionSets(managers.get(id)?.fields ?? {}, own) });
    changed = true;
  }
  return capUpdateManagers(managers) || changed;
}

const emptyObjects = new Map<string, unknown>();

/**
 * A Go object before anything is set in it: it has its structs and its lists without `omitempty` already,
 * so nobody comes to own `spec` as such. Upstream: fieldmanager's newObj of scope.Creater
 */
function emptyObject({ schema }: Kind): unknown {
  const key = `${schema.package} ${schema.type}`;
  let object = emptyObjects.get(key);
  if (!object) emptyObjects.set(key, (object = schema.package === "" ? {} : emptyStruct(structType(schema.package, schema.type))));
  return object;
}

function emptyStruct(type: StructType): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, field] of type.fields) {
    if (field.type.form === "struct" && type.written.has(name)) object[name] = emptyStruct(field.type);
    else if (field.required && (field.type.form === "list" || field.type.form === "map")) object[name] = null;
  }
  return object;
}

/** Takes the fields from everybody but `except`; who has none left is gone. */
export function loseFields(managers: Managers, lost: FieldSet, except?: string): boolean {
  let changed = false;
  if (isEmptySet(lost)) return changed;
  for (const [id, manager] of managers) {
    if (id === except) continue;
    const fields = subtractSet(manager.fields, lost);
    if (fields === manager.fields) continue;
    changed = true;
    if (isEmptySet(fields)) managers.delete(id);
    else managers.set(id, { ...manager, fields });
  }
  return changed;
}

/** Fields that a request of this kind cannot change. Upstream: GetResetFields of the strategies. */
export function resetFieldsOf(kind: Kind, subresource: string | undefined): string[][] {
  // Nothing but the status can be changed there, whereas the status of built-in kinds brings labels and annotations along.
  if (subresource === "status" && kind.schema.package === "") return [["f:metadata"], ["f:spec"]];
  if (subresource === "status") return kind.group === "apps" ? [["f:spec"], ["f:metadata", "f:labels"]] : [["f:spec"]];
  return subresource === undefined && kind.subresources?.["status"] ? [["f:status"]] : [];
}

export function stripUntracked(fields: FieldSet): FieldSet {
  return subtractSet(fields, UNTRACKED);
}

/** Upstream: BuildManagerIdentifier. Appliers are one manager whatever the version they apply in. */
export function managerId({
  manager,
  operation,
  apiVersion,
  subresource,
}: Pick<Manager, "manager" | "operation" | "apiVersion" | "subresource">): string {
  return JSON.stringify({ manager, operation, ...(operation === "Apply" ? {} : { apiVersion }), ...(subresource ? { subresource } : {}) });
}

/** Entries that make no sense count as none at all, as upstream's do. */
export function decodeManagedFields(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const entry of entries ?? []) {
    const { operation, apiVersion, fieldsType } = entry;
    if ((operation !== "Apply" && operation !== "Update") || !apiVersion || fieldsType !== "FieldsV1") return new Map();
    const manager: Manager = {
      manager: entry.manager ?? "",
      operation,
      apiVersion,
      subresource: entry.subresource || undefined,
      time: entry.time ?? undefined,
      fields: (entry.fieldsV1 ?? {}) as FieldSet,
    };
    managers.set(managerId(manager), manager);
  }
  return managers;
}

export function encodeManagedFields(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()].sort(compareManagers).map(
    ({ manager, operation, apiVersion, time, fields, subresource }) =>
      ({
        manager,
        operation,
        apiVersion,
        ...(time ? { time } : {}),
        fieldsType: "FieldsV1",
        fieldsV1: fields,
        ...(subresource ? { subresource } : {}),
      }) as ManagedFieldsEntry,
  );
}

function compareManagers(a: Manager, b: Manager): number {
  const keys = (manager: Manager) => [
    manager.operation,
    manager.time ?? "",
    manager.manager,
    manager.apiVersion,
    manager.subresource ?? "",
  ];
  const left = keys(a);
  const right = keys(b);
  for (let index = 0; index < left.length; index++) {
    const x = left[index] as string;
    const y = right[index] as string;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** The oldest updaters are put together, so that the list stays short. Upstream: capManagersManager */
function capUpdateManagers(managers: Managers): boolean {
  const updaters = [...managers].filter(([, manager]) => manager.operation === "Update");
  let count = updaters.length;
  if (count <= UPDATE_MANAGERS_MAX) return false;
  updaters.sort(([idA, a], [idB, b]) =>
    (a.time ?? "") === (b.time ?? "") ? (idA < idB ? -1 : 1) : (a.time ?? "") < (b.time ?? "") ? -1 : 1,
  );
  const firstOfVersion = new Map<string, string>();
  for (const [id, manager] of updaters) {
    if (count <= UPDATE_MANAGERS_MAX) break;
    const first = firstOfVersion.get(manager.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(manager.apiVersion, id);
      continue;
    }
    const bucket: Manager = {
      manager: "ancient-changes",
      operation: "Update",
      apiVersion: manager.apiVersion,
      subresource: undefined,
      time: manager.time,
      fields: manager.fields,
    };
    const bucketId = managerId(bucket);
    const known = managers.get(bucketId) ?? managers.get(first);
    if (!managers.has(bucketId)) managers.delete(first);
    managers.delete(id);
    managers.set(bucketId, { ...bucket, fields: unionSets(manager.fields, known?.fields ?? {}) });
    count--;
  }
  return true;
}
