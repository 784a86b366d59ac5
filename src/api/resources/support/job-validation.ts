import { type FieldError, invalid, notSupported, required } from "../../field-errors.ts";
import type { JobSpec, PodFailurePolicy } from "../../generated/batch-v1.ts";
import { nonNegative, validateTemplate } from "./workload.ts";

// Upstream: pkg/apis/batch/validation/validation.go

/** What holds for a job and for a cron job's template alike. Upstream: validateJobSpec */
export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
  ] as const) {
    errors.push(...nonNegative(spec[field], `${path}.${field}`));
  }
  errors.push(...validateCompletionMode(spec, path), ...validateIndexLimits(spec, path));
  if (spec.podFailurePolicy) errors.push(...validateFailurePolicy(spec.podFailurePolicy, spec, `${path}.podFailurePolicy`));
  if (spec.successPolicy && spec.completionMode !== "Indexed")
    errors.push(invalid(`${path}.successPolicy`, spec.successPolicy, "requires indexed completion mode"));
  errors.push(...validateReplacement(spec, path), ...validateTemplate(spec.template, `${path}.template`));
  const policy = spec.template?.spec?.restartPolicy ?? "Always";
  const at = `${path}.template.spec.restartPolicy`;
  // "Always" is what the defaults make of nothing, hence "Required".
  if (policy === "Always" || policy === "") errors.push(required(at, 'valid values: "OnFailure", "Never"'));
  else if (policy !== "OnFailure" && policy !== "Never") errors.push(notSupported(at, policy, ["OnFailure", "Never"]));
  else if (spec.podFailurePolicy && policy !== "Never")
    errors.push(invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  return errors;
}

function validateCompletionMode(spec: JobSpec, path: string): FieldError[] {
  const { completionMode, completions, parallelism = 0 } = spec;
  if (completionMode === undefined) return [];
  if (completionMode !== "NonIndexed" && completionMode !== "Indexed")
    return [notSupported(`${path}.completionMode`, completionMode, ["NonIndexed", "Indexed"])];
  if (completionMode === "NonIndexed") return [];
  if (completions === undefined) return [required(`${path}.completions`, "when completion mode is Indexed")];
  return parallelism > 100000
    ? [invalid(`${path}.parallelism`, parallelism, "must be less than or equal to 100000 when completion mode is Indexed")]
    : [];
}

function validateIndexLimits(spec: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const indexed = spec.completionMode === "Indexed";
  if (spec.backoffLimitPerIndex !== undefined && !indexed)
    errors.push(invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, "requires indexed completion mode"));
  if (spec.maxFailedIndexes !== undefined) {
    if (spec.backoffLimitPerIndex === undefined)
      errors.push(required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
    if (spec.completions !== undefined && spec.maxFailedIndexes > spec.completions)
      errors.push(invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, "must be less than or equal to completions"));
  }
  return errors;
}

function validateReplacement({ podReplacementPolicy: policy, podFailurePolicy }: JobSpec, path: string): FieldError[] {
  if (policy === undefined) return [];
  const allowed = podFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"];
  return allowed.includes(policy) ? [] : [notSupported(`${path}.podReplacementPolicy`, policy, allowed)];
}

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];

function validateFailurePolicy(policy: PodFailurePolicy, spec: JobSpec, path: string): FieldError[] {
  return (policy.rules ?? []).flatMap((rule, index) => {
    const at = `${path}.rules[${index}]`;
    const errors: FieldError[] = [];
    if (!rule.action) errors.push(required(`${at}.action`, `valid values: ${ACTIONS.map((action) => JSON.stringify(action)).join(", ")}`));
    else if (!ACTIONS.includes(rule.action)) errors.push(notSupported(`${at}.action`, rule.action, ACTIONS));
    else if (rule.action === "FailIndex" && spec.backoffLimitPerIndex === undefined)
      errors.push(invalid(`${at}.action`, rule.action, "requires the backoffLimitPerIndex to be set"));
    const conditions = rule.onPodConditions ?? [];
    if (rule.onExitCodes && conditions.length > 0)
      errors.push(invalid(at, rule, "specifying both OnExitCodes and OnPodConditions is not supported"));
    if (!rule.onExitCodes && conditions.length === 0)
      errors.push(invalid(at, rule, "specifying one of OnExitCodes and OnPodConditions is required"));
    const { operator, values = [], containerName } = rule.onExitCodes ?? { operator: "In", values: [1] };
    if (!["In", "NotIn"].includes(operator)) errors.push(notSupported(`${at}.onExitCodes.operator`, operator, ["In", "NotIn"]));
    if (values.length === 0) errors.push(invalid(`${at}.onExitCodes.values`, values, "at least one value is required"));
    if (operator === "In" && values.includes(0))
      errors.push(invalid(`${at}.onExitCodes.values[${values.indexOf(0)}]`, 0, "must not be 0 for the In operator"));
    const known = [...(spec.template?.spec?.containers ?? []), ...(spec.template?.spec?.initContainers ?? [])].some(
      (container) => container.name === containerName,
    );
    if (containerName !== undefined && !known)
      errors.push(
        invalid(
          `${at}.onExitCodes.containerName`,
          containerName,
          "must be one of the container or initContainer names in the pod template",
        ),
      );
    return errors;
  });
}

/** Upstream: ValidateJobTemplateSpec */
export function validateJobTemplate(spec: JobSpec | undefined, path: string): FieldError[] {
  if (!spec) return [required(`${path}.spec`)];
  const errors = validateJobSpec(spec, `${path}.spec`);
  if (spec.selector) errors.push(invalid(`${path}.spec.selector`, spec.selector, "`selector` will be auto-generated"));
  if (spec.manualSelector) errors.push(notSupported(`${path}.spec.manualSelector`, spec.manualSelector, ["nil", "false"]));
  return errors;
}
