import { Counter, Gauge, renderMetrics } from "../../util/prometheus.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { METRICS_TYPE } from "./metrics.ts";

/** Upstream's names of what there is here, too; a server that answers has done all of it. */
const CHECKS = [
  "ping",
  "log",
  "etcd",
  "poststarthook/start-apiserver-admission-initializer",
  "poststarthook/start-apiextensions-informers",
  "poststarthook/start-apiextensions-controllers",
  "poststarthook/crd-informer-synced",
  "poststarthook/start-system-namespaces-controller",
  "poststarthook/start-service-ip-repair-controllers",
  "poststarthook/rbac/bootstrap-roles",
  "poststarthook/scheduling/bootstrap-system-priority-classes",
  "poststarthook/apiservice-registration-controller",
  "poststarthook/apiservice-discovery-controller",
  "poststarthook/kube-apiserver-autoregistration",
  "autoregister-completion",
  "poststarthook/apiservice-openapi-controller",
  "poststarthook/apiservice-openapiv3-controller",
];

const ENDPOINTS: Readonly<Record<string, readonly string[]>> = {
  healthz: CHECKS,
  livez: CHECKS,
  readyz: [...CHECKS.slice(0, 3), "etcd-readiness", "informer-sync", ...CHECKS.slice(3), "shutdown"],
};

/** All paths that are served below, for the index at `/`. */
export const HEALTH_PATHS: readonly string[] = Object.entries(ENDPOINTS).flatMap(([name, checks]) => [
  `/${name}`,
  ...checks.map((check) => `/${name}/${check}`),
]);

export const HEALTH_METRICS_PATH = "/metrics/slis";

/** Upstream: apiserver/pkg/server/healthz */
export class Health {
  /** The checks that were made, by their labels. */
  readonly #made = new Set<string>();
  readonly #results = new Gauge(
    { name: "kubernetes_healthcheck", help: "This metric records the result of a single healthcheck.", stability: "STABLE" },
    () => [...this.#made].sort().map((labels) => [labels.replace(STATUS, ""), 1]),
  );
  readonly #totals = new Counter({
    name: "kubernetes_healthchecks_total",
    help: "This metric records the results of all healthcheck.",
    stability: "STABLE",
  });

  /** True when the path was one of these. */
  serve(exchange: HttpExchange): boolean {
    if (exchange.path === HEALTH_METRICS_PATH) {
      void exchange.sendPacked(200, Buffer.from(this.#render()), METRICS_TYPE, { minBytes: 0 });
      return true;
    }
    const [, name = "", ...check] = exchange.path.split("/");
    const checks = ENDPOINTS[name];
    if (!checks) return false;
    if (check.length > 0) {
      if (!checks.includes(check.join("/"))) return false;
      exchange.sendText(200, "ok");
      return true;
    }
    const excluded = exchange.query.getAll("exclude");
    for (const made of checks) if (!excluded.includes(made)) this.#count(`name="${made}",${STATUS}type="${name}"`);
    exchange.sendText(200, exchange.query.has("verbose") ? verboseText(name, checks, excluded) : "ok", HEADERS);
    return true;
  }

  #count(labels: string): void {
    this.#made.add(labels);
    this.#totals.add(labels);
  }

  /** Nothing before the first check. Upstream: component-base/metrics/prometheus/slis */
  #render(): string {
    return this.#made.size === 0 ? "" : renderMetrics([this.#results, this.#totals]);
  }
}

const STATUS = 'status="success",';
const HEADERS = { "X-Content-Type-Options": "nosniff" };

function verboseText(name: string, checks: readonly string[], excluded: readonly string[]): string {
  const unknown = [...new Set(excluded)].filter((each) => !checks.includes(each)).sort();
  const lines = checks.map((check) => `[+]${check} ${excluded.includes(check) ? "excluded: ok" : "ok"}\n`);
  if (unknown.length > 0)
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.map((each) => JSON.stringify(each)).join(",")}\n`);
  return `${lines.join("")}${name} check passed\n`;
}
