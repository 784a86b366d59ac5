import type { Job, JobStatus } from "../api/generated/batch-v1.ts";
import type { Pod } from "../api/generated/core-v1.ts";
import { keyOf } from "../api/meta.ts";
import { isPodActive, isPodReady, isPodTerminal } from "../api/pod-facts.ts";
import { jobs } from "../api/resources/job.ts";
import { pods } from "../api/resources/pod.ts";
import { Reconciler, type Result } from "../client/reconciler.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Controller, ControllerContext } from "./controller.ts";
import { sameValue } from "./support/hash.ts";
import {
  finishedCondition,
  finishedMs,
  hasTracking,
  indexOf,
  jobCondition,
  parseIndexes,
  prepareJobPod,
  renderIndexes,
  TRACKING_FINALIZER,
} from "./support/job-facts.ts";
import {
  afterFailure,
  countsByIndex,
  type Ending,
  endingOfIndexes,
  failsIndex,
  isPodFailed,
  lastFailures,
  replacesFailedOnly,
  verdictOf,
} from "./support/job-policies.ts";
import { controllerOf } from "./support/owners.ts";
import { Expectations, PodControl, slowStart } from "./support/pod-control.ts";

const NAME = "job-controller";
// Upstream: DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff
const BACK_OFF_MS = 10_000;
const BACK_OFF_MAX_MS = 600_000;
const ACTIVE_MAX = 500;
const JOB_CONTROLLER = "kubernetes.io/job-controller";

/** Runs pods until enough of them have succeeded. Upstream: pkg/controller/job */
export const jobController: Controller = { name: NAME, start: (context) => new JobController(context).start() };

interface Failures {
  readonly inARow: number;
  readonly lastMs: number;
}

class JobController {
  readonly #context: ControllerContext;
  readonly #control: PodControl<Job>;
  readonly #reconciler: Reconciler;
  readonly #expectations = new Expectations();
  readonly #failures = new Map<string, Failures>();
  /** Uids of pods that are counted; until the cache shows them without their finalizer they must not count again. */
  readonly #counted = new Set<string>();

  constructor(context: ControllerContext) {
    this.#context = { ...context, client: context.client.as(NAME), events: context.events.from(NAME) };
    this.#control = new PodControl(this.#context, jobs);
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
    const forget = (job: Job) => {
      this.#failures.delete(keyOf(job));
      this.#expectations.forget(keyOf(job));
      // Its pods still carry our finalizer.
      for (const pod of informers.of(pods).byIndex("owner", job.metadata.uid)) void this.#release(pod);
    };
    informers.of(jobs).addHandler({
      added: (job) => this.#reconciler.add(keyOf(job)),
      updated: (job) => this.#reconciler.add(keyOf(job)),
      deleted: forget,
    });
    const ofPod = (pod: Pod) => {
      const owner = controllerOf(pod);
      if (owner?.kind !== "Job") {
        if (hasTracking(pod) && pod.metadata.deletionTimestamp) void this.#release(pod);
        return;
      }
      const key = `${pod.metadata.namespace}/${owner.name}`;
      if (informers.of(jobs).synced && informers.of(jobs).find(key)?.metadata.uid !== owner.uid && pod.metadata.deletionTimestamp)
        void this.#release(pod);
      else this.#reconciler.add(key);
    };
    informers.of(pods).addHandler({
      added: ofPod,
      updated: ofPod,
      deleted: (pod) => {
        this.#counted.delete(pod.metadata.uid);
        const owner = controllerOf(pod);
        if (owner?.kind === "Job") this.#expectations.seenDeleted(`${pod.metadata.namespace}/${owner.name}`, pod);
        ofPod(pod);
      },
    });
  }

