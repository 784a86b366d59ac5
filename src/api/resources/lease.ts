import type { Lease } from "../generated/coordination-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";

/** Upstream: pkg/registry/coordination/lease */
export const leases: Kind<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  singular: "lease",
  namespaced: true,
  schema: { package: "coordination/v1", type: "Lease" },
  columns: [text("Holder", "Who holds it.", (lease) => lease.spec.holderIdentity ?? ""), age()],
};
