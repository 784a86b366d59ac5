import type { HttpExchange } from "./http-exchange.ts";
import { pathNotFound } from "./resource-handler.ts";

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

/** True when the path was one of these. Upstream: apiserver/pkg/server/healthz */
export function serveHealth(exchange: HttpExchange): boolean {
  const [, name = "", ...check] = exchange.path.split("/");
  const checks = ENDPOINTS[name];
  if (!checks) return false;
  if (check.length > 0) {
    if (!checks.includes(check.join("/"))) throw pathNotFound();
    exchange.sendText(200, "ok", HEADERS);
    return true;
  }
  exchange.sendText(200, exchange.query.has("verbose") ? verboseText(name, checks, exchange.query.getAll("exclude")) : "ok", HEADERS);
  return true;
}

const HEADERS = { "X-Content-Type-Options": "nosniff" };

function verboseText(name: string, checks: readonly string[], excluded: readonly string[]): string {
  const unknown = [...new Set(excluded)].filter((each) => !checks.includes(each)).sort();
  const lines = checks.map((check) => `[+]${check} ${excluded.includes(check) ? "excluded: ok" : "ok"}\n`);
  if (unknown.length > 0)
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.map((each) => JSON.stringify(each)).join(",")}\n`);
  return `${lines.join("")}${name} check passed\n`;
}
