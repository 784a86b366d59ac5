import { type FieldError, forbidden, invalid, notSupported, required } from "../../field-errors.ts";
import type { PodTemplateSpec } from "../../generated/core-v1.ts";
import type { LabelSelector, ObjectMeta } from "../../generated/meta-v1.ts";
import type { Column } from "../../kind.ts";
import { selectorFromLabelSelector } from "../../labels.ts";
import { sameJson } from "../../merge-patch.ts";
import { isDns1123Label, isPercent } from "../../validation/names.ts";
import { validateAnnotations, validateLabels } from "../../validation/object-meta.ts";
import { text } from "./columns.ts";
import { validateLabelSelector } from "./label-selector-validation.ts";
import { setPodSpecDefaults } from "./pod-defaults.ts";
import { validatePodSpec } from "./pod-validation.ts";
import { podSpecWarnings } from "./pod-warnings.ts";

/** What the specs of all workloads have in common. */
export interface WorkloadSpec {
  selector?: LabelSelector;
  template?: PodTemplateSpec;
}

export function setTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (template?.spec) setPodSpecDefaults(template.spec);
}

/** Upstream: ValidatePodTemplateSpec */
export function validateTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  const spec = template?.spec ?? { containers: [], restartPolicy: "Always", dnsPolicy: "ClusterFirst", terminationGracePeriodSeconds: 30 };
  return [
    ...validateLabels(template?.metadata?.labels ?? {}, `${path}.labels`),
    ...validateAnnotations(template?.metadata?.annotations ?? {}, `${path}.annotations`),
    ...validatePodSpec(spec, `${path}.spec`),
    ...(spec.ephemeralContainers?.length
      ? [forbidden(`${path}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template")]
      : []),
  ];
}

/** A template whose pods some controller keeps alive. Upstream: ValidatePodTemplateSpecForReplicaSet and its like. */
export function validateLastingTemplate(template: PodTemplateSpec | undefined, path: string, kind: string): FieldError[] {
  const errors = validateTemplate(template, path);
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? { restartPolicy: "Always" };
  if (restartPolicy !== "Always") errors.push(notSupported(`${path}.spec.restartPolicy`, restartPolicy ?? "", ["Always"]));
  if (activeDeadlineSeconds !== undefined)
    errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`));
  return errors;
}

/** A selector that is there, well-formed and not empty. */
export function validateSelector(selector: LabelSelector | undefined, path: string, workload: string): FieldError[] {
  if (!selector) return [required(path)];
  const errors = validateLabelSelector(selector, path);
  if (isEmpty(selector)) errors.push(invalid(path, selector, `empty selector is invalid for ${workload}`));
  return errors;
}

const isEmpty = (selector: LabelSelector) =>
  Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;

/** No selector at all matches nothing, an empty one everything: so does upstream. */
export function validateTemplateLabels({ selector, template }: WorkloadSpec, path: string): FieldError[] {
  if (selector && validateLabelSelector(selector, path).length > 0) return [];
  const labels = template?.metadata?.labels;
  return selectorFromLabelSelector(selector).matches(labels)
    ? []
    : [invalid(`${path}.metadata.labels`, labels ?? null, "`selector` does not match template `labels`")];
}

export function validateImmutable(value: unknown, old: unknown, field: string): FieldError[] {
  return sameJson(value, old) ? [] : [invalid(field, value, "field is immutable")];
}

export function nonNegative(value: number | undefined, field: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, "must be greater than or equal to 0")] : [];
}

/** Upstream: ValidatePositiveIntOrPercent */
export function validateIntOrPercent(value: number | string | undefined, field: string): FieldError[] {
  if (typeof value === "string") return isPercent(value).map((message) => invalid(field, value, message));
  return nonNegative(value, field);
}

/** Upstream: IsNotMoreThan100Percent */
export function validateAtMostAll(value: number | string | undefined, field: string): FieldError[] {
  return typeof value === "string" && isPercent(value).length === 0 && amountOrPercent(value) > 100
    ? [invalid(field, value, "must not be greater than 100%")]
    : [];
}

export function amountOrPercent(value: number | string | undefined): number {
  return typeof value === "string" ? Number.parseInt(value, 10) || 0 : (value ?? 0);
}

/** Containers, Images and Selector, as -o wide shows them. */
export function templateColumns<T extends { spec: WorkloadSpec }>(): Column<T>[] {
  const containers = (object: T) => object.spec.template?.spec?.containers ?? [];
  return [
    text(
      "Containers",
      "Names of the template's containers.",
      (object) =>
        containers(object)
          .map((container) => container.name)
          .join(","),
      1,
    ),
    text(
      "Images",
      "Their images.",
      (object) =>
        containers(object)
          .map((container) => container.image ?? "")
          .join(","),
      1,
    ),
    text(
      "Selector",
      "The pods that belong to it.",
      (object) => (object.spec.selector ? renderSelector(object.spec.selector) : "<none>"),
      1,
    ),
  ];
}

/** Upstream: metav1.FormatLabelSelector */
export function renderSelector(selector: LabelSelector): string {
  return selectorFromLabelSelector(selector).toString() || "<none>";
}

interface Templated {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly template?: PodTemplateSpec };
}

/** Upstream: WarningsOnCreate and WarningsOnUpdate of the workloads' strategies. */
export function templateWarnings(object: Templated, old: Templated | undefined): string[] {
  if (old && old.metadata.generation === object.metadata.generation) return [];
  const warnings: string[] = [];
  const messages = old ? [] : isDns1123Label(object.metadata.name);
  if (messages.length > 0)
    warnings.push(
      `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${messages.join(" ")}]`,
    );
  const { template } = object.spec;
  return template?.spec ? [...warnings, ...podSpecWarnings(template.spec, template.metadata ?? {}, "spec.template.")] : warnings;
}
