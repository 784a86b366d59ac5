import type { ResourceClaim } from "../generated/resource-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";
import { validateImmutable } from "./support/workload.ts";

/** Upstream: pkg/registry/resource/resourceclaim */
export const resourceClaims: Kind<ResourceClaim> = {
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaim",
  plural: "resourceclaims",
  singular: "resourceclaim",
  namespaced: true,
  schema: { package: "resource/v1", type: "ResourceClaim" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  validateUpdate: (claim, old) => validateImmutable(claim.spec, old.spec, "spec"),
  warnings: notSimulated("ResourceClaims", "no devices are allocated"),
  columns: [text("State", "How far it is.", state), age()],
};

/** Upstream: resourceClaimState */
function state({ metadata, status }: ResourceClaim): string {
  const words = [
    ...(metadata.deletionTimestamp ? ["deleted"] : []),
    ...(status?.allocation ? ["allocated"] : []),
    ...(status?.reservedFor?.length ? ["reserved"] : []),
  ];
  return status?.allocation ? words.join(",") : metadata.deletionTimestamp ? "deleted,pending" : "pending";
}
