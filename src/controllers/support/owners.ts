import type { OwnerReference } from "../../api/generated/meta-v1.ts";
import { apiVersionOf, type Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";

/** The reference that makes `owner` the controller of an object. Upstream: metav1.NewControllerRef */
export function controllerReference(kind: Kind<never>, owner: KubernetesObject): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}

/** Name of the index that finds, by namespace, what no controller owns. */
export const ORPHANS = "orphans";

export function orphanIndex(object: KubernetesObject): readonly string[] {
  return controllerOf(object) ? [] : [object.metadata.namespace ?? ""];
}

/** The object as owned by `owner`; as it is when it has a controller by now or is another of that name. */
export function adoptedBy<T extends KubernetesObject, O extends KubernetesObject>(object: T, kind: Kind<O>, owner: O, uid: string): T {
  if (controllerOf(object) || object.metadata.uid !== uid) return object;
  const reference = controllerReference(kind as unknown as Kind<never>, owner);
  return { ...object, metadata: { ...object.metadata, ownerReferences: [...(object.metadata.ownerReferences ?? []), reference] } };
}
