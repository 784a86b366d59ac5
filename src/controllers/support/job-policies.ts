import type { Job, JobStatus, PodFailurePolicyRule } from "../../api/generated/batch-v1.ts";
import type { Pod } from "../../api/generated/core-v1.ts";
import { isPodTerminal } from "../../api/pod-facts.ts";
import { indexOf, parseIndexes } from "./job-facts.ts";

const FAILURE_COUNT = "batch.kubernetes.io/job-index-failure-count";
const IGNORED_FAILURE_COUNT = "batch.kubernetes.io/job-index-ignored-failure-count";

/** Where terminating pods are waited for, only Failed ones are failures. Upstream: isPodFailed */
export function isPodFailed(job: Job, pod: Pod): boolean {
  if (pod.status.phase === "Failed") return true;
  return !replacesFailedOnly(job) && pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod);
}

export const replacesFailedOnly = (job: Job) => job.spec.podReplacementPolicy === "Failed";

interface Verdict {
  readonly action: string;
  /** Why the whole job fails. */
  readonly message: string;
}

/** What the first rule that fits says of a failed pod. Upstream: pkg/controller/job/pod_failure_policy.go matchPodFailurePolicy */
export function verdictOf(job: Job, pod: Pod): Verdict | undefined {
  const { name, namespace } = pod.metadata;
  for (const [index, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const { action, onExitCodes, onPodConditions } = rule;
    if (onExitCodes) {
      const found = exitCodeOf(pod, onExitCodes);
      if (found) {
        const what = `Container ${found.container} for pod ${namespace}/${name} failed with exit code ${found.exitCode}`;
        return { action, message: `${what} matching ${action} rule at index ${index}` };
      }
      continue;
    }
    const condition = (pod.status.conditions ?? []).find(({ type, status }) =>
      onPodConditions?.some((pattern) => pattern.type === type && (pattern.status ?? "True") === status),
    );
    if (condition)
      return { action, message: `Pod ${namespace}/${name} has condition ${condition.type} matching ${action} rule at index ${index}` };
  }
  return undefined;
}

function exitCodeOf(
  { status }: Pod,
  { containerName, operator, values }: NonNullable<PodFailurePolicyRule["onExitCodes"]>,
): { readonly container: string; readonly exitCode: number } | undefined {
  for (const { name, state } of [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]) {
    const exitCode = state?.terminated?.exitCode;
    if (exitCode === undefined || exitCode === 0 || (containerName !== undefined && containerName !== name)) continue;
    if (values.includes(exitCode) === (operator === "In")) return { container: name, exitCode };
  }
  return undefined;
}

/** The rule that is met, if one is. Upstream: pkg/controller/job/success_policy.go */
function metSuccessPolicy(job: Job, succeeded: ReadonlySet<number>): string | undefined {
  if (succeeded.size === 0) return undefined;
  for (const [index, { succeededIndexes, succeededCount }] of (job.spec.successPolicy?.rules ?? []).entries()) {
    const required = succeededIndexes === undefined ? undefined : [...parseIndexes(succeededIndexes)];
    const done = required ? required.filter((each) => succeeded.has(each)).length : succeeded.size;
    const enough = succeededCount ?? required?.length ?? Number.POSITIVE_INFINITY;
    if (required?.length === 0) continue;
    if (done >= enough) return `Matched rules at index ${index}`;
  }
  return undefined;
}

export const countsByIndex = ({ spec }: Job) => spec.completionMode === "Indexed" && spec.backoffLimitPerIndex !== undefined;

const failureCount = (pod: Pod) => Number(pod.metadata.annotations?.[FAILURE_COUNT] ?? 0);
const ignoredFailureCount = (pod: Pod) => Number(pod.metadata.annotations?.[IGNORED_FAILURE_COUNT] ?? 0);

/** Whether this failure was the index's last one. Upstream: isIndexFailed */
export function failsIndex(job: Job, pod: Pod): boolean {
  const action = verdictOf(job, pod)?.action;
  if (action === "FailIndex") return true;
  return action !== "Ignore" && failureCount(pod) >= (job.spec.backoffLimitPerIndex ?? 0);
}

/** For each index that is to be tried again, the pod that failed last: it knows how often. Upstream: getPodsWithDelayedDeletionPerIndex */
export function lastFailures(job: Job, own: readonly Pod[], done: ReadonlySet<number>): ReadonlyMap<number, Pod> {
  const last = new Map<number, Pod>();
  const attempts = (pod: Pod) => failureCount(pod) + ignoredFailureCount(pod);
  for (const pod of own) {
    const index = indexOf(pod);
    if (index === undefined || done.has(index) || !isPodFailed(job, pod)) continue;
    const known = last.get(index);
    if (!known || attempts(known) < attempts(pod)) last.set(index, pod);
  }
  return last;
}

/** What the pod that comes after `last` is told of the failures before it, and when it may come. */
export function afterFailure(job: Job, last: Pod | undefined): { readonly annotations: Record<string, string>; readonly failures: number } {
  if (!last) return { annotations: { [FAILURE_COUNT]: "0" }, failures: 0 };
  const isIgnored = verdictOf(job, last)?.action === "Ignore";
  const counted = failureCount(last) + (isIgnored ? 0 : 1);
  const ignored = ignoredFailureCount(last) + (isIgnored ? 1 : 0);
  return {
    annotations: { [FAILURE_COUNT]: String(counted), ...(ignored > 0 ? { [IGNORED_FAILURE_COUNT]: String(ignored) } : {}) },
    failures: counted + ignored,
  };
}

export interface Ending {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/** What the indexes' failures and the success policy say. */
export function endingOfIndexes(job: Job, status: JobStatus): Ending | undefined {
  const failed = parseIndexes(status.failedIndexes).size;
  const succeeded = parseIndexes(status.completedIndexes);
  if (countsByIndex(job)) {
    const { maxFailedIndexes: max, completions = 0 } = job.spec;
    if (max !== undefined && failed > max) {
      const message = "Job has exceeded the specified maximal number of failed indexes";
      return { type: "Failed", reason: "MaxFailedIndexesExceeded", message };
    }
    if (failed > 0 && failed + succeeded.size >= completions)
      return { type: "Failed", reason: "FailedIndexes", message: "Job has failed indexes" };
  }
  const met = metSuccessPolicy(job, succeeded);
  return met === undefined ? undefined : { type: "Complete", reason: "SuccessPolicy", message: met };
}
