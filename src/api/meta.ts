import type { ListMeta, ObjectMeta } from "./generated/meta-v1.ts";

/** Any API object as it is stored: frozen, with its metadata complete. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** An object as it is handed in for creation: the server fills uid, timestamps, status and defaults. */
export type Draft<T extends KubernetesObject> = Omit<T, "metadata" | "status"> & {
  metadata: Partial<ObjectMeta>;
  status?: Partial<T extends { status: infer S } ? S : never>;
};

export interface ObjectList<T> {
  apiVersion: string;
  kind: string;
  metadata: ListMeta;
  items: T[];
}

export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of caches and work queues. */
export function keyOf(object: { readonly metadata: { readonly name?: string; readonly namespace?: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : (name ?? "");
}

export function splitKey(key: string): ObjectName {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
