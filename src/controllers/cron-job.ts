import type { CronJob, Job } from "../api/generated/batch-v1.ts";
import type { ObjectReference } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { cronJobs } from "../api/resources/cron-job.ts";
import { jobs } from "../api/resources/job.ts";
import { isAlreadyExists, isNotFound, messageOf } from "../api/status.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { CronSchedule } from "./support/cron-schedule.ts";
import { sameValue } from "./support/hash.ts";
import { finishedCondition } from "./support/job-facts.ts";
import { controllerOf, controllerReference } from "./support/owners.ts";

const NAME = "cronjob-controller";
const MISSED_MAX = 100;

/** Starts jobs by the clock. Upstream: pkg/controller/cronjob/cronjob_controllerv2.go */
export const cronJobController: Controller = { name: NAME, start: (context) => new CronJobController(context).start() };

class CronJobController {
  readonly #context: ControllerContext;
  readonly #reconciler: Reconciler;

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as(NAME), events: context.events.from(NAME) };
    this.#reconciler = new Reconciler({
      name: NAME,
      clock: context.clock,
      tasks: context.tasks,
      reconcile: (key) => this.#reconcile(key),
      log: context.log,
    });
  }

  start(): void {
    const { informers } = this.#context;
    informers
      .of(cronJobs)
      .addHandler({ added: (cronJob) => this.#reconciler.add(keyOf(cronJob)), updated: (cronJob) => this.#reconciler.add(keyOf(cronJob)) });
    const ofJob = (job: Job) => {
      const owner = controllerOf(job);
      if (owner?.kind === "CronJob") this.#reconciler.add(`${job.metadata.namespace}/${owner.name}`);
    };
    informers.of(jobs).addHandler({ added: ofJob, updated: ofJob, deleted: ofJob });
  }

  async #reconcile(key: string): Promise<Result | void> {
    const { informers, clock, client } = this.#context;
    const cronJob = informers.of(cronJobs).find(key);
    if (!cronJob) return {};
    const own = informers.of(jobs).byIndex("owner", cronJob.metadata.uid);
    const status: CronJob["status"] = { ...cronJob.status, active: this.#stillActive(cronJob, own) };
    const succeeded = own
      .flatMap((job) => (finishedCondition(job)?.type === "Complete" && job.status.completionTime ? [job.status.completionTime] : []))
      .sort()
      .at(-1);
    if (succeeded && succeeded > (status.lastSuccessfulTime ?? "")) status.lastSuccessfulTime = succeeded;
    await this.#cleanUp(cronJob, own);
    let result: Result = {};
    if (!cronJob.metadata.deletionTimestamp && !cronJob.spec.suspend) result = await this.#schedule(cronJob, status, clock.now());
    if (status.active?.length === 0) delete status.active;
    if (!sameValue(status, cronJob.status))
      await client.mutate(cronJobs, cronJob.metadata, (now) => (now.metadata.uid === cronJob.metadata.uid ? { ...now, status } : now), {
        subresource: "status",
      });
    return result;
  }

  #stillActive(cronJob: CronJob, own: readonly Job[]): ObjectReference[] {
    const byUid = new Map(own.map((job) => [job.metadata.uid, job]));
    return (cronJob.status.active ?? []).filter((reference) => {
      const job = byUid.get(reference.uid ?? "");
      const finished = job && finishedCondition(job);
      if (finished)
        this.#event(cronJob, "Normal", "SawCompletedJob", `Saw completed job: ${job.metadata.name}, condition: ${finished.type}`);
      else if (!job) this.#event(cronJob, "Normal", "MissingJob", `Active job went missing: ${reference.name}`);
      return job !== undefined && !finished;
    });
  }

  /** Starts the latest job that is due, and comes back when the next one is. */
  async #schedule(cronJob: CronJob, status: CronJob["status"], nowMs: number): Promise<Result> {
    const { spec, metadata } = cronJob;
    const schedule = new CronSchedule(spec.schedule, spec.timeZone);
    let earliestMs = Date.parse(status.lastScheduleTime ?? metadata.creationTimestamp);
    if (spec.startingDeadlineSeconds !== undefined) earliestMs = Math.max(earliestMs, nowMs - spec.startingDeadlineSeconds * 1000);
    let due: number | undefined;
    let missed = 0;
    for (let at = schedule.next(earliestMs); at !== undefined && at <= nowMs && missed <= MISSED_MAX; at = schedule.next(at)) {
      due = at;
      missed++;
    }
    if (missed > MISSED_MAX) {
      this.#event(
        cronJob,
        "Warning",
        "TooManyMissedTimes",
        "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
      );
      for (let at = schedule.next(nowMs - 86_400_000); at !== undefined && at <= nowMs; at = schedule.next(at)) due = at;
    }
    const nextMs = schedule.next(nowMs);
    const again = nextMs === undefined ? {} : { requeueAfterMs: nextMs - nowMs + 100 };
    if (due === undefined) return again;
    if (spec.concurrencyPolicy === "Forbid" && (status.active?.length ?? 0) > 0) {
      this.#event(
        cronJob,
        "Normal",
        "JobAlreadyActive",
        "Not starting job because prior execution is running and concurrency policy is Forbid",
      );
      return again;
    }
    if (spec.concurrencyPolicy === "Replace")
      for (const reference of status.active ?? []) await this.#delete(cronJob, reference.name ?? "");
    await this.#start(cronJob, status, due);
    return again;
  }

  async #start(cronJob: CronJob, status: CronJob["status"], dueMs: number): Promise<void> {
    const { spec, metadata } = cronJob;
    // The name says which time it is for: no job is ever started twice.
    const schedule = new CronSchedule(spec.schedule, spec.timeZone);
    const name = `${metadata.name}-${Math.floor(dueMs / 60_000)}`;
    const draft = {
      metadata: {
        name,
        namespace: metadata.namespace,
        labels: { ...spec.jobTemplate.metadata?.labels },
        annotations: {
          ...spec.jobTemplate.metadata?.annotations,
          "batch.kubernetes.io/cronjob-scheduled-timestamp": schedule.render(dueMs),
        },
        ownerReferences: [controllerReference(cronJobs as never, cronJob)],
      },
      spec: structuredClone(spec.jobTemplate.spec),
    };
    try {
      const job = await this.#context.client.create(jobs, draft as never);
      this.#event(cronJob, "Normal", "SuccessfulCreate", `Created job ${name}`);
      const kept = spec.concurrencyPolicy === "Replace" ? [] : (status.active ?? []);
      status.active = [
        ...kept,
        {
          apiVersion: "batch/v1",
          kind: "Job",
          name,
          namespace: metadata.namespace,
          uid: job.metadata.uid,
          resourceVersion: job.metadata.resourceVersion,
        } as ObjectReference,
      ];
    } catch (error) {
      if (!isAlreadyExists(error)) {
        this.#event(cronJob, "Warning", "FailedCreate", `Error creating job: ${messageOf(error)}`);
        throw error;
      }
    }
    status.lastScheduleTime = rfc3339(dueMs);
  }

  /** Finished jobs beyond the history limits are deleted, the oldest first. */
  async #cleanUp(cronJob: CronJob, own: readonly Job[]): Promise<void> {
    const byAge = [...own].sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp));
    for (const [type, limit] of [
      ["Complete", cronJob.spec.successfulJobsHistoryLimit],
      ["Failed", cronJob.spec.failedJobsHistoryLimit],
    ] as const) {
      if (limit === undefined) continue;
      const finished = byAge.filter((job) => !job.metadata.deletionTimestamp && finishedCondition(job)?.type === type);
      for (const job of finished.slice(0, Math.max(0, finished.length - limit))) await this.#delete(cronJob, job.metadata.name);
    }
  }

  async #delete(cronJob: CronJob, name: string): Promise<void> {
    try {
      await this.#context.client.delete(jobs, { namespace: cronJob.metadata.namespace, name }, { propagationPolicy: "Background" });
      this.#event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #event(cronJob: CronJob, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#context.events.event({ object: cronJob }, type, reason, message);
  }
}
