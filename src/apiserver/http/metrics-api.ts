import type { Node, Pod } from "../../api/generated/core-v1.ts";
import { apiVersionOf, type Column, type Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { methodNotSupported, notFound } from "../../api/status.ts";
import { rfc3339 } from "../../util/clock.ts";
import { MACHINE_IDLE } from "../node-gateway.ts";
import { unstoredView } from "../object-view.ts";
import { podUsage, USAGE_WINDOW_MS, usageTimestampMs } from "../pod-usage.ts";
import { matcherOf } from "../selection.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { listQueryOf } from "./query.ts";
import type { ResourceTarget } from "./request-info.ts";
import { pathNotFound, sendList, sendObject } from "./resource-handler.ts";
import type { ServerParts } from "./server-parts.ts";

interface Usage {
  readonly cpu: string;
  readonly memory: string;
}

interface Metrics extends KubernetesObject {
  readonly timestamp: string;
  readonly window: string;
  readonly usage?: Usage;
  readonly containers?: readonly { readonly name: string; readonly usage: Usage }[];
}

interface Amount {
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
}

const shown = (name: string, cell: (object: Metrics) => string): Column<KubernetesObject> => ({
  name,
  type: "string",
  priority: 0,
  description: "",
  cell: (object) => cell(object as Metrics),
});

function kindOf(kind: string, plural: string, namespaced: boolean): Kind {
  return {
    group: "metrics.k8s.io",
    version: "v1beta1",
    kind,
    plural,
    singular: "",
    namespaced,
    verbs: ["get", "list"],
    schema: { package: "", type: kind },
    columns: [
      shown("cpu", (object) => totalOf(object, "cpu")),
      shown("memory", (object) => totalOf(object, "memory")),
      shown("window", (object) => object.window),
    ],
  };
}

/** Served without being stored, as metrics-server serves them. */
export const METRICS_KINDS: readonly Kind[] = [kindOf("NodeMetrics", "nodes", false), kindOf("PodMetrics", "pods", true)];

/** GET and LIST of simulated usage. Upstream: sigs.k8s.io/metrics-server/pkg/api */
export async function serveMetrics(exchange: HttpExchange, parts: ServerParts, kind: Kind, target: ResourceTarget): Promise<void> {
  if (target.subresource !== undefined) throw pathNotFound();
  if (exchange.method !== "GET" && exchange.method !== "HEAD") throw methodNotSupported(kind, exchange.method.toLowerCase());
  const nowMs = usageTimestampMs(parts.registry.clock.now());
  if (target.name !== undefined) {
    const name = { namespace: target.namespace, name: target.name };
    const found = kind.namespaced
      ? podMetrics(parts, parts.registry.find(parts.registry.kinds.core("Pod"), name) as Pod | undefined, nowMs)
      : nodeMetrics(parts, parts.registry.find(parts.registry.kinds.core("Node"), name) as Node | undefined, nowMs);
    if (!found)
      throw notFound(
        { group: kind.group, plural: kind.namespaced ? "podmetrics" : "nodemetrics" },
        kind.namespaced ? `${target.namespace}/${target.name}` : target.name,
      );
    return sendObject(exchange, parts, kind, unstoredView(kind, found), 200);
  }
  const query = listQueryOf(exchange.query, target.namespace);
  const matches = matcherOf(kind, query);
  const listed = parts.registry.list(parts.registry.kinds.core(kind.namespaced ? "Pod" : "Node"), { namespace: target.namespace });
  const views = listed.views
    .filter(({ object }) => !matches || matches(object))
    .flatMap(({ object }) => (kind.namespaced ? podMetrics(parts, object as Pod, nowMs) : nodeMetrics(parts, object as Node, nowMs)) ?? [])
    .map((object) => unstoredView(kind, object));
  return sendList(exchange, parts, kind, { views, resourceVersion: "" });
}

function podMetrics(parts: ServerParts, pod: Pod | undefined, nowMs: number): Metrics | undefined {
  const usage = pod && podUsage(parts.gateway, pod, nowMs);
  if (!pod || !usage) return undefined;
  return { ...headOf("PodMetrics", pod, nowMs), containers: usage.containers.map((each) => ({ name: each.name, usage: usageOf(each) })) };
}

function nodeMetrics(parts: ServerParts, node: Node | undefined, nowMs: number): Metrics | undefined {
  if (!node?.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True")) return undefined;
  let { cpuNanoCores, memoryBytes } = MACHINE_IDLE;
  const { registry } = parts;
  for (const { object } of registry.list(registry.kinds.core("Pod"), { fieldSelector: `spec.nodeName=${node.metadata.name}` }).views) {
    for (const amount of podUsage(parts.gateway, object as Pod, nowMs)?.containers ?? []) {
      cpuNanoCores += amount.cpuNanoCores;
      memoryBytes += amount.memoryBytes;
    }
  }
  return { ...headOf("NodeMetrics", node, nowMs), usage: usageOf({ cpuNanoCores, memoryBytes }) };
}

function headOf(kind: string, { metadata }: KubernetesObject, nowMs: number): Metrics {
  const { name, namespace, labels } = metadata;
  return {
    kind,
    apiVersion: apiVersionOf({ group: "metrics.k8s.io", version: "v1beta1" }),
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      creationTimestamp: rfc3339(nowMs),
      ...(labels ? { labels } : {}),
    } as KubernetesObject["metadata"],
    timestamp: rfc3339(nowMs),
    window: `${USAGE_WINDOW_MS / 1000}s`,
  };
}

function usageOf({ cpuNanoCores, memoryBytes }: Amount): Usage {
  return { cpu: `${Math.round(cpuNanoCores)}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` };
}

function totalOf({ usage, containers }: Metrics, resource: keyof Usage): string {
  const texts = usage ? [usage[resource]] : (containers ?? []).map((container) => container.usage[resource]);
  return `${texts.reduce((sum, text) => sum + Number.parseInt(text, 10), 0)}${resource === "cpu" ? "n" : "Ki"}`;
}
