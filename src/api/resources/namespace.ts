import type { Namespace } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";

/** Upstream: pkg/registry/core/namespace/strategy.go */
export const namespaces: Kind<Namespace> = {
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  singular: "namespace",
  shortNames: ["ns"],
  namespaced: false,
  nameRule: "dns-1123-label",
  schema: { package: "core/v1", type: "Namespace" },
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: { finalize: { verbs: ["update"] }, status: { verbs: ["get", "patch", "update"] } },
  setDefaults(namespace) {
    namespace.spec ??= {};
    if (namespace.metadata.name)
      namespace.metadata.labels = { ...namespace.metadata.labels, "kubernetes.io/metadata.name": namespace.metadata.name };
  },
  prepareForCreate(namespace) {
    namespace.status = { phase: "Active" };
    namespace.spec.finalizers = [...new Set([...(namespace.spec.finalizers ?? []), "kubernetes"])];
  },
  prepareForUpdate(namespace, old, { subresource }) {
    if (subresource !== "finalize") namespace.spec.finalizers = old.spec.finalizers as string[];
  },
  selectableFields: (namespace) => ({ "status.phase": namespace.status.phase ?? "" }),
  columns: [text("Status", "The phase of its life.", (namespace) => namespace.status.phase ?? ""), age()],
};
