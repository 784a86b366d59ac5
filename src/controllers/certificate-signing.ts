import { certificateRequestBytes } from "../api/certificate-request.ts";
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from "../api/generated/certificates-v1.ts";
import { certificateSigningRequests } from "../api/resources/certificate-signing-request.ts";
import { messageOf } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import { rfc3339 } from "../util/clock.ts";
import type { Controller } from "./controller.ts";
import { hasCondition, kubeletClientProblem, kubeletServingProblem } from "./support/signing-requests.ts";

const NAME = "certificatesigningrequest-signing-controller";
// Upstream: --cluster-signing-duration
const LONGEST_MS = 365 * 24 * 3600 * 1000;
const SHORTEST_MS = 10 * 60 * 1000;

/** What a signer refuses; undefined: it signs. The signers that are built in. */
const SIGNERS: Readonly<Record<string, (request: CertificateSigningRequest) => string | undefined>> = {
  "kubernetes.io/kubelet-serving": kubeletServingProblem,
  "kubernetes.io/kube-apiserver-client-kubelet": kubeletClientProblem,
  "kubernetes.io/kube-apiserver-client": clientUsageProblem,
  "kubernetes.io/legacy-unknown": () => undefined,
};

/** Approved requests to the built-in signers get their certificates. Upstream: pkg/controller/certificates/signer */
export const certificateSigningController: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log, signCertificate }) {
    const own = client.as(NAME);
    const requests = informers.of(certificateSigningRequests);
    const writeStatus = (request: CertificateSigningRequest, status: CertificateSigningRequest["status"]) =>
      own.updateStatus(certificateSigningRequests, { ...request, status: { ...request.status, ...status } });
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log,
      async reconcile(name) {
        const request = requests.find(name);
        if (!request || request.status.certificate || !hasCondition(request, "Approved") || hasCondition(request, "Failed")) return;
        const problemOf = SIGNERS[request.spec.signerName];
        if (!problemOf) return;
        const problem = problemOf(request);
        if (problem !== undefined) {
          const now = rfc3339(clock.now());
          const failed: CertificateSigningRequestCondition = {
            type: "Failed",
            status: "True",
            reason: "SignerValidationFailure",
            message: problem,
            lastUpdateTime: now,
            lastTransitionTime: now,
          };
          await writeStatus(request, { conditions: [...(request.status.conditions ?? []), failed] });
          return;
        }
        const wantedMs = (request.spec.expirationSeconds ?? Infinity) * 1000;
        const certificate = await signCertificate({
          request: certificateRequestBytes(request.spec.request),
          usages: request.spec.usages ?? [],
          lifetimeMs: Math.min(LONGEST_MS, Math.max(SHORTEST_MS, wantedMs)),
        }).catch((error: unknown) => {
          throw new Error(`error auto signing csr: ${messageOf(error)}`, { cause: error });
        });
        await writeStatus(request, { certificate: Buffer.from(certificate).toString("base64") });
      },
    });
    const look = (request: CertificateSigningRequest) => {
      if (!request.status.certificate) reconciler.add(request.metadata.name);
    };
    requests.addHandler({ added: look, updated: look });
  },
};

/** Upstream: validAPIServerClientUsages */
function clientUsageProblem({ spec }: CertificateSigningRequest): string | undefined {
  const usages: readonly string[] = spec.usages ?? [];
  const wrong = usages.find((usage) => !["digital signature", "key encipherment", "client auth"].includes(usage));
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  return usages.includes("client auth") ? undefined : "missing required usage for client certificate: client auth";
}
