import type { ClusterRole } from "../generated/rbac-v1.ts";
import type { Kind } from "../kind.ts";
import { createdAt } from "./support/columns.ts";
import { validatePolicyRules } from "./support/rbac.ts";

/** Upstream: pkg/registry/rbac/clusterrole */
export const clusterRoles: Kind<ClusterRole> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  singular: "clusterrole",
  namespaced: false,
  nameRule: "path-segment",
  schema: { package: "rbac/v1", type: "ClusterRole" },
  setDefaults(role) {
    role.rules ??= [];
  },
  validate: (role) => validatePolicyRules(role.rules, false),
  columns: [createdAt()],
};
