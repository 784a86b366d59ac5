import { type FieldError, invalid, notSupported } from "../field-errors.ts";
import type { ResourceQuota } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { isQualifiedName } from "../validation/names.ts";
import { age, text } from "./support/columns.ts";
import { validateAmounts } from "./support/quantities.ts";
import { validateImmutable } from "./support/workload.ts";

const SCOPES = [
  "BestEffort",
  "CrossNamespacePodAffinity",
  "NotBestEffort",
  "NotTerminating",
  "PriorityClass",
  "Terminating",
  "VolumeAttributesClass",
];

/** Upstream: pkg/registry/core/resourcequota, ValidateResourceQuota */
export const resourceQuotas: Kind<ResourceQuota> = {
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  singular: "resourcequota",
  shortNames: ["quota"],
  namespaced: true,
  schema: { package: "core/v1", type: "ResourceQuota" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  prepareForCreate(quota) {
    quota.status = {};
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    for (const name of Object.keys(spec.hard ?? {}))
      for (const message of isQualifiedName(name)) errors.push(invalid(`spec.hard[${name}]`, name, message));
    errors.push(...validateAmounts(spec.hard, "spec.hard"));
    for (const scope of spec.scopes ?? [])
      if (!SCOPES.includes(scope)) errors.push(invalid("spec.scopes", spec.scopes, "unsupported scope"));
    (spec.scopeSelector?.matchExpressions ?? []).forEach(({ scopeName, operator }, index) => {
      const path = `spec.scopeSelector.matchExpressions[${index}]`;
      if (!SCOPES.includes(scopeName)) errors.push(invalid(`${path}.scopeName`, scopeName, "unsupported scope"));
      if (!["In", "NotIn", "Exists", "DoesNotExist"].includes(operator))
        errors.push(notSupported(`${path}.operator`, operator, ["DoesNotExist", "Exists", "In", "NotIn"]));
    });
    return errors;
  },
  validateUpdate: (quota, old) => validateImmutable(quota.spec.scopes ?? [], old.spec.scopes ?? [], "spec.scopes"),
  columns: [
    text("Request", "What is used of what may be requested.", (quota) => usage(quota, false)),
    text("Limit", "What is used of the limits.", (quota) => usage(quota, true)),
    age(),
  ],
};

/** `pods: 2/10, requests.cpu: 100m/1`. */
function usage({ status }: ResourceQuota, limits: boolean): string {
  return Object.keys(status.hard ?? {})
    .filter((name) => name.startsWith("limits") === limits)
    .sort()
    .map((name) => `${name}: ${status.used?.[name] ?? "0"}/${status.hard?.[name]}`)
    .join(", ");
}
