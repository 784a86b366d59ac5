import type { MutatingAdmissionPolicy } from "../generated/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { validateMutatingAdmissionPolicy } from "./support/admission-registration-validation.ts";
import { age, integer, text } from "./support/columns.ts";

/** Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicy */
export const mutatingAdmissionPolicies: Kind<MutatingAdmissionPolicy> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicy",
  plural: "mutatingadmissionpolicies",
  singular: "mutatingadmissionpolicy",
  categories: ["api-extensions"],
  namespaced: false,
  hasGeneration: true,
  schema: { package: "admissionregistration/v1", type: "MutatingAdmissionPolicy" },
  setDefaults({ spec }) {
    spec.failurePolicy ??= "Fail";
    if (!spec.matchConstraints) return;
    spec.matchConstraints.matchPolicy ??= "Equivalent";
    spec.matchConstraints.namespaceSelector ??= {};
    spec.matchConstraints.objectSelector ??= {};
    for (const rule of [...(spec.matchConstraints.resourceRules ?? []), ...(spec.matchConstraints.excludeResourceRules ?? [])])
      rule.scope ??= "*";
  },
  validate: validateMutatingAdmissionPolicy,
  columns: [
    integer("Mutations", "How many changes it makes.", ({ spec }) => spec.mutations?.length ?? 0),
    text("ParamKind", "The kind of its parameters.", ({ spec }) =>
      spec.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : "<unset>",
    ),
    age(),
  ],
};
