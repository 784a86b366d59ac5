import type { Pod } from "../api/generated/core-v1.ts";
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "../api/generated/networking-v1.ts";
import { selectorFromLabelSelector } from "../api/labels.ts";
import { namespaces } from "../api/resources/namespace.ts";
import { networkPolicies } from "../api/resources/network-policy.ts";
import { pods } from "../api/resources/pod.ts";
import type { ComponentContext } from "../client/component.ts";
import type { Informer } from "../client/informer.ts";
import { inRange } from "./addresses.ts";
import type { Packet, PacketFilter } from "./virtual-network.ts";

const BY_IP = "networkPolicyPodIP";

interface PolicyRule {
  readonly peers: readonly NetworkPolicyPeer[] | undefined;
  readonly ports: readonly NetworkPolicyPort[] | undefined;
}

/** One end of a connection, and the pod that has its address. */
interface End {
  readonly ip: string;
  readonly pod: Pod | undefined;
}

/** What kindnet's agents do with the first packet of a connection. Upstream: sigs.k8s.io/kube-network-policies */
export class NetworkPolicies implements PacketFilter {
  #policies: Informer<NetworkPolicy> | undefined;
  #pods: Informer<Pod> | undefined;
  #namespaceLabels: (name: string) => Readonly<Record<string, string>> = () => ({});

  start({ informers }: ComponentContext): void {
    this.#policies = informers.of(networkPolicies);
    this.#pods = informers.of(pods);
    const known = informers.of(namespaces);
    this.#namespaceLabels = (name) => known.find(name)?.metadata.labels ?? {};
    // A host-network pod has its node's address, and policies do not reach it.
    this.#pods.addIndex(BY_IP, ({ spec, status }) =>
      spec.hostNetwork || !status?.podIP || status.phase === "Succeeded" || status.phase === "Failed" ? [] : [status.podIP],
    );
  }

  allows(packet: Packet): boolean {
    if (!this.#policies || this.#policies.size === 0 || packet.from === packet.to) return true;
    const from = this.#endAt(packet.from);
    const to = this.#endAt(packet.to);
    return this.#passes("Egress", from, to, to, packet) && this.#passes("Ingress", to, from, to, packet);
  }

  #endAt(ip: string): End {
    return { ip, pod: this.#pods?.byIndex(BY_IP, ip)[0] };
  }

  /** A pod that no policy of the direction selects is open; else one of all their rules must allow it. */
  #passes(direction: "Ingress" | "Egress", own: End, other: End, target: End, packet: Packet): boolean {
    const { pod } = own;
    if (!pod) return true;
    const namespace = pod.metadata.namespace ?? "";
    const selecting = (this.#policies?.inNamespace(namespace) ?? []).filter(
      ({ spec }) => typesOf(spec).includes(direction) && selects(spec.podSelector, pod.metadata.labels),
    );
    if (selecting.length === 0) return true;
    return selecting.some(({ spec }) =>
      rulesOf(spec, direction).some(
        ({ peers, ports }) =>
          (!peers || peers.length === 0 || peers.some((peer) => this.#matches(peer, other, namespace))) &&
          (!ports || ports.length === 0 || ports.some((port) => portMatches(port, packet, target.pod))),
      ),
    );
  }

  #matches(peer: NetworkPolicyPeer, { ip, pod }: End, namespace: string): boolean {
    if (peer.ipBlock) return inRange(ip, peer.ipBlock.cidr) && !(peer.ipBlock.except ?? []).some((cidr) => inRange(ip, cidr));
    if (!pod) return false;
    const theirs = pod.metadata.namespace ?? "";
    if (peer.namespaceSelector ? !selects(peer.namespaceSelector, this.#namespaceLabels(theirs)) : theirs !== namespace) return false;
    return peer.podSelector === undefined || selects(peer.podSelector, pod.metadata.labels);
  }
}

const selects = (selector: NetworkPolicyPeer["podSelector"], labels: Readonly<Record<string, string>> | undefined) =>
  selectorFromLabelSelector(selector ?? {}).matches(labels ?? {});

const typesOf = ({ policyTypes, egress }: NetworkPolicy["spec"]): readonly string[] =>
  policyTypes ?? (egress && egress.length > 0 ? ["Ingress", "Egress"] : ["Ingress"]);

function rulesOf(spec: NetworkPolicy["spec"], direction: "Ingress" | "Egress"): PolicyRule[] {
  return direction === "Ingress"
    ? (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
    : (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
}

/** Named ports are those of the pod that is connected to. */
function portMatches({ protocol = "TCP", port, endPort }: NetworkPolicyPort, packet: Packet, target: Pod | undefined): boolean {
  if (protocol !== packet.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === "number") return endPort === undefined ? packet.port === port : packet.port >= port && packet.port <= endPort;
  return (target?.spec.containers ?? []).some((container) =>
    container.ports?.some((own) => own.name === port && own.containerPort === packet.port && (own.protocol ?? "TCP") === protocol),
  );
}
