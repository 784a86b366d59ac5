import { keyPrefix } from "../kind-table.ts";
import type { Registry } from "../registry.ts";
import type { AccessCheck } from "../../api/user.ts";
import { VERSION_INFO } from "./discovery.ts";

// Upstream: apiserver/pkg/endpoints/metrics requestLatencies
const BUCKETS_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

interface Series {
  readonly labels: string;
  count: number;
  sumSeconds: number;
  readonly buckets: number[];
  readonly codes: Map<number, number>;
}

/** What the API server counts of its requests, as Prometheus reads it. Times are the cluster's, in whole milliseconds. */
export class RequestMetrics {
  readonly #series = new Map<string, Series>();
  /** Watches that are open, by their labels. */
  readonly #open = new Map<string, number>();

  observe(attributes: AccessCheck, code: number, seconds: number): void {
    const series = this.#seriesOf(attributes);
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
    // Upstream leaves the long-running ones out of the latencies.
    if (attributes.verb === "watch") return;
    series.count++;
    series.sumSeconds += seconds;
    const at = BUCKETS_SECONDS.findIndex((limit) => seconds <= limit);
    if (at >= 0) series.buckets[at] = (series.buckets[at] ?? 0) + 1;
  }

  /** A watch begins; call what comes back when it ends. */
  open(attributes: AccessCheck): () => void {
    const { labels } = this.#seriesOf(attributes);
    this.#open.set(labels, (this.#open.get(labels) ?? 0) + 1);
    return () => void this.#open.set(labels, (this.#open.get(labels) ?? 1) - 1);
  }

  render(registry: Registry): string {
    const series = [...this.#series.values()].sort((a, b) => (a.labels < b.labels ? -1 : 1));
    const { gitVersion, major, minor, platform } = VERSION_INFO;
    return [
      ...family(
        "apiserver_request_total",
        "counter",
        "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
        series.flatMap(({ labels, codes }) => [...codes].map(([code, count]) => `{code="${code}",${labels}} ${count}`)),
      ),
      ...family(
        "apiserver_request_duration_seconds",
        "histogram",
        "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
        [],
      ),
      ...series.filter(({ count }) => count > 0).flatMap(histogram),
      ...family(
        "apiserver_longrunning_requests",
        "gauge",
        "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component.",
        [...this.#open].sort().map(([labels, count]) => `{${labels}} ${count}`),
      ),
      ...family(
        "apiserver_storage_objects",
        "gauge",
        "Number of stored objects at the time of last check split by kind.",
        registry.kinds
          .all()
          .filter((kind) => !kind.storedAs && kind.verbs?.includes("create") !== false)
          .map((kind) => [kind.group ? `${kind.plural}.${kind.group}` : kind.plural, registry.store.count(keyPrefix(kind))] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([resource, count]) => `{resource="${resource}"} ${count}`),
      ),
      ...family("kubernetes_build_info", "gauge", "A metric with a constant '1' value labeled by major, minor, git version and platform.", [
        `{git_version="${gitVersion}",major="${major}",minor="${minor}",platform="${platform}"} 1`,
      ]),
      "",
    ].join("\n");
  }

  #seriesOf({ verb, group, version, resource, subresource, namespace, name }: AccessCheck): Series {
    const scope = name !== "" ? "resource" : namespace !== "" ? "namespace" : "cluster";
    const labels = `component="apiserver",dry_run="",group="${group}",resource="${resource}",scope="${scope}",subresource="${subresource}",verb="${verb.toUpperCase()}",version="${version}"`;
    let series = this.#series.get(labels);
    if (!series) this.#series.set(labels, (series = { labels, count: 0, sumSeconds: 0, buckets: [], codes: new Map() }));
    return series;
  }
}

function family(name: string, type: string, help: string, samples: readonly string[]): string[] {
  return [`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`, ...samples.map((sample) => name + sample)];
}

function histogram({ labels, count, sumSeconds, buckets }: Series): string[] {
  const name = "apiserver_request_duration_seconds";
  let total = 0;
  return [
    ...BUCKETS_SECONDS.map((limit, index) => `${name}_bucket{${labels},le="${limit}"} ${(total += buckets[index] ?? 0)}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${sumSeconds}`,
    `${name}_count{${labels}} ${count}`,
  ];
}
