import type { PersistentVolumeClaim } from "../../api/generated/core-v1.ts";
import type { StorageClass } from "../../api/generated/storage-v1.ts";
import type { AdmissionPlugin } from "./admission.ts";

const IS_DEFAULT = "storageclass.kubernetes.io/is-default-class";

/** Upstream: plugin/pkg/admission/storage/storageclass/setdefault/admission.go */
export const defaultStorageClass: AdmissionPlugin = {
  name: "DefaultStorageClass",
  mutate({ operation, kind, object, subresource }, cluster) {
    if (operation !== "CREATE" || kind.kind !== "PersistentVolumeClaim" || subresource !== undefined) return;
    const claim = object as PersistentVolumeClaim;
    if (!claim.spec || claim.spec.storageClassName !== undefined) return;
    const defaults = (cluster.list("storage.k8s.io", "StorageClass") as StorageClass[]).filter(
      (found) => found.metadata.annotations?.[IS_DEFAULT] === "true",
    );
    // The newest wins, then the name.
    const [chosen] = defaults.sort(
      (a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp) || a.metadata.name.localeCompare(b.metadata.name),
    );
    if (chosen) claim.spec.storageClassName = chosen.metadata.name;
  },
};