  async #reconcile(key: string): Promise<Result | void> {
    const { informers, clock } = this.#context;
    const job = informers.of(jobs).find(key);
    if (!job || (job.spec.managedBy ?? JOB_CONTROLLER) !== JOB_CONTROLLER) return;
    const podInformer = informers.of(pods);
    const own = podInformer.byIndex("owner", job.metadata.uid);
    if (job.metadata.deletionTimestamp || finishedCondition(job)) {
      for (const pod of own) if (isPodTerminal(pod) || pod.metadata.deletionTimestamp) await this.#release(pod);
      return;
    }
    const settled = this.#expectations.settled(
      key,
      (podKey) => podInformer.find(podKey),
      (uid) => !own.some((pod) => pod.metadata.uid === uid && !pod.metadata.deletionTimestamp),
    );
    const { status, held } = this.#count(job, own);
    if (!job.spec.suspend) status.startTime ??= rfc3339(clock.now());
    const ending = this.#endingOf(job, status, own);
    if (ending) for (const pod of held) this.#countFailure(job, pod, status);
    let active = own.filter(isPodActive);
    let result: Result | undefined;
    let failure: unknown;
    if (ending || job.spec.suspend) {
      if (settled) await this.#stop(job, key, active);
      active = [];
    } else if (settled) {
      result = await this.#manage(job, key, status, active).catch((error: unknown) => {
        failure = error;
        return undefined;
      });
      active = podInformer.byIndex("owner", job.metadata.uid).filter(isPodActive);
    }
    this.#conclude(job, status, active, own, ending);
    await this.#write(job, status, own);
    if (failure) throw failure;
    return result ?? this.#deadlineOf(job, status);
  }

  /** Finished pods that still carry the finalizer are new: they add to the counts. Upstream: trackJobStatusAndRemoveFinalizers */
  #count(job: Job, own: readonly Pod[]): { readonly status: JobStatus; readonly held: readonly Pod[] } {
    const key = keyOf(job);
    const held: Pod[] = [];
    const byIndex = countsByIndex(job);
    const status: JobStatus = { ...job.status, succeeded: job.status.succeeded ?? 0, failed: job.status.failed ?? 0 };
    const indexes = parseIndexes(status.completedIndexes);
    const isNew = (pod: Pod) =>
      hasTracking(pod) && !this.#counted.has(pod.metadata.uid) && (pod.status.phase === "Succeeded" || isPodFailed(job, pod));
    const failedIndexes = parseIndexes(status.failedIndexes);
    if (byIndex)
      for (const pod of own)
        if (isNew(pod) && pod.status.phase !== "Succeeded" && failsIndex(job, pod)) failedIndexes.add(indexOf(pod) ?? -1);
    const waiting = byIndex ? lastFailures(job, own, new Set([...indexes, ...failedIndexes])) : undefined;
    for (const pod of own) {
      if (!isNew(pod)) continue;
      const index = indexOf(pod);
      // The last failure of an index says how many there were: it stays until the next pod knows.
      if (index !== undefined && waiting?.get(index) === pod && !own.some((other) => indexOf(other) === index && isPodActive(other))) {
        held.push(pod);
        continue;
      }
      if (pod.status.phase === "Succeeded") {
        this.#counted.add(pod.metadata.uid);
        this.#failures.delete(key);
        if (job.spec.completionMode !== "Indexed") status.succeeded = (status.succeeded ?? 0) + 1;
        else if (index !== undefined && index < (job.spec.completions ?? 0)) indexes.add(index);
      } else {
        this.#countFailure(job, pod, status);
        this.#failures.set(key, {
          inARow: (this.#failures.get(key)?.inARow ?? 0) + 1,
          lastMs: finishedMs(pod) ?? this.#context.clock.now(),
        });
      }
    }
    if (byIndex) status.failedIndexes = renderIndexes(failedIndexes);
    if (job.spec.completionMode === "Indexed") {
      status.succeeded = indexes.size;
      status.completedIndexes = renderIndexes(indexes);
    }
    return { status, held };
  }

  #countFailure(job: Job, pod: Pod, status: JobStatus): void {
    this.#counted.add(pod.metadata.uid);
    if (verdictOf(job, pod)?.action !== "Ignore") status.failed = (status.failed ?? 0) + 1;
  }

  /** Why the job is over, if it is: success first. */
  #endingOf(job: Job, status: JobStatus, own: readonly Pod[]): Ending | undefined {
    const known = job.status.conditions?.find(
      ({ type, status: value }) => (type === "FailureTarget" || type === "SuccessCriteriaMet") && value === "True",
    );
    if (known)
      return { type: known.type === "FailureTarget" ? "Failed" : "Complete", reason: known.reason ?? "", message: known.message ?? "" };
    for (const pod of own) {
      const verdict = isPodFailed(job, pod) ? verdictOf(job, pod) : undefined;
      if (verdict?.action === "FailJob") return { type: "Failed", reason: "PodFailurePolicy", message: verdict.message };
    }
    const limit = job.spec.backoffLimit ?? 6;
    const restarts = own
      .filter((pod) => isPodActive(pod) && pod.spec.restartPolicy === "OnFailure")
      .flatMap((pod) => [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])])
      .reduce((sum, container) => sum + container.restartCount, 0);
    const restartsOver = limit === 0 ? restarts > 0 : restarts >= limit;
    if ((status.failed ?? 0) > limit || restartsOver)
      return { type: "Failed", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
    const deadline = job.spec.activeDeadlineSeconds;
    if (
      deadline !== undefined &&
      status.startTime &&
      !job.spec.suspend &&
      this.#context.clock.now() >= Date.parse(status.startTime) + deadline * 1000
    ) {
      return { type: "Failed", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
    }
    const byIndexes = job.spec.completionMode === "Indexed" ? endingOfIndexes(job, status) : undefined;
    if (byIndexes) return byIndexes;
    const succeeded = status.succeeded ?? 0;
    const stillActive = own.some(isPodActive);
    const complete = job.spec.completions === undefined ? succeeded > 0 && !stillActive : succeeded >= job.spec.completions;
    return complete ? { type: "Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" } : undefined;
  }

  async #manage(job: Job, key: string, status: JobStatus, active: readonly Pod[]): Promise<Result | undefined> {
    const parallelism = job.spec.parallelism ?? 1;
    const succeeded = status.succeeded ?? 0;
    const wanted =
      job.spec.completions === undefined
        ? succeeded > 0
          ? Math.min(active.length, parallelism)
          : parallelism
        : Math.max(0, Math.min(parallelism, job.spec.completions - succeeded));
    if (active.length > wanted) {
      await this.#stop(
        job,
        key,
        [...active].sort((a, b) => Number(isPodReady(a)) - Number(isPodReady(b))).slice(0, active.length - wanted),
      );
      return undefined;
    }
    const own = this.#context.informers.of(pods).byIndex("owner", job.metadata.uid);
    // Where only what has failed is replaced, a pod still counts while it ends.
    const leaving = replacesFailedOnly(job) ? own.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod)).length : 0;
    const lacking = Math.min(wanted - active.length - leaving, ACTIVE_MAX);
    if (lacking <= 0) return undefined;
    const byIndex = countsByIndex(job);
    const waitMs = byIndex ? 0 : this.#backOffMs(key);
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    const missing = this.#missingIndexes(job, status, active);
    if (byIndex) return this.#createIndexes(job, key, (missing ?? []).slice(0, lacking), own);
    await slowStart(this.#context.clock, Math.min(lacking, missing?.length ?? lacking), async (at) => {
      const pod = await this.#control.create(job, job.spec.template, (draft) => prepareJobPod(draft as Pod, job, missing?.[at]));
      this.#expectations.expectCreated(key, pod);
    });
    return undefined;
  }

  /** Each index waits for itself after its own failures. Upstream: getPodCreationInfoForIndependentIndexes */
  async #createIndexes(job: Job, key: string, indexes: readonly number[], own: readonly Pod[]): Promise<Result | undefined> {
    const nowMs = this.#context.clock.now();
    const last = lastFailures(job, own, new Set());
    const planned = indexes.map((index) => {
      const pod = last.get(index);
      const { annotations, failures } = afterFailure(job, pod);
      const backOffMs = failures > 0 ? Math.min(BACK_OFF_MS * 2 ** (failures - 1), BACK_OFF_MAX_MS) : 0;
      return { index, annotations, waitMs: pod ? (finishedMs(pod) ?? nowMs) + backOffMs - nowMs : 0 };
    });
    const due = planned.filter(({ waitMs }) => waitMs <= 0);
    await slowStart(this.#context.clock, due.length, async (at) => {
      const pod = await this.#control.create(job, job.spec.template, (draft) => {
        prepareJobPod(draft as Pod, job, due[at]?.index);
        Object.assign(draft.metadata?.annotations ?? {}, due[at]?.annotations);
      });
      this.#expectations.expectCreated(key, pod);
    });
    const later = planned.filter(({ waitMs }) => waitMs > 0).map(({ waitMs }) => waitMs);
    return later.length > 0 ? { requeueAfterMs: Math.min(...later) } : undefined;
  }

  #missingIndexes(job: Job, status: JobStatus, active: readonly Pod[]): number[] | undefined {
    if (job.spec.completionMode !== "Indexed") return undefined;
    const taken = new Set([...parseIndexes(status.completedIndexes), ...parseIndexes(status.failedIndexes)]);
    for (const pod of active) taken.add(indexOf(pod) ?? -1);
    return Array.from({ length: job.spec.completions ?? 0 }, (_, index) => index).filter((index) => !taken.has(index));
  }

  #backOffMs(key: string): number {
    const failures = this.#failures.get(key);
    if (!failures) return 0;
    return failures.lastMs + Math.min(BACK_OFF_MS * 2 ** (failures.inARow - 1), BACK_OFF_MAX_MS) - this.#context.clock.now();
  }

  async #stop(job: Job, key: string, victims: readonly Pod[]): Promise<void> {
    for (const pod of victims) {
      this.#expectations.expectDeleted(key, pod);
      await this.#control.delete(job, pod);
    }
  }

  /** Counts and conditions as they are now; the last condition only when every pod is gone or finished. */
  #conclude(job: Job, status: JobStatus, active: readonly Pod[], own: readonly Pod[], ending: Ending | undefined): void {
    const nowMs = this.#context.clock.now();
    const terminating = own.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod)).length;
    status.active = active.length;
    status.ready = active.filter(isPodReady).length;
    status.terminating = terminating;
    status.uncountedTerminatedPods = {};
    const conditions = [...(status.conditions ?? [])];
    const add = (type: string, reason: string, message: string, value = "True") => {
      const at = conditions.findIndex((condition) => condition.type === type);
      if (conditions[at]?.status === value) return false;
      if (at >= 0) conditions.splice(at, 1);
      conditions.push(jobCondition(type, reason, message, nowMs, value));
      return true;
    };
    const event = (type: "Normal" | "Warning", reason: string, message: string) =>
      this.#context.events.event({ object: job }, type, reason, message);
    if (ending) {
      add(ending.type === "Failed" ? "FailureTarget" : "SuccessCriteriaMet", ending.reason, ending.message);
      const left = own.filter((pod) => isPodActive(pod) || (pod.metadata.deletionTimestamp && !isPodTerminal(pod))).length;
      if (left === 0) {
        add(ending.type, ending.reason, ending.message);
        if (ending.type === "Complete") status.completionTime = rfc3339(nowMs);
        if (ending.type === "Complete") event("Normal", "Completed", "Job completed");
        else event("Warning", ending.reason, ending.message);
        status.active = 0;
      }
    } else if (job.spec.suspend) {
      if (add("Suspended", "JobSuspended", "Job suspended")) event("Normal", "Suspended", "Job suspended");
      delete status.startTime;
    } else if (conditions.some(({ type, status: value }) => type === "Suspended" && value === "True")) {
      add("Suspended", "JobResumed", "Job resumed", "False");
      event("Normal", "Resumed", "Job resumed");
      status.startTime = rfc3339(nowMs);
    }
    if (conditions.length > 0) status.conditions = conditions;
    for (const field of ["active", "succeeded", "failed"] as const) if (status[field] === 0) delete status[field];
    if (!status.completedIndexes) delete status.completedIndexes;
  }

  /** The counts first, then the finalizers: a pod must not go before it is counted. */
  async #write(job: Job, status: JobStatus, own: readonly Pod[]): Promise<void> {
    if (!sameValue(status, job.status)) {
      await this.#context.client.mutate(jobs, job.metadata, (now) => (now.metadata.uid === job.metadata.uid ? { ...now, status } : now), {
        subresource: "status",
      });
    }
    for (const pod of own) if (this.#counted.has(pod.metadata.uid)) await this.#release(pod);
  }

  async #release(pod: Pod): Promise<void> {
    if (!hasTracking(pod)) {
      this.#counted.delete(pod.metadata.uid);
      return;
    }
    await this.#context.client.mutate(pods, pod.metadata, (now) =>
      hasTracking(now) && now.metadata.uid === pod.metadata.uid
        ? {
            ...now,
            metadata: {
              ...now.metadata,
              finalizers: (now.metadata.finalizers ?? []).filter((finalizer) => finalizer !== TRACKING_FINALIZER),
            },
          }
        : now,
    );
  }

  #deadlineOf(job: Job, status: JobStatus): Result | undefined {
    if (job.spec.activeDeadlineSeconds === undefined || !status.startTime || job.spec.suspend) return undefined;
    return {
      requeueAfterMs: Math.max(1, Date.parse(status.startTime) + job.spec.activeDeadlineSeconds * 1000 - this.#context.clock.now()),
    };
  }
}
