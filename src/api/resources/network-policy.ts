import { type FieldError, forbidden, invalid, notSupported, required } from "../field-errors.ts";
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "../generated/networking-v1.ts";
import type { Kind } from "../kind.ts";
import { validateLabelSelector } from "../validation/label-selector.ts";
import { isCidr, isPortName, isPortNumber } from "../validation/names.ts";
import { age, text } from "./support/columns.ts";
import { renderSelector } from "./support/workload.ts";

/** Upstream: pkg/registry/networking/networkpolicy, ValidateNetworkPolicySpec */
export const networkPolicies: Kind<NetworkPolicy> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  singular: "networkpolicy",
  shortNames: ["netpol"],
  namespaced: true,
  hasGeneration: true,
  schema: { package: "networking/v1", type: "NetworkPolicy" },
  setDefaults({ spec }) {
    if (!spec) return;
    spec.policyTypes ??= ["Ingress", ...(spec.egress?.length ? ["Egress"] : [])];
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of rule.ports ?? []) port.protocol ??= "TCP";
  },
  validate({ spec }) {
    const errors = validateLabelSelector(spec.podSelector, "spec.podSelector");
    (spec.ingress ?? []).forEach((rule, index) => errors.push(...validateRule(rule.ports, rule.from, `spec.ingress[${index}]`, "from")));
    (spec.egress ?? []).forEach((rule, index) => errors.push(...validateRule(rule.ports, rule.to, `spec.egress[${index}]`, "to")));
    const types = spec.policyTypes ?? [];
    if (types.length > 2) errors.push(invalid("spec.policyTypes", types, "may not specify more than two policyTypes"));
    else
      types.forEach((type, index) => {
        if (!["Ingress", "Egress"].includes(type)) errors.push(notSupported(`spec.policyTypes[${index}]`, type, ["Egress", "Ingress"]));
      });
    return errors;
  },
  columns: [text("Pod-Selector", "The pods it is about.", ({ spec }) => renderSelector(spec.podSelector ?? {})), age()],
};

function validateRule(
  ports: readonly NetworkPolicyPort[] | undefined,
  peers: readonly NetworkPolicyPeer[] | undefined,
  path: string,
  peerField: string,
): FieldError[] {
  return [
    ...(ports ?? []).flatMap((port, index) => validatePort(port, `${path}.ports[${index}]`)),
    ...(peers ?? []).flatMap((peer, index) => validatePeer(peer, `${path}.${peerField}[${index}]`)),
  ];
}

function validatePort({ port, endPort, protocol }: NetworkPolicyPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (protocol !== undefined && !["TCP", "UDP", "SCTP"].includes(protocol))
    errors.push(notSupported(`${path}.protocol`, protocol, ["SCTP", "TCP", "UDP"]));
  if (typeof port === "number") {
    for (const message of isPortNumber(port)) errors.push(invalid(`${path}.port`, port, message));
    if (endPort !== undefined && endPort < port) errors.push(invalid(`${path}.endPort`, port, "must be greater than or equal to `port`"));
    if (endPort !== undefined) for (const message of isPortNumber(endPort)) errors.push(invalid(`${path}.endPort`, endPort, message));
  } else if (typeof port === "string") {
    if (endPort !== undefined) errors.push(invalid(`${path}.endPort`, endPort, "may not be specified when `port` is non-numeric"));
    for (const message of isPortName(port)) errors.push(invalid(`${path}.port`, port, message));
  } else if (endPort !== undefined) errors.push(invalid(`${path}.endPort`, endPort, "may not be specified when `port` is not specified"));
  return errors;
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string): FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, `${path}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
  ];
  if (ipBlock) {
    if (!ipBlock.cidr) errors.push(required(`${path}.ipBlock.cidr`));
    else for (const message of isCidr(ipBlock.cidr)) errors.push(invalid(`${path}.ipBlock.cidr`, ipBlock.cidr, message));
    (ipBlock.except ?? []).forEach((except, index) =>
      isCidr(except).forEach((message) => errors.push(invalid(`${path}.ipBlock.except[${index}]`, except, message))),
    );
  }
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(path, "must specify a peer"));
  else if (ipBlock && (podSelector || namespaceSelector)) errors.push(forbidden(path, "may not specify both ipBlock and another peer"));
  return errors;
}
