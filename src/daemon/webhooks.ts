import type { Duplex } from "node:stream";
import type { Service } from "../api/generated/core-v1.ts";
import type { CallWebhook, WebhookCall } from "../apiserver/admission/webhook-calls.ts";
import type { Dial } from "../apiserver/proxy/proxy.ts";
import type { Registry } from "../apiserver/registry.ts";

/** What posts a review in host time: src/host/webhook-client.ts */
export type PostReview = (post: {
  readonly url: string;
  readonly ca: string;
  readonly body: string;
  readonly timeoutMs: number;
  connect?(signal: AbortSignal): Promise<Duplex>;
}) => Promise<{ readonly code: number; readonly body: string }>;

/** Asks webhooks at a URL over the machine's network, and those behind a service through the simulated one. Upstream: apiserver/pkg/util/webhook/client.go */
export function createWebhookCaller(registry: Registry, dial: Dial, post: PostReview): CallWebhook {
  return async (call) => {
    const { clientConfig, timeoutSeconds, review } = call;
    const { url, ...connection } = destination(call, registry, dial);
    // Not through URL, which would drop the port that messages name.
    const posted = `${/^https:\/\/[^/]+$/.test(url) ? `${url}/` : url}?timeout=${timeoutSeconds}s`;
    const ca = clientConfig.caBundle ? Buffer.from(clientConfig.caBundle, "base64").toString("utf8") : "";
    const answer = await post({ url: posted, ca, body: JSON.stringify(review), timeoutMs: timeoutSeconds * 1000, ...connection });
    return decodeAnswer(answer);
  };
}

function destination(
  { clientConfig }: WebhookCall,
  registry: Registry,
  dial: Dial,
): { url: string; connect?: (signal: AbortSignal) => Promise<Duplex> } {
  const { service, url } = clientConfig;
  if (!service) {
    if (!url) throw new Error("webhook configuration must have either service or URL");
    return { url };
  }
  const port = service.port ?? 443;
  const path = (service.path ?? "").replace(/^\/?/, "/");
  return {
    url: `https://${service.name}.${service.namespace}.svc:${port}${path}`,
    // The service's own address, as an API server without aggregator routing goes; what it leads to is for the service proxy.
    connect: async (signal) => dial({ type: "address", scheme: "http", ip: clusterIpOf(registry, service, port), port }, signal),
  };
}

/** Upstream: kube-aggregator/pkg/apiserver/resolvers.go and apiserver/pkg/util/proxy ResolveCluster */
function clusterIpOf(registry: Registry, { namespace, name }: { readonly namespace: string; readonly name: string }, port: number): string {
  const service = registry.find(registry.kinds.core("Service"), { namespace, name }) as Service | undefined;
  if (!service) throw new Error(`service ${JSON.stringify(name)} not found`);
  const { type, clusterIP, ports = [], externalName } = service.spec;
  if (type === "ExternalName") throw new Error(`unsupported service type ${JSON.stringify(externalName ?? "")}`);
  if (!clusterIP || clusterIP === "None") throw new Error(`no cluster IP for service ${JSON.stringify(name)}`);
  if (!ports.some((candidate) => candidate.port === port))
    throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  return clusterIP;
}

function decodeAnswer({ code, body }: { readonly code: number; readonly body: string }): unknown {
  if (code < 200 || code > 206) throw new Error(statusText(code, body));
  try {
    return JSON.parse(body);
  } catch {
    throw new Error(`couldn't get version/kind; json parse error: ${goJsonError(body)}`);
  }
}

/** Upstream: errors.NewGenericServerResponse, as client-go words an answer that is no Status. */
function statusText(code: number, body: string): string {
  if (code === 404) return "the server could not find the requested resource";
  if (code === 401) return "the server has asked for the client to provide credentials";
  if (code === 405) return "the server does not allow this method on the requested resource";
  if (code >= 500) return `an error on the server (${JSON.stringify(body.trim() || "unknown")}) has prevented the request from succeeding`;
  return `the server responded with the status code ${code} but did not return more information`;
}

function goJsonError(body: string): string {
  const first = body.trimStart()[0];
  return first === undefined ? "unexpected end of JSON input" : `invalid character '${first}' looking for beginning of value`;
}
