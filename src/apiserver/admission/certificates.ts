import { readCertificateRequest } from "../../api/certificate-request.ts";
import type { CertificateSigningRequest } from "../../api/generated/certificates-v1.ts";
import { sameJson } from "../../api/merge-patch.ts";
import { forbiddenRequest, messageOf } from "../../api/status.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission.ts";

const GROUP = "certificates.k8s.io";
const CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";

/** Who approves must be allowed to, for the signer that is asked. Upstream: plugin/pkg/admission/certificates/approval */
export const certificateApproval: AdmissionPlugin = {
  name: "CertificateApproval",
  validate(request, cluster) {
    if (!isSigningRequest(request) || request.subresource !== "approval" || !request.old) return;
    const { signerName } = (request.old as CertificateSigningRequest).spec;
    if (!mayUseSigner(request, cluster, "approve", signerName))
      throw refused(request, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`);
  },
};

/** Who puts a certificate or a failure in must be allowed to sign for the signer. Upstream: plugin/pkg/admission/certificates/signing */
export const certificateSigning: AdmissionPlugin = {
  name: "CertificateSigning",
  validate(request, cluster) {
    if (!isSigningRequest(request) || request.subresource !== "status" || !request.old) return;
    const [old, now] = [request.old as CertificateSigningRequest, request.object as CertificateSigningRequest];
    const failed = ({ status }: CertificateSigningRequest) => (status.conditions ?? []).filter(({ type }) => type === "Failed");
    if (old.status.certificate === now.status?.certificate && sameJson(failed(old), failed(now))) return;
    const { signerName } = old.spec;
    if (!mayUseSigner(request, cluster, "sign", signerName))
      throw refused(request, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`);
  },
};

/** Nobody becomes system:masters by a request. Upstream: plugin/pkg/admission/certificates/subjectrestriction */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  validate(request) {
    if (!isSigningRequest(request) || request.operation !== "CREATE") return;
    const { spec } = request.object as CertificateSigningRequest;
    if (spec.signerName !== CLIENT_SIGNER) return;
    let groups: readonly string[];
    try {
      groups = readCertificateRequest(spec.request).subject("O");
    } catch (error) {
      throw refused(request, `unable to parse CSR ${JSON.stringify(request.name)}: ${messageOf(error)}`);
    }
    if (groups.includes("system:masters"))
      throw refused(request, `use of ${CLIENT_SIGNER} signer with system:masters group is not allowed`);
  },
};

const isSigningRequest = ({ kind }: AdmissionRequest) => kind.group === GROUP && kind.kind === "CertificateSigningRequest";
const refused = ({ kind, name }: AdmissionRequest, why: string) => forbiddenRequest(kind, name, why);

/** By the signer's own name or by all of its domain's. Upstream: pkg/apis/certificates/authorization IsAuthorizedForSignerName */
function mayUseSigner({ context }: AdmissionRequest, cluster: AdmissionCluster, verb: "approve" | "sign", signerName: string): boolean {
  const [domain = ""] = signerName.split("/");
  return [signerName, `${domain}/*`].some(
    (name) =>
      cluster.authorize({
        user: context.user,
        verb,
        group: GROUP,
        version: "*",
        resource: "signers",
        subresource: "",
        namespace: "",
        name,
        path: "",
      }).allowed,
  );
}
