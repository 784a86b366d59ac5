import type { Role } from "../generated/rbac-v1.ts";
import type { Kind } from "../kind.ts";
import { createdAt } from "./support/columns.ts";
import { validatePolicyRules } from "./support/rbac.ts";

/** Upstream: pkg/registry/rbac/role */
export const roles: Kind<Role> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  singular: "role",
  namespaced: true,
  nameRule: "path-segment",
  schema: { package: "rbac/v1", type: "Role" },
  setDefaults(role) {
    role.rules ??= [];
  },
  validate: (role) => validatePolicyRules(role.rules, true),
  columns: [createdAt()],
};
