import type { Endpoints, Node, Pod, Service } from "../../api/generated/core-v1.ts";
import { badRequest, serviceUnavailable } from "../../api/status.ts";
import type { ResourceTarget } from "../http/request-info.ts";
import type { Registry } from "../registry.ts";

/** Where a proxied request goes. */
export type ProxyLocation =
  | { readonly type: "address"; readonly scheme: "http" | "https"; readonly ip: string; readonly port: number }
  /** The kubelet's own port. */
  | { readonly type: "kubelet"; readonly node: string; readonly address: string };

export interface ProxyRequest {
  readonly scheme: "http" | "https";
  readonly name: string;
  readonly port: string;
}

const PROXIED = new Set(["pods", "services", "nodes"]);

export function isProxyRequest(target: ResourceTarget): boolean {
  return target.group === "" && target.subresource === "proxy" && target.name !== undefined && PROXIED.has(target.resource);
}

export function resolveLocation(registry: Registry, target: ResourceTarget): ProxyLocation {
  switch (target.resource) {
    case "pods":
      return podLocation(registry, target);
    case "services":
      return serviceLocation(registry, target);
    default:
      return nodeLocation(registry, target);
  }
}

/** `name`, `name:port` or `scheme:name:port`. Upstream: apimachinery/pkg/util/net SplitSchemeNamePort */
export function splitSchemeNamePort(id: string): ProxyRequest | undefined {
  const parts = id.split(":");
  const [scheme, name, port] = parts.length === 3 ? parts : ["", parts[0], parts[1] ?? ""];
  if (parts.length > 3 || !name || !["", "http", "https"].includes(scheme ?? "")) return undefined;
  return { scheme: scheme === "https" ? "https" : "http", name, port: port ?? "" };
}

function requestOf(target: ResourceTarget, what: string): ProxyRequest {
  const id = target.name ?? "";
  const request = splitSchemeNamePort(id);
  if (!request) throw badRequest(`invalid ${what} request ${JSON.stringify(id)}`);
  return request;
}

/** Upstream: pkg/registry/core/pod/strategy.go ResourceLocation */
function podLocation(registry: Registry, target: ResourceTarget): ProxyLocation {
  const { scheme, name, port } = requestOf(target, "pod");
  const pod = registry.get(registry.kinds.core("Pod"), { namespace: target.namespace, name }) as Pod;
  const first = pod.spec.containers.find((container) => (container.ports ?? []).length > 0)?.ports?.[0]?.containerPort;
  const ip = pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? "";
  if (ip === "" || /^(127\.|169\.254\.)/.test(ip)) throw badRequest("address not allowed");
  return { type: "address", scheme, ip, port: portNumber(port || String(first ?? ""), scheme) };
}

/** A port by its name must be called so in the endpoints too. Upstream: pkg/registry/core/service/storage/storage.go ResourceLocation */
function serviceLocation(registry: Registry, target: ResourceTarget): ProxyLocation {
  const { scheme, name, port } = requestOf(target, "service");
  const of = { namespace: target.namespace, name };
  let wanted = port;
  if (/^[+-]?\d+$/.test(port)) {
    const service = registry.get(registry.kinds.core("Service"), of) as Service;
    const found = (service.spec.ports ?? []).find((candidate) => candidate.port === Number(port));
    if (!found) throw serviceUnavailable(`no service port ${Number(port)} found for service ${JSON.stringify(name)}`);
    wanted = found.name ?? "";
  }
  const { subsets = [] } = registry.get(registry.kinds.core("Endpoints"), of) as Endpoints;
  const choices = subsets.flatMap(({ addresses = [], ports = [] }) => {
    const match = ports.find((candidate) => (candidate.name ?? "") === wanted);
    return match ? addresses.map(({ ip }) => ({ ip, port: match.port })) : [];
  });
  const chosen = choices[choices.length > 1 ? registry.rng.int(0, choices.length - 1) : 0];
  if (!chosen)
    throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(subsets.length === 0 ? name : (target.name ?? ""))}`);
  return { type: "address", scheme, ...chosen };
}

const KUBELET_PORT = 10250;

/** Upstream: pkg/registry/core/node/strategy.go ResourceLocation */
function nodeLocation(registry: Registry, target: ResourceTarget): ProxyLocation {
  const { scheme, name, port } = requestOf(target, "node");
  const node = registry.get(registry.kinds.core("Node"), { name }) as Node;
  const kubeletPort = node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? KUBELET_PORT;
  const ip = node.status.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "";
  if (port === "" || Number(port) === kubeletPort) return { type: "kubelet", node: name, address: `${ip}:${kubeletPort}` };
  return { type: "address", scheme, ip, port: portNumber(port, scheme) };
}

function portNumber(text: string, scheme: "http" | "https"): number {
  if (text === "") return scheme === "https" ? 443 : 80;
  const port = Number(text);
  // Go's dialer looks a name up among the well-known services.
  if (!Number.isInteger(port)) throw serviceUnavailable(`error trying to reach service: dial tcp: lookup tcp/${text}: unknown port`);
  return port;
}
