import { type FieldSet, intersectSets, isEmptySet, pathsOf, subtractSet, unionSets, withoutSubtree } from "./field-set.ts";
import { apiVersionOf, type Kind } from "./kind.ts";
import {
  decodeManagedFields,
  encodeManagedFields,
  loseFields,
  type Manager,
  managerId,
  type Managers,
  resetFieldsOf,
  stripUntracked,
  takeOwnership,
} from "./managed-fields.ts";
import { isObject, sameJson } from "./merge-patch.ts";
import type { KubernetesObject } from "./meta.ts";
import { type MapShape, shapeOfKind } from "./ownership-shape.ts";
import { badRequest, StatusError } from "./status.ts";
import { compareValues, fieldsOfValue, mergeValues, removeFields, withNamedFields } from "./typed-value.ts";
import { validateApplied } from "./validate-applied.ts";

export { updateManagedFields } from "./managed-fields.ts";

/** Upstream: sigs.k8s.io/structured-merge-diff/v6/merge and k8s.io/apimachinery/pkg/util/managedfields */
export interface ApplyRequest {
  readonly kind: Kind;
  /** What is stored; undefined where nothing is. */
  readonly live: KubernetesObject | undefined;
  /** The configuration as it was sent: not defaulted, not decoded. */
  readonly applied: unknown;
  readonly manager: string;
  readonly force: boolean;
  /** RFC 3339, whole seconds. */
  readonly time: string;
  readonly subresource?: string | undefined;
}

export interface ApplyConflict {
  /** As messages name it: `"kubectl-create" using apps/v1`. */
  readonly manager: string;
  readonly path: string;
}

