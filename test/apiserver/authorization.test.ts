import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterRole } from "../../src/api/generated/rbac-v1.ts";
import { clusterRoleBindings } from "../../src/api/resources/cluster-role-binding.ts";
import { clusterRoles } from "../../src/api/resources/cluster-role.ts";
import { roleBindings } from "../../src/api/resources/role-binding.ts";
import * as defaults from "../../src/apiserver/authorization/default-roles.ts";
import { RbacAuthorizer } from "../../src/apiserver/authorization/rbac.ts";
import { rbacEscalation } from "../../src/apiserver/authorization/escalation.ts";
import { clusterRoleAggregation } from "../../src/controllers/cluster-role-aggregation.ts";
import { getScale, withReplicas } from "../../src/apiserver/subresources/scale.ts";
import { startRegistry } from "../support/cluster.ts";

const ALICE = { name: "alice", groups: ["dev", "system:authenticated"] };
const ask = (verb: string, resource: string, namespace = "default", extra: object = {}) => ({
  user: ALICE,
  verb,
  group: "",
  version: "v1",
  resource,
  subresource: "",
  namespace,
  name: "",
  path: "",
  ...extra,
});

async function start() {
  const world = startRegistry();
  for (const role of defaults.clusterRoles()) await world.client.create(clusterRoles, role);
  for (const binding of defaults.clusterRoleBindings()) await world.client.create(clusterRoleBindings, binding);
  return { ...world, rbac: new RbacAuthorizer(world.registry) };
}

const binding = (role: string, subjects: object[]) =>
  ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: `to-${role}`, namespace: "default" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects,
  }) as never;

test("a binding gives its role in its namespace, and takes it away again", async () => {
  const { client, rbac, clock } = await start();
  assert.deepEqual(rbac.authorize(ask("list", "pods")), { allowed: false });
  await client.create(roleBindings, binding("view", [{ kind: "Group", name: "dev" }]));
  await clock.step(1);
  assert.deepEqual(rbac.authorize(ask("list", "pods")), {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "to-view/default" of ClusterRole "view" to Group "dev"',
  });
  assert.equal(rbac.authorize(ask("list", "secrets")).allowed, false);
  assert.equal(rbac.authorize(ask("list", "pods", "kube-system")).allowed, false);
  await client.delete(roleBindings, { namespace: "default", name: "to-view" });
  await clock.step(1);
  assert.equal(rbac.authorize(ask("list", "pods")).allowed, false);
});

test("everybody may look around, masters may do everything, and a role that is missing is named", async () => {
  const { client, rbac, clock } = await start();
  assert.equal(rbac.authorize(ask("get", "", "", { path: "/apis/apps/v1" })).allowed, true);
  assert.equal(rbac.authorize(ask("get", "", "", { path: "/metrics" })).allowed, false);
  assert.equal(rbac.authorize({ ...ask("delete", "nodes", ""), user: { name: "root", groups: ["system:masters"] } }).allowed, true);
  await client.create(roleBindings, binding("nosuch", [{ kind: "User", name: "alice" }]));
  await clock.step(1);
  assert.equal(rbac.authorize(ask("list", "pods")).reason, 'RBAC: clusterrole.rbac.authorization.k8s.io "nosuch" not found');
});

test("nobody gives away what they do not hold", async () => {
  const { client, rbac, registry, clock } = await start();
  await client.create(roleBindings, binding("edit", [{ kind: "User", name: "alice" }]));
  await clock.step(1);
  const grant = (resource: string) => () =>
    rbacEscalation(() => rbac).validate?.(
      {
        operation: "CREATE",
        kind: registry.kinds.findKind("rbac.authorization.k8s.io", "v1", "Role") as never,
        namespace: "default",
        name: "r",
        subresource: undefined,
        object: { rules: [{ apiGroups: [""], resources: [resource], verbs: ["get", "list"] }] } as never,
        old: undefined,
        context: { user: ALICE } as never,
      },
      undefined as never,
    );
  assert.throws(
    grant("nodes"),
    /user "alice" \(groups=\["dev" "system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["get", "list"\]\}/,
  );
  assert.doesNotThrow(grant("secrets"));
});

test("a role that aggregates takes up new ones, and those of the defaults are whole from the start", async () => {
  const { client, informers, clock, rng, journal, tasks, events, registry } = await start();
  const admin = registry.find(clusterRoles, { name: "admin" }) as ClusterRole;
  assert.ok(
    admin.rules?.some((rule) => rule.resources?.includes("rolebindings")) &&
      admin.rules.some((rule) => rule.resources?.includes("secrets")),
  );
  clusterRoleAggregation.start({
    client,
    informers,
    events,
    clock,
    rng,
    journal,
    tasks,
    log: () => undefined,
    caPem: "",
    signCertificate: () => Promise.reject(new Error("no certificates here")),
    issueSecretToken: () => "",
    authorize: () => true,
    podMetrics: () => undefined,
    getScale: (kind, name) => getScale(registry, kind, name),
    withReplicas,
  });
  await informers.start();
  await client.create(clusterRoles, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "widgets", labels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } },
    rules: [{ apiGroups: ["example.io"], resources: ["widgets"], verbs: ["get"] }],
  });
  await clock.step(1000);
  const rulesOf = (name: string) => JSON.stringify((registry.find(clusterRoles, { name }) as ClusterRole).rules);
  for (const name of ["view", "edit", "admin"]) assert.match(rulesOf(name), /example\.io/, name);
  assert.doesNotMatch(rulesOf("system:discovery"), /example\.io/);
});
