import { hostPortsOf, type NodeInfo } from "../node-info.ts";
import type { Plugin } from "../framework.ts";

/** Rejects nodes where a host port of the pod is taken. */
export const nodePorts: Plugin = {
  name: "NodePorts",
  preFilter(pod) {
    const ports = hostPortsOf(pod);
    return ports.length === 0 ? { skip: true } : { state: ports };
  },
  filter: (_pod, node, ports) =>
    (ports as string[]).some((port) => conflicts(port, node))
      ? { reasons: ["node(s) didn't have free ports for the requested pod ports"] }
      : undefined,
  mayHelp: (event) => event.type === "node-added" || (event.type === "pod-gone" && hostPortsOf(event.pod).length > 0),
};

/** 0.0.0.0 clashes with every address of the same port. */
function conflicts(wanted: string, node: NodeInfo): boolean {
  if (node.hostPorts.has(wanted)) return true;
  const [protocol, ip, port] = wanted.split("/");
  for (const used of node.hostPorts.keys()) {
    const [usedProtocol, usedIp, usedPort] = used.split("/");
    if (usedProtocol === protocol && usedPort === port && (ip === "0.0.0.0" || usedIp === "0.0.0.0")) return true;
  }
  return false;
}
