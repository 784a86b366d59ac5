import type { Pod } from "../api/generated/core-v1.ts";
import { parseQuantity } from "../api/quantity.ts";
import { MACHINE_IDLE } from "../apiserver/node-gateway.ts";
import type { ContainerInfo, ContainerUsage } from "../containers/runtime.ts";
import { rfc3339 } from "../util/clock.ts";
import { type Metric, type MetricOptions, renderMetrics, Gauge } from "../util/prometheus.ts";
import type { Kubelet } from "./kubelet.ts";

interface Running {
  readonly pod: Pod;
  readonly container: ContainerInfo;
  readonly usage: ContainerUsage;
}

/** What runs, by the pods' names. */
function runningContainers(kubelet: Kubelet): Running[] {
  const byUid = new Map(kubelet.pods().map((pod) => [pod.metadata.uid, pod]));
  const found: Running[] = [];
  for (const container of kubelet.runtime.listContainers()) {
    const pod = byUid.get(container.podUid);
    if (pod && container.state === "running") found.push({ pod, container, usage: kubelet.runtime.usage(container.id) });
  }
  const nameOf = ({ pod, container }: Running) => `${pod.metadata.namespace}/${pod.metadata.name}/${container.name}`;
  return found.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

interface Total {
  readonly cpuNanoCores: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

const NOTHING: Total = { cpuNanoCores: 0, cpuSeconds: 0, memoryBytes: 0 };
const plus = (a: Total, b: Total): Total => ({
  cpuNanoCores: a.cpuNanoCores + b.cpuNanoCores,
  cpuSeconds: a.cpuSeconds + b.cpuSeconds,
  memoryBytes: a.memoryBytes + b.memoryBytes,
});
const totalOf = (all: readonly Running[]): Total => all.reduce((sum, { usage }) => plus(sum, usage), NOTHING);

function nodeTotal(kubelet: Kubelet, all: readonly Running[]): Total {
  const upSeconds = (kubelet.nowMs() - kubelet.startedAtMs) / 1000;
  return plus(totalOf(all), { ...MACHINE_IDLE, cpuSeconds: (upSeconds * MACHINE_IDLE.cpuNanoCores) / 1e9 });
}

function byPod(all: readonly Running[]): Map<Pod, Running[]> {
  const pods = new Map<Pod, Running[]>();
  for (const each of all) pods.set(each.pod, [...(pods.get(each.pod) ?? []), each]);
  return pods;
}

const rounded = (value: number) => Number(value.toFixed(6));
const podLabels = ({ metadata }: Pod) => `namespace="${metadata.namespace}",pod="${metadata.name}"`;

/** A family with a time on every sample; empty ones are left out, as a registry gathers them. */
class Timed implements Metric {
  readonly #options: MetricOptions & { readonly type: "counter" | "gauge" };
  readonly #samples: readonly (readonly [labels: string, value: number])[];
  readonly #suffix: string;

  constructor(
    options: MetricOptions & { readonly type: "counter" | "gauge" },
    samples: readonly (readonly [labels: string, value: number])[],
    atMs: number | undefined,
  ) {
    this.#options = options;
    this.#samples = samples;
    this.#suffix = atMs === undefined ? "" : ` ${Math.floor(atMs)}`;
  }

  render(): string[] {
    const { name, help, type, stability } = this.#options;
    if (this.#samples.length === 0) return [];
    return [
      `# HELP ${name} ${stability ? `[${stability}] ` : ""}${help}`,
      `# TYPE ${name} ${type}`,
      ...this.#samples.map(([labels, value]) => `${name}${labels === "" ? "" : `{${labels}}`} ${value}${this.#suffix}`),
    ];
  }
}

/** /metrics/resource. Upstream: pkg/kubelet/metrics/collectors/resource_metrics.go */
export function resourceMetrics(kubelet: Kubelet): string {
  const all = runningContainers(kubelet);
  const pods = [...byPod(all)].map(([pod, own]) => [podLabels(pod), totalOf(own)] as const);
  const node = nodeTotal(kubelet, all);
  const nowMs = kubelet.nowMs();
  const labels = ({ pod, container }: Running) => `container="${container.name}",${podLabels(pod)}`;
  const family = (name: string, type: "counter" | "gauge", help: string, samples: readonly (readonly [string, number])[]) =>
    new Timed({ name, type, help, stability: "STABLE" }, samples, nowMs);
  return renderMetrics([
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the container in core-seconds",
      all.map((each) => [labels(each), rounded(each.usage.cpuSeconds)]),
    ),
    family(
      "container_memory_working_set_bytes",
      "gauge",
      "Current working set of the container in bytes",
      all.map((each) => [labels(each), each.usage.memoryBytes]),
    ),
    new Timed(
      {
        name: "container_start_time_seconds",
        type: "gauge",
        help: "Start time of the container since unix epoch in seconds",
        stability: "STABLE",
      },
      all.map((each) => [labels(each), rounded(each.container.startedAtMs / 1000)]),
      undefined,
    ),
    family("node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds", [
      ["", rounded(node.cpuSeconds)],
    ]),
    family("node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes", [["", node.memoryBytes]]),
    family(
      "pod_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the pod in core-seconds",
      pods.map(([pod, total]) => [pod, rounded(total.cpuSeconds)]),
    ),
    family(
      "pod_memory_working_set_bytes",
      "gauge",
      "Current working set of the pod in bytes",
      pods.map(([pod, total]) => [pod, total.memoryBytes]),
    ),
    new Timed(
      {
        name: "resource_scrape_error",
        type: "gauge",
        help: "1 if there was an error while getting container metrics, 0 otherwise",
        stability: "STABLE",
      },
      [["", 0]],
      undefined,
    ),
  ]);
}

/** /metrics/cadvisor: the few families whose figures are simulated. Upstream: github.com/google/cadvisor/metrics/prometheus.go */
export function cadvisorMetrics(kubelet: Kubelet): string {
  const all = runningContainers(kubelet);
  const nowMs = kubelet.nowMs();
  const labels = ({ pod, container }: Running, cpu = "") =>
    `container="${container.name}",${cpu}id="${cgroupOf(pod, container)}",image="${container.image}",name="${container.id}",${podLabels(pod)}`;
  const family = (name: string, type: "counter" | "gauge", help: string, value: (each: Running) => number, cpu = "") =>
    new Timed(
      { name, type, help },
      all.map((each) => [labels(each, cpu), value(each)] as const),
      nowMs,
    );
  const machine = (name: string, help: string, value: number) => new Timed({ name, type: "gauge", help }, [["", value]], nowMs);
  return renderMetrics([
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed in seconds.",
      ({ usage }) => rounded(usage.cpuSeconds),
      'cpu="total",',
    ),
    family("container_last_seen", "gauge", "Last time a container was seen by the exporter", () => Math.floor(nowMs / 1000)),
    family(
      "container_memory_usage_bytes",
      "gauge",
      "Current memory usage in bytes, including all memory regardless of when it was accessed",
      ({ usage }) => usage.memoryBytes,
    ),
    family("container_memory_working_set_bytes", "gauge", "Current working set in bytes.", ({ usage }) => usage.memoryBytes),
    new Timed(
      { name: "container_start_time_seconds", type: "gauge", help: "Start time of the container since unix epoch in seconds." },
      all.map((each) => [labels(each), Math.floor(each.container.startedAtMs / 1000)]),
      undefined,
    ),
    machine("machine_cpu_cores", "Number of logical CPU cores.", parseQuantity(kubelet.capacity.cpu).value()),
    machine("machine_memory_bytes", "Amount of memory installed on the machine.", parseQuantity(kubelet.capacity.memory).value()),
  ]);
}

/** As systemd's cgroup driver names it on kind's machines. */
function cgroupOf({ metadata, status }: Pod, { id }: ContainerInfo): string {
  const uid = metadata.uid.replaceAll("-", "_");
  const quality = status.qosClass === "Guaranteed" ? "" : `-${(status.qosClass ?? "BestEffort").toLowerCase()}`;
  const parent = "/kubelet.slice/kubelet-kubepods.slice";
  const slice = quality === "" ? parent : `${parent}/kubelet-kubepods${quality}.slice`;
  return `${slice}/kubelet-kubepods${quality}-pod${uid}.slice/cri-containerd-${id}.scope`;
}

/** /metrics: the kubelet's own. Upstream: pkg/kubelet/metrics/metrics.go */
export function kubeletMetrics(kubelet: Kubelet): string {
  const sandboxes = kubelet.runtime.listPodSandboxes().filter(({ state }) => state === "ready").length;
  const states = new Map<string, number>();
  for (const { state } of kubelet.runtime.listContainers()) states.set(state, (states.get(state) ?? 0) + 1);
  const gauge = (name: string, help: string, samples: readonly (readonly [string, number])[]) => new Gauge({ name, help }, () => samples);
  return renderMetrics([
    gauge("kubelet_node_name", "The node's name. The count is always 1.", [[`node="${kubelet.nodeName}"`, 1]]),
    gauge(
      "kubelet_running_containers",
      "Number of containers currently running",
      [...states].sort().map(([state, count]) => [`container_state="${state}"`, count]),
    ),
    gauge("kubelet_running_pods", "Number of pods that have a running pod sandbox", [["", sandboxes]]),
  ]);
}

/** /stats/summary. Upstream: k8s.io/kubelet/pkg/apis/stats/v1alpha1 */
export function statsSummary(kubelet: Kubelet): object {
  const all = runningContainers(kubelet);
  const time = rfc3339(kubelet.nowMs());
  const cpu = ({ cpuNanoCores, cpuSeconds }: Total) => ({
    time,
    usageNanoCores: Math.round(cpuNanoCores),
    usageCoreNanoSeconds: Math.round(cpuSeconds * 1e9),
  });
  const memory = ({ memoryBytes }: Total) => ({ time, usageBytes: memoryBytes, workingSetBytes: memoryBytes });
  const node = nodeTotal(kubelet, all);
  const installed = parseQuantity(kubelet.capacity.memory).value();
  return {
    node: {
      nodeName: kubelet.nodeName,
      startTime: rfc3339(kubelet.startedAtMs),
      cpu: cpu(node),
      memory: { time, availableBytes: installed - node.memoryBytes, usageBytes: node.memoryBytes, workingSetBytes: node.memoryBytes },
    },
    pods: [...byPod(all)].map(([{ metadata, status }, own]) => ({
      podRef: { name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
      startTime: status.startTime ?? null,
      containers: own.map(({ container, usage }) => ({
        name: container.name,
        startTime: rfc3339(container.startedAtMs),
        cpu: cpu(usage),
        memory: memory(usage),
      })),
      cpu: cpu(totalOf(own)),
      memory: memory(totalOf(own)),
    })),
  };
}
