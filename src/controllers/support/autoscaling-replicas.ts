import type { HorizontalPodAutoscaler, MetricTarget } from "../../api/generated/autoscaling-v2.ts";
import type { Pod } from "../../api/generated/core-v1.ts";
import { isSidecar, podCondition, podRequests } from "../../api/pod-facts.ts";
import { parseQuantity } from "../../api/quantity.ts";
import type { PodMetrics } from "../controller.ts";

/** kube-controller-manager's --horizontal-pod-autoscaler-tolerance, -cpu-initialization-period and -initial-readiness-delay. */
const DEFAULT_TOLERANCE = 0.1;
const CPU_INITIALIZATION_MS = 5 * 60_000;
const INITIAL_READINESS_DELAY_MS = 30_000;

export interface Proposal {
  readonly replicas: number;
  /** Of what was asked, in percent; undefined where there is no request to compare with. */
  readonly utilization?: number;
  /** Thousandths of a unit, a pod on average. */
  readonly average: number;
}

export interface ReplicaQuestion {
  readonly hpa: HorizontalPodAutoscaler;
  readonly resource: string;
  /** Empty: all of the pod's containers. */
  readonly container: string;
  readonly target: MetricTarget;
  readonly currentReplicas: number;
  readonly pods: readonly Pod[];
  readonly nowMs: number;
  metricsOf(pod: Pod): PodMetrics | undefined;
}

interface Sample {
  /** Thousandths of a unit. */
  readonly value: number;
  readonly timestampMs: number;
  readonly windowMs: number;
}

/** How many replicas a resource's figures ask for; throws in upstream's words. Upstream: pkg/controller/podautoscaler/replica_calculator.go */
export function resourceReplicas(question: ReplicaQuestion): Proposal {
  const { target, resource } = question;
  const byValue = target.averageValue !== undefined;
  try {
    if (target.averageValue !== undefined) {
      const wanted = parseQuantity(target.averageValue).milliValue();
      return replicasFor(question, () => (samples) => {
        const average = Math.trunc(sum(samples.values()) / samples.size);
        return { ratio: average / wanted, average };
      });
    }
    const wanted = target.averageUtilization ?? 0;
    return replicasFor(question, (requests) => (samples) => {
      const known = [...samples].filter(([name]) => requests.has(name));
      const requested = known.reduce((total, [name]) => total + (requests.get(name) ?? 0), 0);
      if (requested === 0) throw new Error("no metrics returned matched known pods");
      const used = known.reduce((total, [, value]) => total + value, 0);
      const utilization = Math.trunc((used * 100) / requested);
      return { ratio: utilization / wanted, utilization, average: Math.trunc(used / known.length) };
    });
  } catch (error) {
    throw new Error(`failed to get ${resource} ${byValue ? "usage" : "utilization"}: ${(error as Error).message}`, { cause: error });
  }
}

type Ratio = Omit<Proposal, "replicas"> & { readonly ratio: number };
type RatioOf = (samples: ReadonlyMap<string, number>) => Ratio;

function replicasFor(question: ReplicaQuestion, compare: (requests: ReadonlyMap<string, number>) => RatioOf): Proposal {
  const { hpa, pods, currentReplicas, target, resource } = question;
  const samples = samplesOf(question);
  if (pods.length === 0) throw new Error("no pods returned by selector while calculating replica count");
  const groups = groupPods(question, samples);
  const counted = new Map([...samples].filter(([name]) => !groups.unready.has(name) && !groups.ignored.has(name)));
  if (counted.size === 0) throw new Error("did not receive metrics for targeted pods (pods might be unready)");
  const byValue = target.averageValue !== undefined;
  const requests = byValue ? new Map<string, number>() : new Map(pods.map((pod) => [pod.metadata.name, requestOf(pod, question)]));
  const ratioOf = compare(requests);
  const values = new Map([...counted].map(([name, sample]) => [name, sample.value]));
  const first = ratioOf(values);
  const stay = { ...withoutRatio(first), replicas: currentReplicas };
  const isWithin = tolerances(hpa);

  const scaleUpWithUnready = groups.unready.size > 0 && first.ratio > 1;
  if (!scaleUpWithUnready && groups.missing.size === 0)
    return isWithin(first.ratio) ? stay : { ...stay, replicas: Math.ceil(first.ratio * groups.ready) };

  // Who has not been measured is taken to use what would change the least.
  for (const name of groups.missing) {
    if (first.ratio > 1) values.set(name, 0);
    else if (first.ratio < 1) values.set(name, byValue ? parseQuantity(target.averageValue ?? "0").milliValue() : fullUse(requests, name));
  }
  if (scaleUpWithUnready) for (const name of groups.unready) values.set(name, 0);
  const { ratio } = ratioOf(values);
  if (isWithin(ratio) || (first.ratio < 1 && ratio > 1) || (first.ratio > 1 && ratio < 1)) return stay;
  const replicas = Math.ceil(ratio * values.size);
  if ((ratio < 1 && replicas > currentReplicas) || (ratio > 1 && replicas < currentReplicas)) return stay;
  return { ...stay, replicas };

  function fullUse(all: ReadonlyMap<string, number>, name: string): number {
    return Math.trunc(((all.get(name) ?? 0) * Math.max(100, question.target.averageUtilization ?? 0)) / 100);
  }
  function samplesOf({ container, metricsOf }: ReplicaQuestion): Map<string, Sample> {
    try {
      return measure(pods, resource, container, metricsOf);
    } catch (error) {
      throw new Error(`unable to get metrics for resource ${resource}: ${(error as Error).message}`, { cause: error });
    }
  }
}

