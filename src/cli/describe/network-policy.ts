import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "../../api/generated/networking-v1.ts";
import type { Described } from "./describe-object.ts";
import { DescribeWriter, selectorText, writeAnnotations, writeLabels } from "./writer.ts";

interface Rule {
  readonly ports: readonly NetworkPolicyPort[];
  readonly peers: readonly NetworkPolicyPeer[];
}

/** Upstream: describe.NetworkPolicyDescriber */
export async function describeNetworkPolicy({ object }: Described): Promise<string> {
  const { metadata } = object;
  const { spec } = object as unknown as NetworkPolicy;
  const writer = new DescribeWriter();
  writer.line(0, `Name:\t${metadata.name}`);
  writer.line(0, `Namespace:\t${metadata.namespace}`);
  writer.line(0, `Created on:\t${goDefaultTime(metadata.creationTimestamp)}`);
  writeLabels(writer, "Labels", metadata.labels);
  writeAnnotations(writer, "Annotations", metadata.annotations);
  writer.line(0, "Spec:");
  const selected = selectorText(spec?.podSelector);
  writer.line(
    1,
    `PodSelector: ${selected === "<none>" ? "    <none> (Allowing the specific traffic to all pods in this namespace)" : `    ${selected}`}`,
  );
  const types = spec?.policyTypes ?? [];
  if (types.includes("Ingress")) {
    writer.line(1, "Allowing ingress traffic:");
    const rules = (spec?.ingress ?? []).map(({ ports, from }) => ({
      ports: ports ?? [],
      peers: from ?? [],
    }));
    writeRules(writer, rules, "ingress");
  } else writer.line(1, "Not affecting ingress traffic");
  if (types.includes("Egress")) {
    writer.line(1, "Allowing egress traffic:");
    const rules = (spec?.egress ?? []).map(({ ports, to }) => ({
      ports: ports ?? [],
      peers: to ?? [],
    }));
    writeRules(writer, rules, "egress");
  } else writer.line(1, "Not affecting egress traffic");
  writer.line(1, `Policy Types: ${types.join(", ")}`);
  return writer.render();
}

function writeRules(writer: DescribeWriter, rules: readonly Rule[], direction: "ingress" | "egress"): void {
  const word = direction === "ingress" ? "From" : "To";
  const end = direction === "ingress" ? "source" : "destination";
  if (rules.length === 0) return writer.line(2, `<none> (Selected pods are isolated for ${direction} connectivity)`);
  for (const [index, { ports, peers }] of rules.entries()) {
    if (ports.length === 0) writer.line(2, "To Port: <any> (traffic allowed to all ports)");
    for (const { port, endPort, protocol } of ports)
      writer.line(
        2,
        endPort === undefined
          ? `To Port: ${port ?? "<nil>"}/${protocol ?? "TCP"}`
          : `To Port Range: ${port}-${endPort}/${protocol ?? "TCP"}`,
      );
    if (peers.length === 0) writer.line(2, `${word}: <any> (traffic not restricted by ${end})`);
    for (const peer of peers) writePeer(writer, word, peer);
    if (index !== rules.length - 1) writer.line(2, "----------");
  }
}

function writePeer(writer: DescribeWriter, word: string, { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): void {
  writer.line(2, `${word}:`);
  if (namespaceSelector) writer.line(3, `NamespaceSelector: ${selectorText(namespaceSelector)}`);
  if (podSelector) writer.line(3, `PodSelector: ${selectorText(podSelector)}`);
  if (!namespaceSelector && !podSelector && ipBlock) {
    writer.line(3, "IPBlock:");
    writer.line(4, `CIDR: ${ipBlock.cidr}`);
    writer.line(4, `Except: ${(ipBlock.except ?? []).join(", ")}`);
  }
}

/** 2026-01-01 00:00:03 +0000 UTC, as Go prints a time. */
const goDefaultTime = (timestamp: string | undefined) => (timestamp ?? "").replace(/^(.*)T(.*)Z$/, "$1 $2 +0000 UTC");
