import type { DeleteOptions as GeneratedDeleteOptions } from "../api/generated/meta-v1.ts";
import type { Kind } from "../api/kind.ts";
import type { KubernetesObject } from "../api/meta.ts";
import { conflict, invalidObject } from "../api/status.ts";
import { forbidden, notSupported } from "../api/field-errors.ts";
import { rfc3339 } from "../util/clock.ts";

export type DeleteOptions = Pick<GeneratedDeleteOptions, "gracePeriodSeconds" | "propagationPolicy" | "orphanDependents" | "preconditions">;

export const FOREGROUND_FINALIZER = "foregroundDeletion";
export const ORPHAN_FINALIZER = "orphan";

/** What one DELETE does to one object. */
export type DeletionStep =
  /** Gone at once. */
  | { readonly type: "remove" }
  /** Already on its way; nothing to write. */
  | { readonly type: "pending" }
  /** Stored with these marks; `then` tells whether it is removed right after. */
  | { readonly type: "mark"; readonly object: KubernetesObject; readonly thenRemove: boolean };

export function validateDeleteOptions(options: DeleteOptions): void {
  const policy = options.propagationPolicy;
  const errors = [];
  if (policy !== undefined && options.orphanDependents !== undefined) {
    errors.push(forbidden("propagationPolicy", "orphanDependents and deletionPropagation cannot be both set"));
  }
  const policies = ["Foreground", "Background", "Orphan"];
  if (policy !== undefined && !policies.includes(policy)) errors.push(notSupported("propagationPolicy", policy, [...policies, "nil"]));
  if (errors.length > 0) throw invalidObject({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", errors);
}

/** Upstream: apiserver/pkg/registry/rest/delete.go BeforeDelete */
export function checkPreconditions(kind: Kind, object: KubernetesObject, preconditions: DeleteOptions["preconditions"]): void {
  const { uid, resourceVersion, name } = object.metadata;
  const resource = { group: kind.group, plural: kind.kind };
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    throw conflict(
      resource,
      name,
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw conflict(
      resource,
      name,
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}

/** Upstream: apiserver/pkg/registry/generic/registry/store.go Delete and updateForGracefulDeletionAndFinalizers */
export function planDeletion(kind: Kind, object: KubernetesObject, options: DeleteOptions, nowMs: number): DeletionStep {
  const graceful = gracefulMark(kind, object, options, nowMs);
  if (graceful === "pending") return { type: "pending" };
  const finalizers = finalizersAfter(kind, object, options);
  const marked: KubernetesObject = { ...object, metadata: { ...(graceful?.metadata ?? object.metadata), finalizers } };
  if (graceful)
    return { type: "mark", object: marked, thenRemove: finalizers.length === 0 && graceful.metadata.deletionGracePeriodSeconds === 0 };
  if (finalizers.length === 0) return { type: "remove" };
  return { type: "mark", object: markAsDeleting(marked, nowMs), thenRemove: false };
}

/** The object with its grace period running; "pending" when it runs already; undefined when the kind is deleted at once. */
function gracefulMark(
  kind: Kind,
  object: KubernetesObject,
  options: DeleteOptions,
  nowMs: number,
): KubernetesObject | "pending" | undefined {
  if (!kind.gracePeriodSeconds) return undefined;
  const requested = options.gracePeriodSeconds === undefined ? undefined : options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds;
  const { deletionTimestamp, deletionGracePeriodSeconds, generation } = object.metadata;
  if (deletionTimestamp !== undefined) {
    if (!deletionGracePeriodSeconds) return undefined;
    // A grace period under way may only be shortened.
    if (requested === undefined || requested >= deletionGracePeriodSeconds) return "pending";
    const dueMs = Date.parse(deletionTimestamp) - (deletionGracePeriodSeconds - requested) * 1000;
    return { ...object, metadata: { ...object.metadata, deletionTimestamp: rfc3339(dueMs), deletionGracePeriodSeconds: requested } };
  }
  const grace = kind.gracePeriodSeconds(object, requested);
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(generation ? { generation: generation + 1 } : {}),
      deletionTimestamp: rfc3339(nowMs + grace * 1000),
      deletionGracePeriodSeconds: grace,
    },
  };
}

/** Upstream: store.go markAsDeleting */
function markAsDeleting(object: KubernetesObject, nowMs: number): KubernetesObject {
  const { deletionTimestamp, generation } = object.metadata;
  const due = deletionTimestamp !== undefined && Date.parse(deletionTimestamp) <= nowMs ? deletionTimestamp : rfc3339(nowMs);
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(deletionTimestamp === undefined && generation ? { generation: generation + 1 } : {}),
      deletionTimestamp: due,
      deletionGracePeriodSeconds: 0,
    },
  };
}

// Upstream: DefaultGarbageCollectionPolicy of these strategies, for clients older than cascading deletion.
const ORPHANS_BY_DEFAULT = new Set(["jobs", "replicationcontrollers"]);
const NEVER_COLLECTED = new Set(["events"]);

/** Upstream: store.go deletionFinalizersForGarbageCollection */
function finalizersAfter(kind: Kind, object: KubernetesObject, options: DeleteOptions): string[] {
  const current = object.metadata.finalizers ?? [];
  if (NEVER_COLLECTED.has(kind.plural)) return [...current];
  const asked =
    options.propagationPolicy ?? (options.orphanDependents === undefined ? undefined : options.orphanDependents ? "Orphan" : "Background");
  const orphan =
    asked !== undefined
      ? asked === "Orphan"
      : current.includes(ORPHAN_FINALIZER) || (!current.includes(FOREGROUND_FINALIZER) && ORPHANS_BY_DEFAULT.has(kind.plural));
  const foreground = asked !== undefined ? asked === "Foreground" : current.includes(FOREGROUND_FINALIZER);
  const others = current.filter((finalizer) => finalizer !== ORPHAN_FINALIZER && finalizer !== FOREGROUND_FINALIZER);
  return [...others, ...(orphan ? [ORPHAN_FINALIZER] : []), ...(foreground ? [FOREGROUND_FINALIZER] : [])];
}

/** Whether this update took the last thing away that kept a deleted object. Upstream: store.go ShouldDeleteDuringUpdate */
export function isDeletedByUpdate(object: KubernetesObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0) return false;
  if (object.kind === "Namespace" && ((object as { spec?: { finalizers?: unknown[] } }).spec?.finalizers?.length ?? 0) > 0) return false;
  return !deletionGracePeriodSeconds;
}
