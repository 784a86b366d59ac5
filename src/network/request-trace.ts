import { vethOf } from "./addresses.ts";
import type { NetworkNamespace } from "./network.ts";
import type { Namespace } from "./namespace.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

/** One step of a request's way: where it is, and what happens there. */
export interface RequestStep {
  readonly where: string;
  readonly what: string;
}

/** Sends one HTTP request from a pod and tells its way: name, service rule, endpoint, route, answer. */
export async function traceRequest(
  network: VirtualNetwork,
  from: NetworkNamespace,
  url: string,
  signal: AbortSignal,
): Promise<RequestStep[]> {
  const target = new URL(url.includes("://") ? url : `http://${url}`);
  const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
  const steps: RequestStep[] = [{ where: `pod ${from.hostname}`, what: `asks for ${target.href} from ${from.ip} on ${from.node}` }];
  let ip = target.hostname;
  try {
    const answer = await from.resolve(ip, signal);
    if (answer.addresses[0] !== ip)
      steps.push({ where: "DNS", what: `${answer.server} answers ${answer.name} = ${answer.addresses.join(", ")}` });
    ip = answer.addresses[0] ?? ip;
  } catch (error) {
    return [...steps, { where: "DNS", what: (error as Error).message }];
  }
  const rule = network.router?.routeClusterIp(ip, port, from.ip, from.node);
  let endpoint = { ip, port };
  if (rule?.verdict === "reject")
    return [
      ...steps,
      { where: `${from.node} iptables`, what: `KUBE-SERVICES: ${rule.service} has no endpoints: REJECT, connection refused` },
    ];
  if (rule?.verdict === "drop")
    return [
      ...steps,
      {
        where: `${from.node} iptables`,
        what: `KUBE-SERVICES: ${rule.service} has no local endpoints on ${from.node}: DROP, nothing answers`,
      },
    ];
  if (rule?.verdict === "dnat") {
    endpoint = rule.endpoint;
    steps.push({
      where: `${from.node} iptables`,
      what: `KUBE-SERVICES matches ${ip}:${port} (${rule.service}) and jumps to ${rule.chain}`,
    });
    steps.push({ where: `${from.node} iptables`, what: `${rule.chain} picks an endpoint at random: ${rule.endpointChain}` });
    steps.push({
      where: `${from.node} iptables`,
      what: `${rule.endpointChain} rewrites the destination: DNAT to ${endpoint.ip}:${endpoint.port}`,
    });
  }
  const owner = network.findByIp(endpoint.ip);
  if (owner) steps.push({ where: "route", what: routeOf(network, from, owner) });
  try {
    const response = await from.http(
      endpoint.ip,
      endpoint.port,
      {
        method: "GET",
        path: `${target.pathname}${target.search}`,
        headers: { host: target.host, "user-agent": "kubesim-trace" },
        body: Buffer.alloc(0),
      },
      signal,
    );
    steps.push({
      where: `pod ${owner?.hostname ?? endpoint.ip}`,
      what: `answers ${response.status}: ${
        String(response.body ?? "")
          .trim()
          .split("\n")[0] ?? ""
      }`,
    });
  } catch (error) {
    steps.push({ where: endpoint.ip, what: (error as Error).message });
  }
  return steps;
}

function routeOf(network: VirtualNetwork, from: NetworkNamespace, to: Namespace): string {
  if (to.host) return `${to.ip} is the node ${to.node} itself: dev eth0`;
  if (from.node === to.node) return `${to.ip} is on the same node ${to.node}: dev ${vethOf(to.ip)}`;
  const node = network.nodes.find((candidate) => candidate.name === to.node);
  return `${to.ip} is on ${to.node}: ${from.node} has the route ${node?.podCIDR} via ${node?.ip} dev eth0`;
}
