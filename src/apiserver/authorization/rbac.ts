import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from "../../api/generated/rbac-v1.ts";
import type { AccessDecision } from "../http/server-parts.ts";
import type { Registry } from "../registry.ts";
import type { AccessCheck, UserInfo } from "../../api/user.ts";

const GROUP = "rbac.authorization.k8s.io";
const MASTERS = "system:masters";
const NODES = "system:nodes";

interface Grant {
  readonly binding: RoleBinding | ClusterRoleBinding;
  readonly rules: readonly PolicyRule[];
  /** Why there are no rules. */
  readonly problem: string | undefined;
}

/** A grant, and the subject by which a user has it. */
interface Held extends Grant {
  readonly subject: Subject;
}

/**
 * Who may do what, by the stored roles and bindings. They are read again only after one of them has changed.
 * Upstream: plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go
 */
export class RbacAuthorizer {
  readonly #registry: Registry;
  #stale = true;
  #clusterGrants: readonly Grant[] = [];
  #grants: ReadonlyMap<string, readonly Grant[]> = new Map();
  #nodeRules: readonly PolicyRule[] = [];

  constructor(registry: Registry) {
    this.#registry = registry;
    for (const name of ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]) {
      const kind = registry.kinds.findKind(GROUP, "v1", name);
      if (kind) registry.watch(kind, { after: registry.store.revision, onEvents: () => (this.#stale = true) });
    }
  }

  authorize(attributes: AccessCheck): AccessDecision {
    const { user, namespace } = attributes;
    if (user.groups.includes(MASTERS)) return { allowed: true };
    this.#refresh();
    if (isNode(user) && this.#nodeRules.some((rule) => ruleAllows(rule, attributes))) return { allowed: true };
    const problems: string[] = [];
    for (const held of this.#heldBy(user, namespace)) {
      if (held.problem !== undefined) problems.push(held.problem);
      if (held.rules.some((rule) => ruleAllows(rule, attributes)))
        return { allowed: true, reason: `RBAC: allowed by ${describeGrant(held)}` };
    }
    if (problems.length === 0) return { allowed: false };
    return { allowed: false, reason: `RBAC: ${problems.length === 1 ? problems[0] : `[${[...new Set(problems)].join(", ")}]`}` };
  }

  /** All that a user holds in a namespace; "": in the whole cluster. */
  rulesOf(user: UserInfo, namespace: string): { readonly rules: readonly PolicyRule[]; readonly problems: readonly string[] } {
    this.#refresh();
    const held = this.#heldBy(user, namespace);
    return { rules: held.flatMap(({ rules }) => rules), problems: held.flatMap(({ problem }) => problem ?? []) };
  }

  /** What a role of a binding in this namespace gives; undefined: there is no such role. */
  rulesOfRole(ref: RoleRef, namespace: string | undefined): readonly PolicyRule[] | undefined {
    const kind = this.#registry.kinds.findKind(GROUP, "v1", ref.kind);
    const role =
      kind &&
      (this.#registry.find(kind, { namespace: ref.kind === "Role" ? namespace : undefined, name: ref.name }) as
        | Role
        | ClusterRole
        | undefined);
    return role && (role.rules ?? []);
  }

  #heldBy(user: UserInfo, namespace: string): Held[] {
    const all = namespace === "" ? this.#clusterGrants : [...this.#clusterGrants, ...(this.#grants.get(namespace) ?? [])];
    return all.flatMap((grant) => {
      const subject = (grant.binding.subjects ?? []).find((candidate) =>
        appliesTo(user, candidate, grant.binding.metadata.namespace ?? ""),
      );
      return subject ? [{ ...grant, subject }] : [];
    });
  }

  #refresh(): void {
    if (!this.#stale) return;
    this.#stale = false;
    this.#clusterGrants = this.#list<ClusterRoleBinding>("ClusterRoleBinding").map((binding) => this.#grantOf(binding));
    const grants = new Map<string, Grant[]>();
    for (const binding of this.#list<RoleBinding>("RoleBinding")) {
      const namespace = binding.metadata.namespace ?? "";
      grants.set(namespace, [...(grants.get(namespace) ?? []), this.#grantOf(binding)]);
    }
    this.#grants = grants;
    this.#nodeRules = this.rulesOfRole({ apiGroup: GROUP, kind: "ClusterRole", name: "system:node" }, undefined) ?? [];
  }

  #grantOf(binding: RoleBinding | ClusterRoleBinding): Grant {
    const rules = this.rulesOfRole(binding.roleRef, binding.metadata.namespace);
    const resource = binding.roleRef.kind.toLowerCase();
    return {
      binding,
      rules: rules ?? [],
      problem: rules ? undefined : `${resource}.${GROUP} ${JSON.stringify(binding.roleRef.name)} not found`,
    };
  }

  #list<T>(name: string): readonly T[] {
    const kind = this.#registry.kinds.findKind(GROUP, "v1", name);
    return kind ? (this.#registry.list(kind).views.map(({ object }) => object) as unknown as readonly T[]) : [];
  }
}

/** The kubelets' own user. Upstream: plugin/pkg/auth/authorizer/node, which looks closer. */
function isNode(user: UserInfo): boolean {
  return user.groups.includes(NODES) && user.name.startsWith("system:node:");
}

function appliesTo(user: UserInfo, subject: Subject, namespace: string): boolean {
  switch (subject.kind) {
    case "User":
      return subject.name === user.name;
    case "Group":
      return user.groups.includes(subject.name);
    case "ServiceAccount":
      return user.name === `system:serviceaccount:${subject.namespace || namespace}:${subject.name}`;
    default:
      return false;
  }
}

function describeGrant({ binding, subject }: Held): string {
  const { name, namespace } = binding.metadata;
  const role = `${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)}`;
  const who =
    subject.kind === "ServiceAccount"
      ? `${subject.kind} ${JSON.stringify(`${subject.name}/${subject.namespace || namespace}`)}`
      : `${subject.kind} ${JSON.stringify(subject.name)}`;
  return namespace
    ? `RoleBinding ${JSON.stringify(`${name}/${namespace}`)} of ${role} to ${who}`
    : `ClusterRoleBinding ${JSON.stringify(name)} of ${role} to ${who}`;
}

/** Upstream: plugin/pkg/auth/authorizer/rbac RuleAllows with pkg/apis/rbac/v1/evaluation_helpers.go */
export function ruleAllows(rule: PolicyRule, { verb, group, resource, subresource, name, path }: AccessCheck): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (path !== "")
    return (rule.nonResourceURLs ?? []).some(
      (url) => url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.replace(/\*+$/, ""))),
    );
  if (!has(rule.apiGroups, group)) return false;
  const whole = subresource === "" ? resource : `${resource}/${subresource}`;
  const resources = rule.resources ?? [];
  if (!has(resources, whole) && !(subresource !== "" && resources.includes(`*/${subresource}`))) return false;
  return !rule.resourceNames?.length || rule.resourceNames.includes(name);
}

const has = (list: readonly string[] | undefined, wanted: string): boolean =>
  list?.some((each) => each === "*" || each === wanted) ?? false;
