import { pipeline } from "node:stream";
import type { Pod } from "../../api/generated/core-v1.ts";
import type { ObjectName } from "../../api/meta.ts";
import { badRequest, serviceUnavailable } from "../../api/status.ts";
import type { HttpExchange } from "../http/http-exchange.ts";
import { isTrue, numberOf } from "../http/query.ts";
import type { ServerParts } from "../http/server-parts.ts";
import type { LogOptions } from "../node-gateway.ts";

/** GET pods/NAME/log. Upstream: pkg/registry/core/pod/rest/log.go, pkg/registry/core/pod/strategy.go LogLocation */
export async function serveLog(exchange: HttpExchange, parts: ServerParts, name: ObjectName): Promise<void> {
  if (!parts.gateway) throw serviceUnavailable("no kubelet can be reached");
  const { query } = exchange;
  const pod = parts.registry.get(parts.registry.kinds.core("Pod"), name) as Pod;
  const container = containerOf(pod, query.get("container"));
  if (!pod.spec?.nodeName) {
    // A pod that is on no node has no log yet.
    exchange.sendText(200, "");
    return;
  }
  const options: LogOptions = {
    container,
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
    tailLines: numberOf(query, "tailLines"),
    limitBytes: numberOf(query, "limitBytes"),
    sinceSeconds: numberOf(query, "sinceSeconds"),
    sinceTime: query.get("sinceTime") ?? undefined,
    stream: streamOf(query.get("stream")),
  };
  const abort = new AbortController();
  exchange.response.once("close", () => abort.abort(new Error("client went away")));
  const log = await parts.gateway.logs(pod, options, abort.signal);
  exchange.writeHead(200, "text/plain");
  exchange.response.flushHeaders();
  // The log ends, the client leaves, or the kubelet stops: each of them ends the other.
  pipeline(log, exchange.response, () => undefined);
}

function streamOf(text: string | null): LogOptions["stream"] {
  return text === "Stdout" || text === "Stderr" ? text : "All";
}

/** Upstream: podutil LogLocation's choice of a container, for exec, attach and logs. */
export function containerOf(pod: Pod, asked: string | null): string {
  const containers = (pod.spec?.containers ?? []).map((container) => container.name);
  const init = (pod.spec?.initContainers ?? []).map((container) => container.name);
  const ephemeral = (pod.spec?.ephemeralContainers ?? []).map((container) => container.name ?? "");
  const podName = pod.metadata.name;
  if (asked) {
    if ([...containers, ...init, ...ephemeral].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${podName}`);
  }
  const [only, ...others] = containers;
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${podName}`);
  if (others.length === 0) return only;
  const choices = `choose one of: [${containers.join(" ")}]${init.length > 0 ? ` or one of the init containers: [${init.join(" ")}]` : ""}`;
  throw badRequest(`a container name must be specified for pod ${podName}, ${choices}`);
}
