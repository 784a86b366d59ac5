import type { LivePod } from "./pods.ts";

/** Pods to attach to: those that have run best and longest come first. Upstream: podutils.ActivePods reversed */
export const mostActiveFirst = (pods: readonly LivePod[]): LivePod[] =>
  sorted(pods, (pod) => [
    ...placeAndPhase(pod, { Running: 0, Unknown: 1 }, 2),
    deletionRank(pod),
    readySince(pod),
    ...restarts(pod),
    createdAt(pod),
  ]);

/** Pods whose logs are asked for: those that tell most come first. Upstream: podutils.ByLogging */
export const mostTellingFirst = (pods: readonly LivePod[]): LivePod[] =>
  sorted(pods, (pod) => [
    ...placeAndPhase(pod, { Unknown: 1, Pending: 2 }, 0),
    readySince(pod),
    ...restarts(pod).map((count) => -count),
    createdAt(pod),
  ]);

/** By what comes first in the keys; pods that are alike stay in their order. */
function sorted(pods: readonly LivePod[], keyOf: (pod: LivePod) => number[]): LivePod[] {
  const compare = (a: number[], b: number[]) => {
    const at = a.findIndex((value, index) => value !== b[index]);
    return at < 0 ? 0 : (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1;
  };
  return pods
    .map((pod) => ({ pod, key: keyOf(pod) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ pod }) => pod);
}

function placeAndPhase(pod: LivePod, ranks: Readonly<Record<string, number>>, other: number): number[] {
  return [pod.spec.nodeName ? 0 : 1, ranks[pod.status?.phase ?? ""] ?? other, readyCondition(pod) ? 0 : 1];
}

const readyCondition = ({ status }: LivePod) => status?.conditions?.find((each) => each.type === "Ready" && each.status === "True");
const timeOf = (text: string | undefined) => (text === undefined ? Infinity : Date.parse(text));
const readySince = (pod: LivePod): number => {
  const ready = readyCondition(pod);
  return ready ? timeOf(ready.lastTransitionTime) : 0;
};
const createdAt = ({ metadata }: LivePod): number => timeOf(metadata.creationTimestamp);
/** What stays comes before what goes, and what goes later before what goes sooner. */
const deletionRank = ({ metadata }: LivePod): number =>
  metadata.deletionTimestamp === undefined ? -Infinity : -Date.parse(metadata.deletionTimestamp);

/** The most restarts of a container, and of a sidecar. */
function restarts({ spec, status }: LivePod): number[] {
  const sidecars = new Set((spec.initContainers ?? []).filter((each) => each.restartPolicy === "Always").map(({ name }) => name));
  const most = (counts: readonly number[]) => Math.max(0, ...counts);
  return [
    most((status?.containerStatuses ?? []).map(({ restartCount }) => restartCount)),
    most((status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)).map(({ restartCount }) => restartCount)),
  ];
}
