import { humanDuration } from "../duration.ts";
import { notSupported } from "../field-errors.ts";
import type { Job } from "../generated/batch-v1.ts";
import type { Kind } from "../kind.ts";
import { renderSelector, setTemplateDefaults, templateColumns, validateTemplate } from "./support/workload.ts";
import { age, text } from "./support/columns.ts";

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
  setDefaults({ spec }) {
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647;
    spec.completionMode ||= "NonIndexed";
    spec.suspend ??= false;
    spec.podReplacementPolicy ||= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
    setTemplateDefaults(spec.template);
  },
  prepareForCreate(job) {
    job.status = {};
    const { spec } = job;
    if (spec.manualSelector) return;
    const labels = { "batch.kubernetes.io/controller-uid": job.metadata.uid, "batch.kubernetes.io/job-name": job.metadata.name, "controller-uid": job.metadata.uid, "job-name": job.metadata.name };
    spec.template.metadata = { ...spec.template.metadata, labels: { ...labels, ...spec.template.metadata?.labels } };
    spec.selector = { matchLabels: { "batch.kubernetes.io/controller-uid": job.metadata.uid } };
  },
  validate: ({ spec }) => {
    const policy = spec.template?.spec?.restartPolicy;
    if (policy === "Always") return [{ type: "FieldValueRequired", field: "spec.template.spec.restartPolicy", badValue: "", detail: 'valid values: "OnFailure", "Never"' }];
    return [
      ...validateTemplate(spec.template, "spec.template", ["OnFailure", "Never"]),
      ...(["NonIndexed", "Indexed"].includes(spec.completionMode ?? "") ? [] : [notSupported("spec.completionMode", spec.completionMode, ["Indexed", "NonIndexed"])]),
    ];
  },
  selectableFields: (job) => ({ "status.successful": String(job.status.succeeded ?? 0) }),
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
    ...templateColumns<Job>().slice(0, 2),
    text("Selector", "Its pods.", ({ spec }) => (spec.selector ? renderSelector(spec.selector) : "<none>"), 1),
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
