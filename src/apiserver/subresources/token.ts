import type { TokenRequest } from "../../api/generated/authentication-v1.ts";
import type { ServiceAccount } from "../../api/generated/core-v1.ts";
import { invalid } from "../../api/field-errors.ts";
import type { ObjectName } from "../../api/meta.ts";
import { invalidObject, notFound } from "../../api/status.ts";
import { rfc3339 } from "../../util/clock.ts";
import type { Registry } from "../registry.ts";
import type { UserInfo } from "../../api/user.ts";

/** Makes service account tokens; the daemon holds the key. */
export interface TokenIssuer {
  issue(request: {
    readonly namespace: string;
    readonly serviceAccount: { readonly name: string; readonly uid: string };
    readonly audiences: readonly string[];
    readonly expirationSeconds: number;
    readonly boundTo: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
    readonly node?: { readonly name: string; readonly uid: string } | undefined;
  }): { readonly token: string; readonly expirationTimeMs: number };
}

/** Who a bearer token stands for; undefined: nobody. */
export type TokenReviewer = (token: string) => UserInfo | undefined;

const DEFAULT_EXPIRATION_SECONDS = 3600;
const MIN_EXPIRATION_SECONDS = 600;
const API_AUDIENCE = "https://kubernetes.default.svc.cluster.local";

/** POST serviceaccounts/NAME/token. Upstream: pkg/registry/core/serviceaccount/storage/token.go */
export function issueToken(registry: Registry, name: ObjectName, request: TokenRequest, issuer: TokenIssuer): TokenRequest {
  const account = registry.get(registry.kinds.core("ServiceAccount"), name) as ServiceAccount;
  const expirationSeconds = request.spec?.expirationSeconds ?? DEFAULT_EXPIRATION_SECONDS;
  if (expirationSeconds < MIN_EXPIRATION_SECONDS) {
    throw invalidObject({ group: "authentication.k8s.io", kind: "TokenRequest" }, "", [
      invalid("spec.expirationSeconds", expirationSeconds, "may not specify a duration less than 10 minutes"),
    ]);
  }
  const audiences = request.spec?.audiences?.length ? request.spec.audiences : [API_AUDIENCE];
  const issued = issuer.issue({
    namespace: name.namespace ?? "",
    serviceAccount: { name: account.metadata.name, uid: account.metadata.uid },
    audiences,
    expirationSeconds,
    boundTo: boundObject(registry, name.namespace, request),
  });
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: {
      name: account.metadata.name,
      namespace: account.metadata.namespace,
      creationTimestamp: rfc3339(registry.clock.now()),
    } as TokenRequest["metadata"],
    spec: { ...request.spec, audiences, expirationSeconds },
    status: { token: issued.token, expirationTimestamp: rfc3339(issued.expirationTimeMs) },
  };
}

function boundObject(registry: Registry, namespace: string | undefined, request: TokenRequest) {
  const reference = request.spec?.boundObjectRef;
  if (!reference?.kind || !reference.name) return undefined;
  const kind = registry.kinds.core(reference.kind);
  const object = registry.find(kind, { namespace: kind.namespaced ? namespace : undefined, name: reference.name });
  if (!object) throw notFound(kind, reference.name);
  return { kind: reference.kind, name: reference.name, uid: object.metadata.uid };
}
