import { ageOf } from "../duration.ts";
import { type FieldError, invalid, notSupported, required } from "../field-errors.ts";
import type { CronJob, CronJobSpec } from "../generated/batch-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer, text } from "./support/columns.ts";
import { scheduleProblem } from "./support/cron-schedule-validation.ts";
import { validateJobTemplate } from "./support/job-validation.ts";
import { nonNegative, renderSelector, setTemplateDefaults } from "./support/workload.ts";

/** The 11 characters that are left hold the suffix of its jobs. */
const NAME_MAX = 52;

/** Upstream: pkg/registry/batch/cronjob */
export const cronJobs: Kind<CronJob> = {
  group: "batch",
  version: "v1",
  kind: "CronJob",
  plural: "cronjobs",
  singular: "cronjob",
  shortNames: ["cj"],
  categories: ["all"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "batch/v1", type: "CronJob" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    spec.concurrencyPolicy ||= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    setTemplateDefaults(spec.jobTemplate?.spec?.template);
  },
  prepareForCreate(job) {
    job.status = {};
  },
  validate: (job) => [
    ...validateSpec(job.spec),
    ...(job.metadata.name.length > NAME_MAX
      ? [invalid("metadata.name", job.metadata.name, `must be no more than ${NAME_MAX} characters`)]
      : []),
  ],
  columns: [
    text("Schedule", "When it starts jobs.", ({ spec }) => spec.schedule),
    text("Timezone", "The time zone of the schedule.", ({ spec }) => spec.timeZone ?? "<none>"),
    text("Suspend", "Whether it starts none for now.", ({ spec }) =>
      spec.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False",
    ),
    integer("Active", "Jobs that run now.", ({ status }) => status.active?.length ?? 0),
    text("Last Schedule", "When it last started one.", ({ status }, nowMs) =>
      status.lastScheduleTime ? ageOf(status.lastScheduleTime, nowMs) : "<none>",
    ),
    age(),
    text(
      "Containers",
      "Names of the template's containers.",
      ({ spec }) =>
        containersOf(spec)
          .map((container) => container.name)
          .join(","),
      1,
    ),
    text(
      "Images",
      "Their images.",
      ({ spec }) =>
        containersOf(spec)
          .map((container) => container.image ?? "")
          .join(","),
      1,
    ),
    text(
      "Selector",
      "The pods that belong to its jobs.",
      ({ spec }) => (spec.jobTemplate.spec?.selector ? renderSelector(spec.jobTemplate.spec.selector) : "<none>"),
      1,
    ),
  ],
};

function containersOf(spec: CronJobSpec) {
  return spec.jobTemplate.spec?.template.spec.containers ?? [];
}

/** Upstream: validateCronJobSpec */
function validateSpec(spec: CronJobSpec): FieldError[] {
  const errors: FieldError[] = [];
  const policies = ["Allow", "Forbid", "Replace"];
  if (!spec.schedule) errors.push(required("spec.schedule"));
  else {
    const problem = scheduleProblem(spec.schedule);
    if (problem !== undefined) errors.push(invalid("spec.schedule", spec.schedule, problem));
    if (spec.schedule.includes("TZ"))
      errors.push(invalid("spec.schedule", spec.schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
  }
  errors.push(...nonNegative(spec.startingDeadlineSeconds, "spec.startingDeadlineSeconds"));
  if (!spec.concurrencyPolicy) errors.push(required("spec.concurrencyPolicy"));
  else if (!policies.includes(spec.concurrencyPolicy))
    errors.push(notSupported("spec.concurrencyPolicy", spec.concurrencyPolicy, policies));
  errors.push(...validateJobTemplate(spec.jobTemplate?.spec, "spec.jobTemplate"), ...validateTimeZone(spec.timeZone));
  return [
    ...errors,
    ...nonNegative(spec.successfulJobsHistoryLimit, "spec.successfulJobsHistoryLimit"),
    ...nonNegative(spec.failedJobsHistoryLimit, "spec.failedJobsHistoryLimit"),
  ];
}

/** Upstream: validateTimeZone */
function validateTimeZone(zone: string | undefined): FieldError[] {
  if (zone === undefined) return [];
  if (zone === "") return [invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")];
  if (zone.toLowerCase() === "local")
    return [invalid("spec.timeZone", zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")];
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return [];
  } catch {
    return [invalid("spec.timeZone", zone, `unknown time zone ${zone}`)];
  }
}
