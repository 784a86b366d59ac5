import { readCertificateRequest } from "../api/certificate-request.ts";
import type { CertificateSigningRequest } from "../api/generated/certificates-v1.ts";
import { certificateSigningRequests } from "../api/resources/certificate-signing-request.ts";
import { Reconciler } from "../client/reconciler.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Controller } from "./controller.ts";
import { hasCondition, kubeletClientProblem } from "./support/signing-requests.ts";

const NAME = "certificatesigningrequest-approving-controller";
const SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";

/** Kubelets get their client certificates without a person's word, when RBAC lets them. Upstream: pkg/controller/certificates/approver/sarapprove.go */
export const certificateApprovingController: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log, authorize }) {
    const own = client.as(NAME);
    const requests = informers.of(certificateSigningRequests);
    const allowed = ({ spec }: CertificateSigningRequest, subresource: string) =>
      authorize({
        user: { name: spec.username ?? "", uid: spec.uid, groups: spec.groups ?? [], extra: spec.extra },
        verb: "create",
        group: "certificates.k8s.io",
        version: "*",
        resource: "certificatesigningrequests",
        subresource,
        namespace: "",
        name: "",
        path: "",
      });
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log,
      async reconcile(name) {
        const request = requests.find(name);
        if (!request || !isOpen(request) || kubeletClientProblem(request) !== undefined) return;
        const asksForItself = readCertificateRequest(request.spec.request).subject("CN").at(-1) === request.spec.username;
        const words =
          asksForItself && allowed(request, "selfnodeclient") ? "self kubelet" : allowed(request, "nodeclient") ? "kubelet" : undefined;
        if (words === undefined) return;
        const now = rfc3339(clock.now());
        const condition = {
          type: "Approved",
          status: "True",
          reason: "AutoApproved",
          message: `Auto approving ${words} client certificate after SubjectAccessReview.`,
          lastUpdateTime: now,
          lastTransitionTime: now,
        } as const;
        const status = { ...request.status, conditions: [...(request.status.conditions ?? []), condition] };
        await own.update(certificateSigningRequests, { ...request, status }, { subresource: "approval" });
      },
    });
    const look = (request: CertificateSigningRequest) => {
      if (isOpen(request)) reconciler.add(request.metadata.name);
    };
    requests.addHandler({ added: look, updated: look });
  },
};

const isOpen = (request: CertificateSigningRequest) =>
  request.spec.signerName === SIGNER &&
  !request.status.certificate &&
  !hasCondition(request, "Approved") &&
  !hasCondition(request, "Denied");
