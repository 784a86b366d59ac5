import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { KubernetesObject, ObjectName } from "../api/meta.ts";
import type { UserInfo } from "../api/user.ts";
import { clientCertificate, isLocalSocket } from "../host/api-listener.ts";
import { fingerprint } from "./certificates.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

const EXTRA = "authentication.kubernetes.io/";

export interface AuthenticatorOptions {
  readonly tokens: ServiceAccountTokens;
  /** PEM: who comes over the local socket is its subject. */
  readonly adminCertificate: string;
  /** An object of the core group as it is stored. */
  find(kind: string, name: ObjectName): KubernetesObject | undefined;
}

/** Who a request comes from: the local socket's owner, a client certificate, or a service account's token. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #admin: UserInfo;
  readonly #certified = new WeakMap<object, UserInfo>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#admin = certified("kubernetes-admin", ["system:masters"], fingerprint(new X509Certificate(options.adminCertificate).raw));
  }

  authenticate(request: IncomingMessage): UserInfo | undefined {
    const header = request.headers.authorization;
    if (header?.startsWith("Bearer ")) return this.userOf(header.slice("Bearer ".length));
    const certificate = clientCertificate(request.socket);
    if (certificate) {
      // One object a connection: its requests are all the same user's.
      let user = this.#certified.get(certificate);
      if (!user) {
        user = certified(certificate.commonName, certificate.organizations, fingerprint(certificate.der));
        this.#certified.set(certificate, user);
      }
      return user;
    }
    return isLocalSocket(request.socket) ? this.#admin : undefined;
  }

  /** The user that a token stands for, while all that it is bound to is there. Upstream: pkg/serviceaccount claims.go and legacy.go */
  userOf(token: string): UserInfo | undefined {
    const claims = this.#options.tokens.verify(token);
    if (!claims) return undefined;
    const { namespace, serviceAccount, pod, secret, node, id } = claims;
    const isThere = (kind: string, bound: { readonly name: string; readonly uid?: string | undefined } | undefined) => {
      if (!bound) return true;
      const found = this.#options.find(kind, { namespace, name: bound.name });
      return found !== undefined && (bound.uid === undefined || found.metadata.uid === bound.uid);
    };
    if (!isThere("ServiceAccount", serviceAccount) || !isThere("Pod", pod) || !isThere("Secret", secret)) return undefined;
    const extra = {
      ...(id ? { [`${EXTRA}credential-id`]: [`JTI=${id}`] } : {}),
      ...(node ? { [`${EXTRA}node-name`]: [node.name], [`${EXTRA}node-uid`]: [node.uid] } : {}),
      ...(pod ? { [`${EXTRA}pod-name`]: [pod.name], [`${EXTRA}pod-uid`]: [pod.uid] } : {}),
    };
    return {
      name: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
      uid: serviceAccount.uid,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
      ...(Object.keys(extra).length > 0 ? { extra } : {}),
    };
  }
}

/** Upstream: apiserver/pkg/authentication/request/x509 CommonNameUserConversion */
function certified(name: string, groups: readonly string[], sha256: string): UserInfo {
  return { name, groups: [...groups, "system:authenticated"], extra: { [`${EXTRA}credential-id`]: [`X509SHA256=${sha256}`] } };
}
