import { type FieldError, invalid, notSupported } from "../field-errors.ts";
import type { PodDisruptionBudget } from "../generated/policy-v1.ts";
import type { Kind } from "../kind.ts";
import { validateLabelSelector } from "../validation/label-selector.ts";
import { age, integer, text } from "./support/columns.ts";
import { validateAtMostAll, validateIntOrPercent } from "./support/workload.ts";

const EVICTION_POLICIES = ["AlwaysAllow", "IfHealthyBudget"];

/** Upstream: pkg/registry/policy/poddisruptionbudget, ValidatePodDisruptionBudgetSpec */
export const podDisruptionBudgets: Kind<PodDisruptionBudget> = {
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  singular: "poddisruptionbudget",
  shortNames: ["pdb"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "policy/v1", type: "PodDisruptionBudget" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  prepareForCreate(budget) {
    budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
      errors.push(invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"));
    for (const field of ["minAvailable", "maxUnavailable"] as const)
      errors.push(...validateIntOrPercent(spec[field], `spec.${field}`), ...validateAtMostAll(spec[field], `spec.${field}`));
    errors.push(...validateLabelSelector(spec.selector, "spec.selector"));
    const policy = spec.unhealthyPodEvictionPolicy;
    if (policy !== undefined && !EVICTION_POLICIES.includes(policy))
      errors.push(notSupported("spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES));
    return errors;
  },
  columns: [
    text("Min Available", "The minimum number of pods that must be available.", ({ spec }) => String(spec.minAvailable ?? "N/A")),
    text("Max Unavailable", "The maximum number of pods that may be unavailable.", ({ spec }) => String(spec.maxUnavailable ?? "N/A")),
    integer(
      "Allowed Disruptions",
      "Calculated number of pods that may be disrupted at this time.",
      ({ status }) => status.disruptionsAllowed ?? 0,
    ),
    age(),
  ],
};
