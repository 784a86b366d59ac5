import { X509Certificate } from "node:crypto";
import type { CertificateSigningRequest } from "../api/generated/certificates-v1.ts";
import { certificateSigningRequests } from "../api/resources/certificate-signing-request.ts";
import { isNotFound } from "../api/status.ts";
import { Reconciler } from "../client/reconciler.ts";
import type { Controller } from "./controller.ts";

const NAME = "certificatesigningrequest-cleaner-controller";
const HOUR_MS = 3600 * 1000;
const DECIDED_MS = HOUR_MS;
const PENDING_MS = 24 * HOUR_MS;

/** Requests do not stay for long, decided or not. Upstream: pkg/controller/certificates/cleaner */
export const certificateCleaner: Controller = {
  name: NAME,
  start({ client, informers, clock, tasks, log }) {
    const own = client.as(NAME);
    const requests = informers.of(certificateSigningRequests);
    const reconciler = new Reconciler({
      name: NAME,
      clock,
      tasks,
      log,
      async reconcile(name) {
        const request = requests.find(name);
        if (!request) return {};
        const leftMs = endOf(request) - clock.now();
        if (leftMs > 0) return { requeueAfterMs: leftMs };
        await own.delete(certificateSigningRequests, request.metadata).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
        return {};
      },
    });
    const look = ({ metadata }: CertificateSigningRequest) => reconciler.add(metadata.name);
    requests.addHandler({ added: look, updated: look });
  },
};

/** When a request has been there for long enough, in ms since 1970. */
function endOf({ metadata, status }: CertificateSigningRequest): number {
  const created = Date.parse(metadata.creationTimestamp);
  const ends = (status.conditions ?? []).map(({ lastUpdateTime }) => (Date.parse(lastUpdateTime ?? "") || created) + DECIDED_MS);
  if (ends.length === 0) ends.push(created + PENDING_MS);
  if (status.certificate) ends.push(Date.parse(new X509Certificate(Buffer.from(status.certificate, "base64")).validTo));
  return Math.min(...ends);
}
