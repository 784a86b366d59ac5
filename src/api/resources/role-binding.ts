import type { RoleBinding } from "../generated/rbac-v1.ts";
import type { Kind } from "../kind.ts";
import { bindingColumns, defaultBinding, validateBinding, validateBindingUpdate } from "./support/rbac.ts";

/** Upstream: pkg/registry/rbac/rolebinding */
export const roleBindings: Kind<RoleBinding> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  plural: "rolebindings",
  singular: "rolebinding",
  namespaced: true,
  nameRule: "path-segment",
  schema: { package: "rbac/v1", type: "RoleBinding" },
  setDefaults: (binding) => defaultBinding(binding),
  validate: (binding) => validateBinding(binding, ["ClusterRole", "Role"], true),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns<RoleBinding>(),
};
