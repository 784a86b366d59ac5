import { humanDuration } from "../duration.ts";
import { type FieldError, required } from "../field-errors.ts";
import type { CertificateSigningRequest } from "../generated/certificates-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";
import { validateImmutable } from "./support/workload.ts";

/** Upstream: pkg/registry/certificates/certificates */
export const certificateSigningRequests: Kind<CertificateSigningRequest> = {
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  singular: "certificatesigningrequest",
  shortNames: ["csr"],
  namespaced: false,
  nameRule: "path-segment",
  schema: { package: "certificates/v1", type: "CertificateSigningRequest" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  prepareForCreate(request) {
    request.status = {};
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    if (!spec.usages?.length) errors.push(required("spec.usages"));
    if (!spec.signerName) errors.push(required("spec.signerName"));
    return errors;
  },
  validateUpdate: (request, old) => validateImmutable(request.spec, old.spec, "spec"),
  warnings: notSimulated("CertificateSigningRequests", "no certificate will be signed"),
  selectableFields: ({ spec }) => ({ "spec.signerName": spec.signerName }),
  columns: [
    age(),
    text("SignerName", "Who is asked to sign.", ({ spec }) => spec.signerName || "<none>"),
    text("Requestor", "Who asks.", ({ spec }) => spec.username ?? ""),
    text("RequestedDuration", "How long the certificate shall be valid.", ({ spec }) =>
      spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
    ),
    text("Condition", "How far it is.", condition),
  ],
};

/** Upstream: extractCSRStatus */
function condition({ status }: CertificateSigningRequest): string {
  const types = new Set((status.conditions ?? []).map((entry) => entry.type));
  const words = [
    types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending",
    ...(types.has("Failed") ? ["Failed"] : []),
    ...(status.certificate ? ["Issued"] : []),
  ];
  return words.join(",");
}
