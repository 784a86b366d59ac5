import type { AdmissionPlugin } from "./admission.ts";

const FINALIZERS: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: "kubernetes.io/pvc-protection",
  PersistentVolume: "kubernetes.io/pv-protection",
};

/** Upstream: plugin/pkg/admission/storage/storageobjectinuseprotection */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  mutate({ operation, kind, object, subresource }) {
    const finalizer = kind.group === "" ? FINALIZERS[kind.kind] : undefined;
    if (operation !== "CREATE" || subresource !== undefined || !object || finalizer === undefined) return;
    if (!object.metadata.finalizers?.includes(finalizer)) object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
  },
};
