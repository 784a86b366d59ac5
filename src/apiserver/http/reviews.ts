import type { TokenReview } from "../../api/generated/authentication-v1.ts";
import type { SelfSubjectRulesReview, SubjectAccessReview, SubjectAccessReviewSpec } from "../../api/generated/authorization-v1.ts";
import type { Kind } from "../../api/kind.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { badRequest, methodNotSupported } from "../../api/status.ts";
import type { AccessCheck, UserInfo } from "../../api/user.ts";
import { readObject } from "./body.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { AccessDecision, ServerParts } from "./server-parts.ts";

const review = (group: string, kind: string, plural: string, namespaced = false): Kind => ({
  group: `${group}.k8s.io`,
  version: "v1",
  kind,
  plural,
  singular: kind.toLowerCase(),
  namespaced,
  verbs: ["create"],
  schema: { package: `${group}/v1`, type: kind },
});

/** Questions that are answered and not stored. */
export const REVIEW_KINDS: readonly Kind[] = [
  review("authentication", "TokenReview", "tokenreviews"),
  review("authentication", "SelfSubjectReview", "selfsubjectreviews"),
  review("authorization", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
  review("authorization", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
  review("authorization", "SubjectAccessReview", "subjectaccessreviews"),
  review("authorization", "LocalSubjectAccessReview", "localsubjectaccessreviews", true),
];

export function isReview(kind: Kind): boolean {
  return REVIEW_KINDS.some((known) => known.kind === kind.kind && known.group === kind.group);
}

export async function serveReview(exchange: HttpExchange, parts: ServerParts, kind: Kind): Promise<void> {
  if (exchange.method !== "POST") throw methodNotSupported(kind, exchange.method === "GET" ? "list" : exchange.method.toLowerCase());
  const asked = await readObject(kind, exchange.request, exchange.context());
  exchange.sendJson(201, {
    ...asked,
    metadata: { ...asked.metadata, creationTimestamp: null },
    ...answer(kind, asked, exchange.user, parts),
  });
}

function answer(kind: Kind, asked: KubernetesObject, user: UserInfo, parts: ServerParts): object {
  switch (kind.kind) {
    case "SelfSubjectReview":
      return { status: { userInfo: userInfo(user) } };
    case "TokenReview": {
      const found = parts.tokenReviewer?.((asked as TokenReview).spec?.token ?? "");
      return { status: found ? { authenticated: true, user: userInfo(found) } : { authenticated: false, error: "invalid bearer token" } };
    }
    case "SelfSubjectRulesReview":
      return { spec: {}, status: rulesStatus((asked as SelfSubjectRulesReview).spec?.namespace ?? "", user, parts) };
    case "SelfSubjectAccessReview":
      return { status: decide((asked as SubjectAccessReview).spec, user, parts) };
    default: {
      const { spec } = asked as SubjectAccessReview;
      return { status: decide(spec, { name: spec?.user ?? "", groups: spec?.groups ?? [] }, parts) };
    }
  }
}

// What may be done while nothing is forbidden: the rules of cluster-admin.
const EVERYTHING = {
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  incomplete: false,
};

/** Upstream: pkg/registry/authorization/selfsubjectrulesreview */
function rulesStatus(namespace: string, user: UserInfo, parts: ServerParts): object {
  if (namespace === "") throw badRequest("no namespace on request");
  const found = parts.rulesOf?.(user, namespace);
  if (!found) return EVERYTHING;
  return {
    resourceRules: found.rules.filter((rule) => rule.resources?.length),
    nonResourceRules: found.rules.filter((rule) => rule.nonResourceURLs?.length),
    incomplete: found.problems.length > 0,
    ...(found.problems.length > 0 ? { evaluationError: found.problems.join(", ") } : {}),
  };
}

function decide(spec: SubjectAccessReviewSpec | undefined, user: UserInfo, parts: ServerParts): AccessDecision {
  const resource = spec?.resourceAttributes;
  const attributes: AccessCheck = {
    user,
    verb: resource?.verb ?? spec?.nonResourceAttributes?.verb ?? "",
    group: resource?.group ?? "",
    version: resource?.version ?? "",
    resource: resource?.resource ?? "",
    subresource: resource?.subresource ?? "",
    namespace: resource?.namespace ?? "",
    name: resource?.name ?? "",
    path: spec?.nonResourceAttributes?.path ?? "",
  };
  return parts.authorize?.(attributes) ?? { allowed: true };
}

function userInfo(user: UserInfo) {
  return {
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    groups: [...user.groups],
    ...(user.extra ? { extra: user.extra } : {}),
  };
}
