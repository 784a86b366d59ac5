import type { ValidatingAdmissionPolicy } from "../generated/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { validateValidatingAdmissionPolicy } from "./support/admission-registration-validation.ts";
import { age, integer, text } from "./support/columns.ts";

/** Upstream: pkg/registry/admissionregistration/validatingadmissionpolicy */
export const validatingAdmissionPolicies: Kind<ValidatingAdmissionPolicy> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicy",
  plural: "validatingadmissionpolicies",
  singular: "validatingadmissionpolicy",
  categories: ["api-extensions"],
  namespaced: false,
  hasGeneration: true,
  schema: { package: "admissionregistration/v1", type: "ValidatingAdmissionPolicy" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    spec.failurePolicy ??= "Fail";
    if (!spec.matchConstraints) return;
    spec.matchConstraints.matchPolicy ??= "Equivalent";
    spec.matchConstraints.namespaceSelector ??= {};
    spec.matchConstraints.objectSelector ??= {};
    for (const rule of [...(spec.matchConstraints.resourceRules ?? []), ...(spec.matchConstraints.excludeResourceRules ?? [])])
      rule.scope ??= "*";
  },
  validate: validateValidatingAdmissionPolicy,
  columns: [
    integer("Validations", "How many rules it has.", ({ spec }) => spec.validations?.length ?? 0),
    text("ParamKind", "The kind of its parameters.", ({ spec }) =>
      spec.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : "<unset>",
    ),
    age(),
  ],
};
