import { required } from "../field-errors.ts";
import type { MutatingAdmissionPolicyBinding } from "../generated/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { validateMatchResources, validateParamRef } from "./support/admission-registration-validation.ts";
import { age, text } from "./support/columns.ts";

/** Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicybinding */
export const mutatingAdmissionPolicyBindings: Kind<MutatingAdmissionPolicyBinding> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicyBinding",
  plural: "mutatingadmissionpolicybindings",
  singular: "mutatingadmissionpolicybinding",
  categories: ["api-extensions"],
  namespaced: false,
  hasGeneration: true,
  schema: { package: "admissionregistration/v1", type: "MutatingAdmissionPolicyBinding" },
  setDefaults({ spec: { matchResources } }) {
    if (!matchResources) return;
    matchResources.matchPolicy ??= "Equivalent";
    matchResources.namespaceSelector ??= {};
    matchResources.objectSelector ??= {};
    for (const rule of [...(matchResources.resourceRules ?? []), ...(matchResources.excludeResourceRules ?? [])]) rule.scope ??= "*";
  },
  validate: ({ spec }) => [
    ...(spec.policyName ? [] : [required("spec.policyName")]),
    ...validateParamRef(spec.paramRef, "spec.paramRef"),
    ...validateMatchResources(spec.matchResources, "spec.matchResouces"),
  ],
  columns: [
    text("PolicyName", "The policy it puts to work.", ({ spec }) => spec.policyName ?? ""),
    text("ParamRef", "Where the parameters are.", ({ spec: { paramRef } }) =>
      paramRef ? (paramRef.name ? [paramRef.namespace, paramRef.name].filter(Boolean).join("/") : "<selector>") : "<unset>",
    ),
    age(),
  ],
};