const withoutRatio = ({ utilization, average }: Ratio): Omit<Proposal, "replicas"> => ({
  average,
  ...(utilization === undefined ? {} : { utilization }),
});

/** Upstream: pkg/controller/podautoscaler/metrics/client.go GetResourceMetric */
function measure(
  pods: readonly Pod[],
  resource: string,
  container: string,
  metricsOf: (pod: Pod) => PodMetrics | undefined,
): Map<string, Sample> {
  const samples = new Map<string, Sample>();
  let any = false;
  for (const pod of pods) {
    const metrics = metricsOf(pod);
    if (!metrics) continue;
    any = true;
    const counted = container === "" ? metrics.containers : metrics.containers.filter(({ name }) => name === container);
    if (container !== "" && counted.length === 0)
      throw new Error(
        `failed to get container metrics: container ${container} not present in metrics for pod ${pod.metadata.namespace}/${pod.metadata.name}`,
      );
    if (resource !== "cpu" && resource !== "memory") continue;
    // As metrics-server writes them: whole nanocores and KiB. A thousandth that has begun counts whole.
    const value = counted.reduce(
      (total, { cpuNanoCores, memoryBytes }) =>
        total + (resource === "cpu" ? Math.ceil(Math.round(cpuNanoCores) / 1e6) : Math.round(memoryBytes / 1024) * 1024 * 1000),
      0,
    );
    samples.set(pod.metadata.name, { value, timestampMs: metrics.timestampMs, windowMs: metrics.windowMs });
  }
  if (!any) throw new Error("no metrics returned from resource metrics API");
  return samples;
}

interface PodGroups {
  readonly ready: number;
  readonly unready: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
  readonly ignored: ReadonlySet<string>;
}

function groupPods({ pods, resource, nowMs }: ReplicaQuestion, samples: ReadonlyMap<string, Sample>): PodGroups {
  const unready = new Set<string>();
  const missing = new Set<string>();
  const ignored = new Set<string>();
  let ready = 0;
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const sample = samples.get(name);
    if (deletionTimestamp !== undefined || pod.status.phase === "Failed") ignored.add(name);
    else if (pod.status.phase === "Pending") unready.add(name);
    else if (!sample) missing.add(name);
    else if (resource === "cpu" && !countsForCpu(pod, sample, nowMs)) unready.add(name);
    else ready++;
  }
  return { ready, unready, missing, ignored };
}

/** A pod that begins uses more than it will: its figures count when it is ready, and a whole window of them was. */
function countsForCpu(pod: Pod, sample: Sample, nowMs: number): boolean {
  const condition = podCondition(pod, "Ready");
  const startedMs = Date.parse(pod.status.startTime ?? "");
  if (!condition || Number.isNaN(startedMs)) return false;
  const changedMs = Date.parse(condition.lastTransitionTime ?? "");
  const isUnready = condition.status === "False";
  if (startedMs + CPU_INITIALIZATION_MS > nowMs) return !(isUnready || sample.timestampMs < changedMs + sample.windowMs);
  return !(isUnready && startedMs + INITIAL_READINESS_DELAY_MS > changedMs);
}

/** Thousandths. Upstream: calculateRequests */
function requestOf(pod: Pod, { resource, container }: ReplicaQuestion): number {
  const { name } = pod.metadata;
  const { spec } = pod;
  const milli = (text: string) => parseQuantity(text).milliValue();
  if (container === "" && Object.keys(spec.resources?.requests ?? {}).length > 0) {
    const amount = podRequests(pod).get(resource);
    if (amount === undefined) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`);
    return resource === "cpu" ? amount : amount * 1000;
  }
  let total = 0;
  for (const each of [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)]) {
    if (container !== "" && container !== each.name) continue;
    const request = each.resources?.requests?.[resource];
    if (request === undefined) throw new Error(`missing request for ${resource} in container ${each.name} of Pod ${name}`);
    total += milli(request);
    if (container === each.name) return total;
  }
  if (container !== "") throw new Error(`container ${container} not found in Pod ${name}`);
  return total;
}

function tolerances({ spec: { behavior } }: HorizontalPodAutoscaler): (ratio: number) => boolean {
  const of = (text: string | undefined) => (text === undefined ? DEFAULT_TOLERANCE : parseQuantity(text).milliValue() / 1000);
  const up = of(behavior?.scaleUp?.tolerance);
  const down = of(behavior?.scaleDown?.tolerance);
  return (ratio) => 1 - down <= ratio && ratio <= 1 + up;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
