import type { ServiceAccount } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer } from "./support/columns.ts";

/** Upstream: pkg/registry/core/serviceaccount */
export const serviceAccounts: Kind<ServiceAccount> = {
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  singular: "serviceaccount",
  shortNames: ["sa"],
  namespaced: true,
  schema: { package: "core/v1", type: "ServiceAccount" },
  subresources: { token: { verbs: ["create"], responseKind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" } } },
  columns: [integer("Secrets", "How many secrets it names.", (account) => account.secrets?.length ?? 0), age()],
};
