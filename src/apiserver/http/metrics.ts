import type { AccessCheck } from "../../api/user.ts";
import { Counter, Gauge, Histogram, type Metric, renderMetrics } from "../../util/prometheus.ts";
import { keyPrefix } from "../kind-table.ts";
import type { Registry } from "../registry.ts";
import { VERSION_INFO } from "./discovery.ts";

/** Of the text format. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

// Upstream: apiserver/pkg/endpoints/metrics requestLatencies
const BUCKETS_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

/** What the API server counts of its requests, as Prometheus reads it. Times are the cluster's, in whole milliseconds. */
export class RequestMetrics {
  readonly #requests = new Counter({
    name: "apiserver_request_total",
    help: "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
    stability: "STABLE",
  });
  readonly #durations = new Histogram(
    {
      name: "apiserver_request_duration_seconds",
      help: "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
      stability: "STABLE",
    },
    BUCKETS_SECONDS,
  );
  /** Watches that are open, by their labels. */
  readonly #open = new Map<string, number>();
  readonly #longRunning = new Gauge(
    {
      name: "apiserver_longrunning_requests",
      help: "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.",
      stability: "STABLE",
    },
    () => [...this.#open].sort(),
  );

  observe(attributes: AccessCheck, code: number, seconds: number): void {
    const labels = labelsOf(attributes);
    this.#requests.add(`code="${code}",${labels}`);
    // Upstream leaves the long-running ones out of the latencies.
    if (attributes.verb !== "watch") this.#durations.observe(labels, seconds);
  }

  /** A watch begins; call what comes back when it ends. */
  open(attributes: AccessCheck): () => void {
    const labels = labelsOf(attributes);
    this.#open.set(labels, (this.#open.get(labels) ?? 0) + 1);
    return () => void this.#open.set(labels, (this.#open.get(labels) ?? 1) - 1);
  }

  /** @param others those of other components, which upstream are processes of their own. */
  render(registry: Registry, others: readonly Metric[]): string {
    const { gitVersion, major, minor, platform } = VERSION_INFO;
    const build = `git_version="${gitVersion}",major="${major}",minor="${minor}",platform="${platform}"`;
    return renderMetrics([
      this.#requests,
      this.#durations,
      this.#longRunning,
      new Gauge(
        {
          name: "apiserver_storage_objects",
          help: "Number of stored objects at the time of last check split by kind.",
          stability: "STABLE",
        },
        () => storedObjects(registry),
      ),
      ...others,
      new Gauge(
        {
          name: "kubernetes_build_info",
          help: "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
        },
        () => [[build, 1]],
      ),
    ]);
  }
}

function storedObjects(registry: Registry): (readonly [string, number])[] {
  return registry.kinds
    .all()
    .filter((kind) => !kind.storedAs && kind.verbs?.includes("create") !== false)
    .map((kind) => [kind.group ? `${kind.plural}.${kind.group}` : kind.plural, registry.store.count(keyPrefix(kind))] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, count]) => [`resource="${resource}"`, count] as const);
}

function labelsOf({ verb, group, version, resource, subresource, namespace, name }: AccessCheck): string {
  const scope = name !== "" ? "resource" : namespace !== "" ? "namespace" : "cluster";
  return `component="apiserver",dry_run="",group="${group}",resource="${resource}",scope="${scope}",subresource="${subresource}",verb="${verb.toUpperCase()}",version="${version}"`;
}
