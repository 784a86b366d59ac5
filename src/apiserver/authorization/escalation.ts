import type { PolicyRule, RoleRef } from "../../api/generated/rbac-v1.ts";
import { breakDownRule, ruleCovers } from "../../api/rbac-rules.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { forbiddenRequest } from "../../api/status.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission/admission.ts";
import type { AccessCheck, UserInfo } from "../../api/user.ts";
import type { RbacAuthorizer } from "./rbac.ts";

const GROUP = "rbac.authorization.k8s.io";

/** Nobody gives away what they do not have themselves. Upstream: pkg/registry/rbac/{role,rolebinding}/policybased */
export function rbacEscalation(authorizer: () => RbacAuthorizer | undefined): AdmissionPlugin {
  return {
    name: "RBACEscalation",
    validate(request) {
      const rbac = authorizer();
      if (!rbac || request.kind.group !== GROUP || request.operation === "DELETE" || request.context.user.groups.includes("system:masters"))
        return;
      const object = request.object as (KubernetesObject & { rules?: PolicyRule[]; roleRef?: RoleRef }) | undefined;
      if (!object) return;
      const { user } = request.context;
      if (object.roleRef) {
        if (allowed(rbac, user, request, "bind", object.roleRef.kind === "Role" ? "roles" : "clusterroles", object.roleRef.name)) return;
        const rules = rbac.rulesOfRole(object.roleRef, request.namespace);
        if (!rules)
          throw forbiddenRequest(
            request.kind,
            request.name,
            `${object.roleRef.kind.toLowerCase()}.${GROUP} ${JSON.stringify(object.roleRef.name)} not found`,
          );
        return checkHeld(rbac, user, request, rules);
      }
      if (allowed(rbac, user, request, "escalate", request.kind.plural, request.name)) return;
      checkHeld(rbac, user, request, object.rules ?? []);
    },
  };
}

function allowed(rbac: RbacAuthorizer, user: UserInfo, request: AdmissionRequest, verb: string, resource: string, name: string): boolean {
  const attributes: AccessCheck = {
    user,
    verb,
    group: GROUP,
    version: "v1",
    resource,
    subresource: "",
    namespace: request.namespace ?? "",
    name,
    path: "",
  };
  return rbac.authorize(attributes).allowed;
}

function checkHeld(rbac: RbacAuthorizer, user: UserInfo, request: AdmissionRequest, wanted: readonly PolicyRule[]): void {
  const { rules: held, problems } = rbac.rulesOf(user, request.namespace ?? "");
  const missing = wanted.flatMap(breakDownRule).filter((rule) => !held.some((own) => ruleCovers(own, rule)));
  if (missing.length === 0) return;
  const groups = `[${user.groups.map((group) => JSON.stringify(group)).join(" ")}]`;
  const texts = [...new Set(compact(missing).map(describeRule))].sort();
  const unresolved = problems.length > 0 ? `; resolution errors: [${problems.join(", ")}]` : "";
  throw forbiddenRequest(
    request.kind,
    request.name,
    `user ${JSON.stringify(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${texts.join("\n")}${unresolved}`,
  );
}

/** Rules that differ in their verbs only become one. Upstream: validation.CompactRules */
function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const byRest = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const { verbs, ...rest } = rule;
    const key = JSON.stringify(rest);
    const known = byRest.get(key);
    byRest.set(
      key,
      known && !rule.resourceNames
        ? { ...known, verbs: [...known.verbs, ...verbs] }
        : known
          ? { ...known, verbs: [...known.verbs, ...verbs] }
          : rule,
    );
  }
  return [...byRest.values()];
}

function describeRule({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule): string {
  const list = (name: string, values: readonly string[] | undefined) =>
    values?.length
      ? [
          `${name}:[${values
            .map((value) => JSON.stringify(value))
            .join(" ")
            .replaceAll('" "', '", "')}]`,
        ]
      : [];
  return `{${[...list("APIGroups", apiGroups), ...list("Resources", resources), ...list("ResourceNames", resourceNames), ...list("NonResourceURLs", nonResourceURLs), ...list("Verbs", verbs)].join(", ")}}`;
}
