import { rfc3339 } from "../../util/clock.ts";
import { humanDuration } from "../duration.ts";
import type { CertificateSigningRequest } from "../generated/certificates-v1.ts";
import type { Kind } from "../kind.ts";
import { age, text } from "./support/columns.ts";
import { validateSigningRequest, validateSigningRequestUpdate } from "./support/signing-request-validation.ts";

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
  subresources: {
    approval: { verbs: ["get", "patch", "update"], writesStatus: true },
    status: { verbs: ["get", "patch", "update"] },
  },
  prepareForCreate(request, { user }) {
    request.status = {};
    // Who asks is not what the request says, but who sent it.
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...spec } = request.spec;
    request.spec = {
      ...spec,
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: [...user.groups],
      ...(user.extra ? { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) } : {}),
    };
  },
  prepareForUpdate(request, old, { subresource, clock }) {
    request.spec = structuredClone(old.spec) as CertificateSigningRequest["spec"];
    if (subresource === "approval") request.status = { ...structuredClone(old.status), ...conditionsOf(request) };
    if (subresource !== undefined) fillTimes(request, old, rfc3339(clock.now()));
  },
  validate: validateSigningRequest,
  validateUpdate: validateSigningRequestUpdate,
  validateStatusUpdate: (request, old) => [...validateSigningRequest(request), ...validateSigningRequestUpdate(request, old, "status")],
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

const conditionsOf = ({ status }: CertificateSigningRequest) => (status.conditions ? { conditions: status.conditions } : {});

/** Upstream: populateConditionTimestamps */
function fillTimes(request: CertificateSigningRequest, old: CertificateSigningRequest, now: string): void {
  for (const condition of request.status.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    const before = old.status.conditions?.find(({ type }) => type === condition.type);
    condition.lastTransitionTime ??= (before?.status === condition.status ? before.lastTransitionTime : undefined) ?? now;
  }
}

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
