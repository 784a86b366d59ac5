import type { Job, JobCondition } from "../../api/generated/batch-v1.ts";
import type { Pod } from "../../api/generated/core-v1.ts";
import { rfc3339 } from "../../util/clock.ts";

/** Keeps a finished pod until its job has counted it. */
export const TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking";
const COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index";

/** The Complete or Failed condition of a job that is over. */
export function finishedCondition(job: Job): JobCondition | undefined {
  return job.status.conditions?.find(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");
}

export function jobCondition(type: string, reason: string, message: string, nowMs: number, status = "True"): JobCondition {
  const now = rfc3339(nowMs);
  return { lastProbeTime: now, lastTransitionTime: now, message, reason, status, type };
}

export function hasTracking(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false;
}

export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[COMPLETION_INDEX];
  return text === undefined ? undefined : Number(text);
}

/** `0-2,4` ↔ the indexes it stands for. */
export function parseIndexes(text: string | undefined): Set<number> {
  const all = new Set<number>();
  for (const part of (text ?? "").split(",").filter(Boolean)) {
    const [from = 0, to = from] = part.split("-").map(Number);
    for (let index = from; index <= to; index++) all.add(index);
  }
  return all;
}

export function renderIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let at = 0; at < sorted.length;) {
    let end = at;
    while (end + 1 < sorted.length && sorted[end + 1] === (sorted[end] as number) + 1) end++;
    // Two in a row are a list, three a range.
    if (end === at) parts.push(String(sorted[at]));
    else parts.push(end === at + 1 ? `${sorted[at]},${sorted[end]}` : `${sorted[at]}-${sorted[end]}`);
    at = end + 1;
  }
  return parts.join(",");
}

/** When the last of its containers ended. */
export function finishedMs(pod: Pod): number | undefined {
  const times = (pod.status.containerStatuses ?? []).flatMap(({ state }) =>
    state?.terminated?.finishedAt ? [Date.parse(state.terminated.finishedAt)] : [],
  );
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** Upstream: addCompletionIndexEnvVariables, addCompletionIndexAnnotation */
export function prepareJobPod(draft: Pod, job: Job, index: number | undefined): void {
  draft.metadata.finalizers = [...(draft.metadata.finalizers ?? []), TRACKING_FINALIZER];
  if (index === undefined) return;
  draft.metadata.generateName = `${job.metadata.name}-${index}-`;
  draft.metadata.annotations = { ...draft.metadata.annotations, [COMPLETION_INDEX]: String(index) };
  draft.metadata.labels = { ...draft.metadata.labels, [COMPLETION_INDEX]: String(index) };
  draft.spec.hostname = `${job.metadata.name}-${index}`;
  const variable = { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } } };
  for (const container of [...(draft.spec.initContainers ?? []), ...draft.spec.containers]) {
    if (!container.env?.some(({ name }) => name === variable.name)) container.env = [...(container.env ?? []), variable];
  }
}
