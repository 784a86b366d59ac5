import type { Kind } from "../api/kind.ts";
import { isObject } from "../api/merge-patch.ts";
import type { KubernetesObject } from "../api/meta.ts";
import { badRequest } from "../api/status.ts";
import { cloneJson } from "./objects.ts";

/** What an update cannot change, taken from what is stored. */
export function keepUnchangeable(
  kind: Kind,
  object: KubernetesObject,
  old: KubernetesObject,
  subresource: string | undefined,
): KubernetesObject {
  let next = object as KubernetesObject & { spec?: unknown; status?: unknown };
  const stored = old as KubernetesObject & { spec?: unknown; status?: unknown };
  if (subresource === "status" || kind.subresources?.[subresource ?? ""]?.writesStatus) {
    next = { ...stored, status: next.status, metadata: { ...next.metadata } };
    // Strategies may set a member of it; all below is shared with what is stored.
    if (isObject(stored.spec)) next.spec = { ...stored.spec };
    keep(next.metadata, old.metadata, "ownerReferences");
    if (kind.group === "apps") keep(next.metadata, old.metadata, "labels");
  } else if (kind.subresources?.["status"]) {
    if (stored.status === undefined) delete next.status;
    else next.status = cloneJson(stored.status);
  }
  const { metadata } = next;
  metadata.uid = old.metadata.uid;
  metadata.creationTimestamp = old.metadata.creationTimestamp;
  keep(metadata, old.metadata, "generation");
  keep(metadata, old.metadata, "generateName");
  keep(metadata, old.metadata, "deletionTimestamp");
  keep(metadata, old.metadata, "deletionGracePeriodSeconds");
  delete metadata.selfLink;
  return next;
}

function keep(metadata: KubernetesObject["metadata"], old: KubernetesObject["metadata"], field: keyof KubernetesObject["metadata"]): void {
  const value = old[field];
  if (value === undefined) delete metadata[field];
  else (metadata as unknown as Record<string, unknown>)[field] = cloneJson(value);
}

export function fillNamespace(kind: Kind, object: KubernetesObject, namespace: string | undefined): void {
  if (!kind.namespaced) {
    delete object.metadata.namespace;
    return;
  }
  object.metadata.namespace ||= namespace ?? "";
  if (namespace !== undefined && object.metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

export function fillName(object: KubernetesObject, name: string): void {
  object.metadata.name ||= name;
  if (object.metadata.name !== name)
    throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`);
}
