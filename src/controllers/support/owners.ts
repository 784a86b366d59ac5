import type { OwnerReference } from "../../api/generated/meta-v1.ts";
import { apiVersionOf, type Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";

/** The reference that makes `owner` the controller of an object. Upstream: metav1.NewControllerRef */
export function controllerReference(kind: Kind<never>, owner: KubernetesObject): OwnerReference {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name: owner.metadata.name, uid: owner.metadata.uid, controller: true, blockOwnerDeletion: true };
}

export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}
