import type { IncomingMessage } from "node:http";
import type { UserInfo } from "../api/user.ts";
import { clientCertificate, isLocalSocket } from "../host/api-listener.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

const ADMIN: UserInfo = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };

/** Who a request comes from: the local socket's owner, a client certificate, or a service account's token. */
export function authenticate(request: IncomingMessage, tokens: ServiceAccountTokens): UserInfo | undefined {
  const header = request.headers.authorization;
  if (header?.startsWith("Bearer ")) return serviceAccount(header.slice("Bearer ".length), tokens);
  const certificate = clientCertificate(request.socket);
  if (certificate) return { name: certificate.commonName, groups: [...certificate.organizations, "system:authenticated"] };
  return isLocalSocket(request.socket) ? ADMIN : undefined;
}

/** The user that a token stands for. Upstream: pkg/serviceaccount UserInfo */
export function serviceAccount(token: string, tokens: ServiceAccountTokens): UserInfo | undefined {
  const claims = tokens.verify(token);
  if (!claims) return undefined;
  return {
    name: `system:serviceaccount:${claims.namespace}:${claims.serviceAccountName}`,
    uid: claims.serviceAccountUid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${claims.namespace}`, "system:authenticated"],
    ...(claims.pod
      ? { extra: { "authentication.kubernetes.io/pod-name": [claims.pod.name], "authentication.kubernetes.io/pod-uid": [claims.pod.uid] } }
      : {}),
  };
}
