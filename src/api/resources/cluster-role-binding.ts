import type { ClusterRoleBinding } from "../generated/rbac-v1.ts";
import type { Kind } from "../kind.ts";
import { bindingColumns, defaultBinding, validateBinding, validateBindingUpdate } from "./support/rbac.ts";

/** Upstream: pkg/registry/rbac/clusterrolebinding */
export const clusterRoleBindings: Kind<ClusterRoleBinding> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  singular: "clusterrolebinding",
  namespaced: false,
  nameRule: "path-segment",
  schema: { package: "rbac/v1", type: "ClusterRoleBinding" },
  setDefaults: (binding) => defaultBinding(binding),
  validate: (binding) => validateBinding(binding, ["ClusterRole"], false),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns<ClusterRoleBinding>(),
};
