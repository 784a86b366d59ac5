import { readCertificateRequest } from "../../api/certificate-request.ts";
import type { CertificateSigningRequest } from "../../api/generated/certificates-v1.ts";

const NODES = "system:nodes";
const NODE_PREFIX = "system:node:";

export function hasCondition({ status }: CertificateSigningRequest, type: "Approved" | "Denied" | "Failed"): boolean {
  return (status.conditions ?? []).some((condition) => condition.type === type);
}

/** Why a request is not one for a kubelet's client certificate. Upstream: pkg/apis/certificates/helpers.go ValidateKubeletClientCSR */
export function kubeletClientProblem(request: CertificateSigningRequest): string | undefined {
  const { subject, names } = readCertificateRequest(request.spec.request);
  if (!isNodesOnly(subject("O"))) return "subject organization is not system:nodes";
  if (names.dns.length > 0) return "DNS subjectAltNames are not allowed";
  if (names.emails.length > 0) return "Email subjectAltNames are not allowed";
  if (names.ips.length > 0) return "IP subjectAltNames are not allowed";
  if (names.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!subject("CN").at(-1)?.startsWith(NODE_PREFIX)) return "subject common name does not begin with system:node:";
  return usageProblem(request, "client auth");
}

/** Why a request is not one for a kubelet's serving certificate. Upstream: ValidateKubeletServingCSR */
export function kubeletServingProblem(request: CertificateSigningRequest): string | undefined {
  const { subject, names } = readCertificateRequest(request.spec.request);
  if (!isNodesOnly(subject("O"))) return "subject organization is not system:nodes";
  if (names.dns.length === 0 && names.ips.length === 0) return "DNS or IP subjectAltName is required";
  if (names.emails.length > 0) return "Email subjectAltNames are not allowed";
  if (names.uris.length > 0) return "URI subjectAltNames are not allowed";
  const usages = usageProblem(request, "server auth");
  if (usages !== undefined) return usages;
  return subject("CN").at(-1)?.startsWith(NODE_PREFIX) ? undefined : "subject common name does not begin with system:node:";
}

const isNodesOnly = (organizations: readonly string[]) => organizations.length === 1 && organizations[0] === NODES;

function usageProblem({ spec }: CertificateSigningRequest, purpose: "client auth" | "server auth"): string | undefined {
  const usages = new Set<string>(spec.usages);
  // Keys that cannot encipher need not ask to.
  usages.delete("key encipherment");
  if (usages.size === 2 && usages.has("digital signature") && usages.has(purpose)) return undefined;
  return `usages did not match [${[purpose, "digital signature", "key encipherment"].sort().join(" ")}]`;
}
