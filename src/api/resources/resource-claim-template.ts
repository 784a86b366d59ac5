import type { ResourceClaimTemplate } from "../generated/resource-v1.ts";
import type { Kind } from "../kind.ts";
import { age } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";
import { validateImmutable } from "./support/workload.ts";

/** Upstream: pkg/registry/resource/resourceclaimtemplate */
export const resourceClaimTemplates: Kind<ResourceClaimTemplate> = {
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaimTemplate",
  plural: "resourceclaimtemplates",
  singular: "resourceclaimtemplate",
  namespaced: true,
  schema: { package: "resource/v1", type: "ResourceClaimTemplate" },
  validateUpdate: (template, old) => validateImmutable(template.spec, old.spec, "spec"),
  warnings: notSimulated("ResourceClaimTemplates", "no devices are allocated"),
  columns: [age()],
};
