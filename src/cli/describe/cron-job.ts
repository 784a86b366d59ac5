import type { CronJob } from "../../api/generated/batch-v1.ts";
import type { Described } from "./describe-object.ts";
import { writeEventsOf } from "./events.ts";
import { writePodTemplate } from "./template.ts";
import { DescribeWriter, goTime, selectorText, writeAnnotations, writeLabels } from "./writer.ts";

/** Upstream: describe.CronJobDescriber */
export async function describeCronJob(described: Described): Promise<string> {
  const { metadata } = described.object;
  const { spec, status } = described.object as unknown as Required<CronJob>;
  const job = spec.jobTemplate.spec;
  const unset = (value: unknown) => String(value ?? "<unset>");
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, `Schedule:\t${spec.schedule}`);
  writer.line(0, `Concurrency Policy:\t${spec.concurrencyPolicy ?? ""}`);
  writer.line(0, `Suspend:\t${spec.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False"}`);
  writer.line(0, `Time Zone:\t${unset(spec.timeZone)}`);
  writer.line(0, `Successful Job History Limit:\t${unset(spec.successfulJobsHistoryLimit)}`);
  writer.line(0, `Failed Job History Limit:\t${unset(spec.failedJobsHistoryLimit)}`);
  const deadline = spec.startingDeadlineSeconds;
  writer.line(0, `Starting Deadline Seconds:\t${deadline === undefined ? "<unset>" : `${deadline}s`}`);
  writer.line(0, `Selector:\t${job?.selector ? selectorText(job.selector) : "<unset>"}`);
  writer.line(0, `Parallelism:\t${unset(job?.parallelism)}`);
  writer.line(0, `Completions:\t${unset(job?.completions)}`);
  if (job?.activeDeadlineSeconds !== undefined) writer.line(0, `Active Deadline Seconds:\t${job.activeDeadlineSeconds}s`);
  writePodTemplate(writer, job?.template);
  writer.line(0, `Last Schedule Time:\t${status?.lastScheduleTime ? goTime(status.lastScheduleTime) : "<unset>"}`);
  const active = (status?.active ?? []).map(({ name }) => name ?? "");
  writer.line(0, `Active Jobs:\t${active.join(", ") || "<none>"}`);
  await writeEventsOf(writer, described);
  return writer.render();
}
