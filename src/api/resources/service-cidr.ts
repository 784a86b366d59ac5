import { invalid, required } from "../field-errors.ts";
import type { ServiceCIDR } from "../generated/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { isCidr } from "../validation/names.ts";
import { age, text } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";

/** Upstream: pkg/registry/networking/servicecidr */
export const serviceCidrs: Kind<ServiceCIDR> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "ServiceCIDR",
  plural: "servicecidrs",
  singular: "servicecidr",
  namespaced: false,
  schema: { package: "networking/v1", type: "ServiceCIDR" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  validate: ({ spec }) =>
    spec.cidrs?.length
      ? spec.cidrs.flatMap((cidr, index) => isCidr(cidr).map((message) => invalid(`spec.cidrs[${index}]`, cidr, message)))
      : [required("spec.cidrs", "at least one CIDR required")],
  warnings: notSimulated("ServiceCIDRs", "addresses come from the cluster's own range"),
  columns: [text("CIDRs", "The ranges.", ({ spec }) => (spec.cidrs ?? []).join(",")), age()],
};
