import { type FieldError, invalid, notSupported, required } from "../../field-errors.ts";
import type { PolicyRule, RoleBinding, RoleRef, Subject } from "../../generated/rbac-v1.ts";
import type { Column } from "../../kind.ts";
import type { KubernetesObject } from "../../meta.ts";
import { sameJson } from "../../merge-patch.ts";
import { isDns1123Subdomain, isPathSegmentName } from "../../validation/names.ts";
import { age, text } from "./columns.ts";

const GROUP = "rbac.authorization.k8s.io";

/** Upstream: ValidatePolicyRule */
export function validatePolicyRules(rules: readonly PolicyRule[] | undefined, namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => {
    const path = `rules[${index}]`;
    const errors: FieldError[] = [];
    if (!rule.verbs?.length) errors.push(required(`${path}.verbs`, "verbs must contain at least one value"));
    if (rule.nonResourceURLs?.length) {
      if (namespaced)
        errors.push(invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, "namespaced rules cannot apply to non-resource URLs"));
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length)
        errors.push(
          invalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs"),
        );
      return errors;
    }
    if (!rule.apiGroups?.length) errors.push(required(`${path}.apiGroups`, "resource rules must supply at least one api group"));
    if (!rule.resources?.length) errors.push(required(`${path}.resources`, "resource rules must supply at least one resource"));
    return errors;
  });
}

interface Binding extends KubernetesObject {
  roleRef: RoleRef;
  subjects?: Subject[];
}

/** Upstream: SetDefaults_RoleBinding, SetDefaults_Subject */
export function defaultBinding(binding: Binding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ||= GROUP;
  for (const subject of binding.subjects ?? [])
    if (subject.apiGroup === undefined && ["User", "Group"].includes(subject.kind)) subject.apiGroup = GROUP;
}

/** Upstream: ValidateRoleBinding */
export function validateBinding({ roleRef, subjects }: Binding, roleKinds: readonly string[], namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (roleRef?.apiGroup !== GROUP) errors.push(notSupported("roleRef.apiGroup", roleRef?.apiGroup, [GROUP]));
  if (!roleKinds.includes(roleRef?.kind)) errors.push(notSupported("roleRef.kind", roleRef?.kind, roleKinds));
  if (!roleRef?.name) errors.push(required("roleRef.name"));
  else for (const message of isPathSegmentName(roleRef.name)) errors.push(invalid("roleRef.name", roleRef.name, message));
  (subjects ?? []).forEach((subject, index) => errors.push(...validateSubject(subject, `subjects[${index}]`, namespaced)));
  return errors;
}

function validateSubject(subject: Subject, path: string, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (!subject.name) errors.push(required(`${path}.name`));
  switch (subject.kind) {
    case "ServiceAccount":
      if (subject.name) for (const message of isDns1123Subdomain(subject.name)) errors.push(invalid(`${path}.name`, subject.name, message));
      if (subject.apiGroup) errors.push(notSupported(`${path}.apiGroup`, subject.apiGroup, [""]));
      if (!namespaced && !subject.namespace) errors.push(required(`${path}.namespace`));
      break;
    case "User":
    case "Group":
      if (subject.apiGroup !== GROUP) errors.push(notSupported(`${path}.apiGroup`, subject.apiGroup, [GROUP]));
      break;
    default:
      errors.push(notSupported(`${path}.kind`, subject.kind, ["Group", "ServiceAccount", "User"]));
  }
  return errors;
}

export function validateBindingUpdate(binding: Binding, old: Binding): FieldError[] {
  return sameJson(binding.roleRef, old.roleRef) ? [] : [invalid("roleRef", binding.roleRef, "cannot change roleRef")];
}

export function bindingColumns<T extends Binding = RoleBinding>(): Column<T>[] {
  const named =
    (kind: string, show = (subject: Subject) => subject.name) =>
    (binding: T) =>
      (binding.subjects ?? [])
        .filter((subject) => subject.kind === kind)
        .map(show)
        .join(", ");
  return [
    text("Role", "What it gives.", ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
    age(),
    text("Users", "Users in the roleBinding", named("User"), 1),
    text("Groups", "Groups in the roleBinding", named("Group"), 1),
    text(
      "ServiceAccounts",
      "ServiceAccounts in the roleBinding",
      named("ServiceAccount", (subject) => `${subject.namespace ?? ""}/${subject.name}`),
      1,
    ),
  ];
}
