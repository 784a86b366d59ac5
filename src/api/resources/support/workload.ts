import { type FieldError, invalid, required } from "../../field-errors.ts";
import type { PodTemplateSpec } from "../../generated/core-v1.ts";
import type { LabelSelector } from "../../generated/meta-v1.ts";
import type { Column } from "../../kind.ts";
import { selectorFromLabelSelector } from "../../labels.ts";
import { isLabelValue, isQualifiedName } from "../../validation/names.ts";
import { validateAnnotations, validateLabels } from "../../validation/object-meta.ts";
import { text } from "./columns.ts";
import { setPodSpecDefaults } from "./pod-defaults.ts";
import { validatePodSpec } from "./pod-validation.ts";

/** What the specs of all workloads have in common. */
export interface WorkloadSpec {
  selector?: LabelSelector;
  template?: PodTemplateSpec;
}

export function setTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (template?.spec) setPodSpecDefaults(template.spec);
}

/** Upstream: ValidatePodTemplateSpec and ValidatePodTemplateSpecForReplicaSet */
export function validateTemplate(template: PodTemplateSpec | undefined, path: string, restartPolicies?: readonly string[]): FieldError[] {
  if (!template?.spec) return [required(path)];
  return [
    ...validateLabels(template.metadata?.labels ?? {}, `${path}.labels`),
    ...validateAnnotations(template.metadata?.annotations ?? {}, `${path}.annotations`),
    ...validatePodSpec(template.spec, `${path}.spec`, restartPolicies ? { restartPolicies } : { restartPolicies: ["Always"] }),
  ];
}

export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  const errors = validateLabels(selector?.matchLabels ?? {}, `${path}.matchLabels`);
  (selector?.matchExpressions ?? []).forEach((requirement, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const values = requirement.values ?? [];
    if (["In", "NotIn"].includes(requirement.operator)) {
      if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (["Exists", "DoesNotExist"].includes(requirement.operator)) {
      if (values.length > 0) errors.push({ type: "FieldValueForbidden", field: `${at}.values`, badValue: "", detail: "may not be specified when `operator` is 'Exists' or 'DoesNotExist'" });
    } else errors.push(invalid(`${at}.operator`, requirement.operator, "not a valid selector operator"));
    for (const message of isQualifiedName(requirement.key)) errors.push(invalid(`${at}.key`, requirement.key, message));
    for (const value of values) for (const message of isLabelValue(value)) errors.push(invalid(`${at}.values[0]`, value, message));
  });
  return errors;
}

/** A selector that is there, not empty, and matches the template's own labels. */
export function validateSelector(spec: WorkloadSpec, path: string): FieldError[] {
  const { selector, template } = spec;
  if (!selector) return [required(`${path}.selector`)];
  const errors = validateLabelSelector(selector, `${path}.selector`);
  if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    errors.push(invalid(`${path}.selector`, selector, "empty selector is invalid for deployment"));
  }
  if (errors.length === 0 && template && !selectorFromLabelSelector(selector).matches(template.metadata?.labels)) {
    errors.push(invalid(`${path}.template.metadata.labels`, template.metadata?.labels ?? null, "`selector` does not match template `labels`"));
  }
  return errors;
}

export function nonNegative(value: number | undefined, field: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, "must be greater than or equal to 0")] : [];
}

/** Containers, Images and Selector, as -o wide shows them. */
export function templateColumns<T extends { spec: WorkloadSpec }>(): Column<T>[] {
  const containers = (object: T) => object.spec.template?.spec?.containers ?? [];
  return [
    text("Containers", "Names of the template's containers.", (object) => containers(object).map((container) => container.name).join(","), 1),
    text("Images", "Their images.", (object) => containers(object).map((container) => container.image ?? "").join(","), 1),
    text("Selector", "The pods that belong to it.", (object) => (object.spec.selector ? renderSelector(object.spec.selector) : "<none>"), 1),
  ];
}

/** Upstream: metav1.FormatLabelSelector */
export function renderSelector(selector: LabelSelector): string {
  return selectorFromLabelSelector(selector).toString() || "<none>";
}