export interface ApplyResult {
  /** The merged object with its managedFields; it shares parts with `live`. Of no use when there are conflicts. */
  readonly object: KubernetesObject;
  readonly conflicts: readonly ApplyConflict[];
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * What an apply PATCH makes of the stored object, for the API server: throws StatusError 409 with
 * upstream's message when other managers own what it changes.
 */
export function serverSideApply(
  kind: Kind,
  applied: unknown,
  options: { readonly fieldManager: string; readonly force: boolean; readonly subresource?: string | undefined; readonly nowMs: number },
): (live: KubernetesObject | undefined) => KubernetesObject {
  const time = `${new Date(options.nowMs).toISOString().slice(0, 19)}Z`;
  return (live) => {
    const { object, conflicts } = apply({
      kind,
      live,
      applied,
      manager: options.fieldManager,
      force: options.force,
      time,
      subresource: options.subresource,
    });
    if (conflicts.length > 0) throw applyConflict(conflicts);
    return object;
  };
}

/** Merges an applied configuration into the live object. Throws StatusError for a configuration that is none. */
export function apply(request: ApplyRequest): ApplyResult {
  const { kind, live } = request;
  const configuration = checkConfiguration(kind, request.applied, live);
  const managers = decodeManagedFields(live?.metadata.managedFields);
  if (managers.size === 0 && live !== undefined) {
    // What is there before the first apply belongs to someone, so that the apply meets conflicts rather than taking it in silence.
    takeOwnership(managers, { kind, manager: "before-first-apply", time: request.time, subresource: request.subresource }, undefined, live);
  }
  let outcome = merge(request, configuration, new Map(managers), request.force);
  if (request.manager === "kubectl" && outcome.conflicts.size > 0) {
    const remaining = unexplainedConflicts(kind, live, outcome.conflicts);
    if (remaining)
      outcome = remaining.size === 0 ? merge(request, configuration, new Map(managers), true) : { ...outcome, conflicts: remaining };
  }
  const conflicts = [...outcome.conflicts.values()].flatMap(({ manager, fields }) =>
    pathsOf(fields).map((path) => ({ manager: printManager(manager), path })),
  );
  return { object: outcome.object, conflicts };
}

interface Outcome {
  readonly object: KubernetesObject;
  readonly conflicts: Conflicts;
}

type Conflicts = Map<string, { readonly manager: Manager; readonly fields: FieldSet }>;

/** Upstream: merge.Updater.Apply */
function merge(
  { kind, live, manager, time, subresource }: ApplyRequest,
  configuration: KubernetesObject,
  managers: Managers,
  force: boolean,
): Outcome {
  const shape = shapeOfKind(kind);
  const base = withoutManagedFields(live);
  const self = { manager: manager || "unknown", operation: "Apply" as const, apiVersion: apiVersionOf(kind), subresource };
  const id = managerId(self);
  const last = managers.get(id);
  const claimed = resetFieldsOf(kind, subresource).reduce(withoutSubtree, fieldsOfValue(shape, configuration));
  managers.set(id, { ...self, time: last?.time, fields: claimed });
  const merged = prune(shape, mergeValues(shape, base, configuration), managers, last?.fields);
  const compared = compareValues(shape, base, merged);
  const written = resetFieldsOf(kind, subresource).reduce(withoutSubtree, unionSets(compared.modified, compared.added));
  const conflicts = findConflicts(managers, id, written);
  if (!force && conflicts.size > 0) return { object: merged, conflicts };
  loseFields(managers, unionSets(written, compared.removed), id);
  const isChanged = !sameJson(base, merged);
  const fields = stripUntracked(claimed);
  if (isEmptySet(fields)) managers.delete(id);
  else {
    const at = isChanged || live === undefined ? time : last?.time;
    managers.set(id, { ...self, time: at, fields });
  }
  return { object: finish(isChanged ? merged : base, managers, manager, configuration), conflicts: new Map() };
}

function finish(object: KubernetesObject, managers: Managers, manager: string, configuration: KubernetesObject): KubernetesObject {
  // An apply of a new object may say nothing but its kind.
  const { managedFields: _, ...metadata } =
    (object.metadata as KubernetesObject["metadata"] | undefined) ?? ({} as KubernetesObject["metadata"]);
  const entries = encodeManagedFields(managers);
  const next: KubernetesObject = { ...object, metadata: { ...metadata, ...(entries ? { managedFields: entries } : {}) } };
  // kubectl's two ways of applying are kept in step. Upstream: lastAppliedUpdater
  if (manager === "kubectl" && next.metadata.annotations?.[LAST_APPLIED]) {
    next.metadata.annotations = { ...next.metadata.annotations, [LAST_APPLIED]: renderLastApplied(configuration) };
  }
  return next;
}

function withoutManagedFields(live: KubernetesObject | undefined): KubernetesObject {
  if (!live) return {} as KubernetesObject;
  const { managedFields: _, ...metadata } = live.metadata;
  return { ...live, metadata: metadata as KubernetesObject["metadata"] };
}

/**
 * Drops what the manager applied last time, does not apply now, and nobody else claims.
 * Upstream: merge.Updater.prune with addBackOwnedItems and addBackDanglingItems
 */
function prune(shape: MapShape, merged: unknown, managers: Managers, last: FieldSet | undefined): KubernetesObject {
  if (!last || isEmptySet(last)) return merged as KubernetesObject;
  const named = (set: FieldSet) => withNamedFields(shape, set);
  const remove = (set: FieldSet) => removeFields(shape, merged, set) ?? {};
  const lastNamed = named(last);
  const mergedSet = named(fieldsOfValue(shape, merged));
  const owned = named([...managers.values()].reduce<FieldSet>((all, { fields }) => unionSets(all, fields), {}));
  let pruned = remove(lastNamed);
  pruned = remove(subtractSet(mergedSet, unionSets(named(fieldsOfValue(shape, pruned)), owned)));
  const dangling = subtractSet(mergedSet, named(fieldsOfValue(shape, pruned)));
  return remove(intersectSets(dangling, lastNamed)) as KubernetesObject;
}

function findConflicts(managers: Managers, self: string, written: FieldSet): Conflicts {
  const conflicts: Conflicts = new Map();
  for (const id of [...managers.keys()].sort()) {
    const manager = managers.get(id) as Manager;
    if (id === self) continue;
    const fields = intersectSets(manager.fields, written);
    if (!isEmptySet(fields)) conflicts.set(id, { manager, fields });
  }
  return conflicts;
}

/**
 * kubectl may take over what its own client-side apply has put there; undefined where there is no such apply.
 * Upstream: lastAppliedManager
 */
function unexplainedConflicts(kind: Kind, live: KubernetesObject | undefined, conflicts: Conflicts): Conflicts | undefined {
  const annotation = live?.metadata.annotations?.[LAST_APPLIED];
  if (!annotation) return undefined;
  const shape = shapeOfKind(kind);
  let lastApplied: unknown;
  try {
    lastApplied = JSON.parse(annotation);
  } catch {
    // Upstream reports the conflicts as they are when the annotation cannot be read.
    return undefined;
  }
  if (!isObject(lastApplied) || lastApplied["apiVersion"] !== apiVersionOf(kind)) return undefined;
  const { modified, added, removed } = compareValues(shape, lastApplied, live);
  const allowed = [modified, added, removed].reduce(subtractSet, fieldsOfValue(shape, lastApplied));
  const remaining: Conflicts = new Map();
  for (const [id, { manager, fields }] of conflicts) {
    const left = subtractSet(fields, allowed);
    if (!isEmptySet(left)) remaining.set(id, { manager, fields: left });
  }
  return remaining;
}

function checkConfiguration(kind: Kind, applied: unknown, live: KubernetesObject | undefined): KubernetesObject {
  if (!isObject(applied)) throw badRequest("error decoding YAML: json: cannot unmarshal into Go value of type map[string]interface {}");
  if (!applied["kind"]) throw badRequest(`error decoding YAML: Object 'Kind' is missing in '${JSON.stringify(applied)}'`);
  const apiVersion = String(applied["apiVersion"] ?? "");
  if (apiVersion !== apiVersionOf(kind) || applied["kind"] !== kind.kind) {
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    throw badRequest(`invalid object type: ${group}/${version}, Kind=${String(applied["kind"])}`);
  }
  const metadata = isObject(applied["metadata"]) ? applied["metadata"] : {};
  if (metadata["managedFields"] !== undefined && metadata["managedFields"] !== null) throw badRequest("metadata.managedFields must be nil");
  const errors = validateApplied(kind, applied);
  if (errors.length > 0) {
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    const name = `${String(metadata["namespace"] ?? live?.metadata.namespace ?? "")}/${String(metadata["name"] ?? "")}; ${group}/${version}, Kind=${kind.kind}`;
    const message = errors.length === 1 ? errors[0] : `errors:\n${errors.map((error) => `  ${error}`).join("\n")}`;
    throw new StatusError({ code: 500, message: `failed to create typed patch object (${name}): ${message}` });
  }
  return { ...applied, metadata } as unknown as KubernetesObject;
}

/** Upstream: errors.NewApplyConflict with getConflictMessage */
export function applyConflict(conflicts: readonly ApplyConflict[]): StatusError {
  const [only] = conflicts;
  const causes = conflicts.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${manager}`,
    field: path,
  }));
  if (conflicts.length === 1 && only) {
    return new StatusError({
      code: 409,
      reason: "Conflict",
      details: { causes },
      message: `Apply failed with 1 conflict: conflict with ${only.manager}: ${only.path}`,
    });
  }
  const lines: string[] = [];
  for (const [index, { manager, path }] of conflicts.entries()) {
    if (conflicts[index - 1]?.manager !== manager) lines.push(`conflicts with ${manager}:`);
    lines.push(`- ${path}`);
  }
  return new StatusError({
    code: 409,
    reason: "Conflict",
    details: { causes },
    message: `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`,
  });
}

function printManager({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : "");
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}

function renderLastApplied(configuration: KubernetesObject): string {
  const { annotations, ...metadata } = configuration.metadata;
  const { [LAST_APPLIED]: _, ...others } = annotations ?? {};
  const object = { ...configuration, metadata: annotations === undefined ? metadata : { ...metadata, annotations: others } };
  return `${JSON.stringify(sortKeys(object))}\n`;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(value[key])]),
  );
}
