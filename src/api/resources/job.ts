import { humanDuration } from "../duration.ts";
import { type FieldError, invalid, required } from "../field-errors.ts";
import type { Job } from "../generated/batch-v1.ts";
import type { PodTemplateSpec } from "../generated/core-v1.ts";
import type { Kind } from "../kind.ts";
import { selectorFromLabelSelector } from "../labels.ts";
import { age, text } from "./support/columns.ts";
import { validateJobSpec } from "./support/job-validation.ts";
import { validateLabelSelector } from "./support/label-selector-validation.ts";
import { setTemplateDefaults, templateColumns, templateWarnings, validateImmutable, validateTemplateLabels } from "./support/workload.ts";

/** Upstream: pkg/registry/batch/job */
export const jobs: Kind<Job> = {
  group: "batch",
  version: "v1",
  kind: "Job",
  plural: "jobs",
  singular: "job",
  categories: ["all"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "batch/v1", type: "Job" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults(job) {
    const { spec, metadata } = job;
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647;
    const labels = spec.template?.metadata?.labels;
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
    spec.completionMode ??= "NonIndexed";
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
    for (const rule of spec.podFailurePolicy?.rules ?? []) for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
    setTemplateDefaults(spec.template);
  },
  prepareForCreate(job) {
    job.status = {};
    generateSelector(job);
  },
  validate: (job) => [...validateGeneratedSelector(job), ...validateJobSpec(job.spec, "spec"), ...validateSelection(job)],
  validateUpdate: validateJobUpdate,
  selectableFields: (job) => ({ "status.successful": String(job.status.succeeded ?? 0) }),
  warnings: templateWarnings,
  columns: [
    text("Status", "How far it is.", status),
    text("Completions", "Finished pods of those wanted.", ({ spec, status: now }) => {
      if (spec.completions !== undefined) return `${now.succeeded ?? 0}/${spec.completions}`;
      const parallelism = spec.parallelism ?? 0;
      return parallelism > 1 ? `${now.succeeded ?? 0}/1 of ${parallelism}` : `${now.succeeded ?? 0}/1`;
    }),
    text("Duration", "How long it took, or takes.", ({ status: now }, nowMs) => {
      if (!now.startTime) return "";
      return humanDuration((now.completionTime ? Date.parse(now.completionTime) : nowMs) - Date.parse(now.startTime));
    }),
    age(),
    ...templateColumns<Job>(),
  ],
};

function status(job: Job): string {
  const has = (type: string) => job.status.conditions?.some((condition) => condition.type === type && condition.status === "True");
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (job.metadata.deletionTimestamp) return "Terminating";
  if (has("Suspended")) return "Suspended";
  if (has("FailureTarget")) return "FailureTarget";
  return has("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

const PREFIXED_UID = "batch.kubernetes.io/controller-uid";

/** Upstream: generateSelector */
function generateSelector({ metadata, spec }: Job): void {
  if (spec.manualSelector || !spec.template) return;
  const labels = {
    [PREFIXED_UID]: metadata.uid,
    "batch.kubernetes.io/job-name": metadata.name,
    "controller-uid": metadata.uid,
    "job-name": metadata.name,
  };
  // What the user has set stays, for validation to refuse.
  spec.template.metadata = { ...spec.template.metadata, labels: { ...labels, ...spec.template.metadata?.labels } };
  spec.selector = { ...spec.selector, matchLabels: { [PREFIXED_UID]: metadata.uid, ...spec.selector?.matchLabels } };
  // Upstream defaults the job's own labels from the template when it reads the object back.
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...spec.template.metadata.labels };
}

/** Upstream: ValidateGeneratedSelector */
function validateGeneratedSelector({ metadata, spec }: Job): FieldError[] {
  if (spec.manualSelector || !spec.selector) return [];
  const labels = spec.template?.metadata?.labels ?? {};
  const expected = {
    "controller-uid": metadata.uid,
    "job-name": metadata.name,
    [PREFIXED_UID]: metadata.uid,
    "batch.kubernetes.io/job-name": metadata.name,
  };
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(expected)) {
    const at = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) errors.push(required(at, `must be '${value}'`));
    else if (labels[key] !== value) errors.push(invalid(at, labels, `must be '${value}'`));
  }
  if (!selectorFromLabelSelector(spec.selector).matches(expected))
    errors.push(invalid("spec.selector", spec.selector, "`selector` not auto-generated"));
  return errors;
}

function validateSelection({ spec }: Job): FieldError[] {
  return [
    ...(spec.selector ? validateLabelSelector(spec.selector, "spec.selector") : [required("spec.selector")]),
    ...validateTemplateLabels(spec, "spec.template"),
  ];
}

/** Upstream: ValidateJobSpecUpdate */
function validateJobUpdate({ spec }: Job, old: Job): FieldError[] {
  const errors: FieldError[] = [];
  const elastic = spec.completionMode === "Indexed" && spec.completions === spec.parallelism && spec.completions !== undefined;
  if (spec.completions !== old.spec.completions && !elastic) {
    const tandem = spec.completionMode === "Indexed" && spec.completions !== undefined;
    errors.push(
      invalid(
        "spec.completions",
        spec.completions ?? null,
        tandem ? "can only be modified in tandem with spec.parallelism" : "field is immutable",
      ),
    );
  }
  errors.push(...validateImmutable(spec.selector, old.spec.selector, "spec.selector"));
  const startable = old.spec.suspend === true && old.status.startTime === undefined;
  errors.push(
    ...validateImmutable(
      startable ? fixedTemplate(spec.template) : spec.template,
      startable ? fixedTemplate(old.spec.template) : old.spec.template,
      "spec.template",
    ),
  );
  for (const field of ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] as const)
    errors.push(...validateImmutable(spec[field], old.spec[field], `spec.${field}`));
  return errors;
}

/** A suspended job that has not started may still be placed and sized anew. */
function fixedTemplate(template: PodTemplateSpec): unknown {
  const { nodeSelector: _selector, affinity: _affinity, tolerations: _tolerations, schedulingGates: _gates, ...spec } = template.spec;
  return { ...spec, containers: spec.containers.map(({ resources: _resources, ...container }) => container) };
}
